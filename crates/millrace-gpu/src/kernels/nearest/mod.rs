//! The nearest of given points: neighbours, and the clusters that k-means assigns.
//!
//! A squared distance is within 2⁻¹⁸ of itself; where two points are as near as that, either may come.

#[cfg(test)]
mod tests;

use bytemuck::{Pod, Zeroable};
use millrace_core::bulk::{Column, ColumnKind, check_nearest};

use crate::buffers::Buffer;
use crate::error::GpuError;
use crate::gpu::WORKGROUP;
use crate::job::{Job, Results};
use crate::kernel::{DeviceColumn, DeviceKernel, number, only, shader};
use crate::tail::ResidentTail;

/// Queries, and points, whose distances one workgroup makes.
const TILE: usize = 64;
/// Distances that are made before the nearest are selected.
const DISTANCES: usize = 1 << 24;

#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct Parameters {
    queries: u32,
    dimensions: u32,
    first: u32,
    points: u32,
    k: u32,
    unused: [u32; 3],
}

/// The `k` nearest points of each `dimensions` rows.
#[derive(Debug)]
pub(super) struct Nearest {
    points: Vec<f32>,
    /// On the device, once they are needed.
    resident: Option<Buffer>,
    dimensions: usize,
    k: usize,
    tail: ResidentTail,
}

impl Nearest {
    pub(super) fn new(points: &[f32], dimensions: usize, k: usize) -> Result<Self, GpuError> {
        check_nearest(points, dimensions, k)?;
        Ok(Self {
            points: points.to_vec(),
            resident: None,
            dimensions,
            k,
            tail: ResidentTail::new(dimensions - 1, 1),
        })
    }

    /// The numbers and distances of the nearest points of each query.
    fn find(&mut self, job: &mut Job<'_>, values: &DeviceColumn, queries: usize) -> [Buffer; 2] {
        let resident = self
            .resident
            .get_or_insert_with(|| job.upload(&self.points))
            .clone();
        let rows = queries * self.k;
        let (keys, numbers, stored) = (job.scratch(rows), job.scratch(rows), job.scratch(rows));
        let all = self.points.len() / self.dimensions;
        let step = (DISTANCES / queries.max(1)).clamp(TILE, all.max(TILE));
        let mut parameters = Parameters {
            queries: number(queries),
            dimensions: number(self.dimensions),
            first: 0,
            points: 0,
            k: number(self.k),
            unused: [0; 3],
        };
        let stage = |text: &str, entry: &'static str| {
            shader(&[include_str!("parameters.wgsl"), text], entry)
        };
        let measure = stage(include_str!("distances.wgsl"), "find_distances");
        let select = stage(include_str!("select.wgsl"), "select_nearest");
        let distances = job.scratch(step.min(all) * queries);
        for first in (0..all).step_by(step) {
            let count = step.min(all - first);
            parameters.first = number(first);
            parameters.points = number(count);
            let tiles = queries.div_ceil(TILE) * count.div_ceil(TILE);
            job.dispatch(
                &measure,
                &[&values.buffer, &resident, &distances],
                &parameters,
                tiles,
            );
            let groups = queries.div_ceil(WORKGROUP);
            job.dispatch(&select, &[&distances, &keys, &numbers], &parameters, groups);
        }
        let store = stage(include_str!("store.wgsl"), "store_distances");
        job.dispatch(
            &store,
            &[&keys, &stored],
            &parameters,
            rows.div_ceil(WORKGROUP),
        );
        [numbers, stored]
    }
}

impl DeviceKernel for Nearest {
    fn record(
        &mut self,
        job: &mut Job<'_>,
        columns: &[DeviceColumn],
    ) -> Result<Vec<DeviceColumn>, GpuError> {
        let new = only("nearest", ColumnKind::F32, columns)?.rows;
        let joined = self.tail.join(job, "nearest", columns)?;
        let values = &joined[0];
        let queries = values.rows / self.dimensions;
        self.tail
            .advance(job, &joined, values.rows - queries * self.dimensions, new);
        job.gpu()
            .check_values("nearest", self.points.len().max(queries * TILE))?;
        let rows = queries * self.k;
        let [numbers, distances] = self.find(job, values, queries);
        let column = |buffer, kind| DeviceColumn { buffer, rows, kind };
        Ok(vec![
            column(numbers, ColumnKind::U32),
            column(distances, ColumnKind::F32),
        ])
    }

    fn settle(&mut self, results: &Results) -> Result<Option<Vec<Column<'static>>>, GpuError> {
        self.tail.settle(results)?;
        Ok(None)
    }

    fn reset(&mut self) {
        self.resident = None;
        self.tail.reset();
    }

    fn snapshot(&self) -> Vec<u8> {
        self.tail.host().snapshot()
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), GpuError> {
        self.tail.restore(bytes)
    }
}
