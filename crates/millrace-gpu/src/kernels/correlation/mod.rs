//! Correlation matrices of many columns, over windows of rows.
//!
//! A correlation is within 2⁻¹⁴, for columns whose spread is more than 2⁻¹⁰ of their mean.

#[cfg(test)]
mod tests;

use bytemuck::{Pod, Zeroable};
use millrace_core::bulk::{ColumnKind, RowWindows};

use crate::error::GpuError;
use crate::gpu::WORKGROUP;
use crate::job::Job;
use crate::kernel::{DeviceColumn, number, only, shader};
use crate::tail::{OverTail, ResidentTail, TailKernel};

/// Columns whose correlations one workgroup makes.
const TILE: usize = 64;

#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct Parameters {
    windows: u32,
    columns: u32,
    n: u32,
    stride: u32,
}

/// The correlations of columns over windows of rows.
#[derive(Debug)]
pub(super) struct Correlation {
    windows: RowWindows,
}

impl Correlation {
    pub(super) fn new(columns: usize, n: usize, every: usize) -> Result<OverTail<Self>, GpuError> {
        let windows = RowWindows::new(columns, n, every)?;
        let kept = windows.most_kept();
        Ok(OverTail::new(kept, Self { windows }))
    }
}

impl TailKernel for Correlation {
    fn record(
        &mut self,
        job: &mut Job<'_>,
        tail: &mut ResidentTail,
        columns: &[DeviceColumn],
    ) -> Result<Vec<DeviceColumn>, GpuError> {
        let new = only("correlation", ColumnKind::F32, columns)?.rows;
        let joined = tail.join(job, "correlation", columns)?;
        let values = &joined[0];
        let whole = self.windows.whole(values.rows);
        let kept = values.rows - whole * self.windows.stride();
        tail.advance(job, &joined, kept, new);
        let RowWindows { columns, n, .. } = self.windows;
        let rows = whole * columns * columns;
        job.gpu().check_values("correlation", rows)?;
        let parameters = Parameters {
            windows: number(whole),
            columns: number(columns),
            n: number(n),
            stride: number(self.windows.stride()),
        };
        let stage = |text: &str, entry: &'static str| {
            shader(&[include_str!("parameters.wgsl"), text], entry)
        };
        let measured = job.scratch(2 * whole * columns);
        let measure = stage(include_str!("columns.wgsl"), "measure_columns");
        let groups = (whole * columns).div_ceil(WORKGROUP);
        job.dispatch(&measure, &[&values.buffer, &measured], &parameters, groups);
        let buffer = job.scratch(rows);
        let multiply = stage(include_str!("products.wgsl"), "multiply");
        let tiles = whole * columns.div_ceil(TILE).pow(2);
        let buffers = [&values.buffer, &measured, &buffer];
        job.dispatch(&multiply, &buffers, &parameters, tiles);
        let kind = ColumnKind::F32;
        Ok(vec![DeviceColumn { buffer, rows, kind }])
    }
}
