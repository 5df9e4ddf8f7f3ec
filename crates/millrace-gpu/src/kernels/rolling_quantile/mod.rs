//! Medians and quantiles of the last `n` rows, at a cost that does not grow with the window.
//!
//! The keys of a run of rows become a wavelet matrix (Claude, Navarro and Ordóñez 2015): for each bit,
//! from the highest on, a bit of each key, and the keys parted by it. The key of any rank in any run of rows
//! is then found in 32 steps. A value that lies in the window is exact; one between two is within 2⁻²² of
//! the larger of them.

#[cfg(test)]
mod tests;

use bytemuck::{Pod, Zeroable};
use millrace_core::bulk::{ColumnKind, check_rows, rank_of};

use crate::error::GpuError;
use crate::gpu::WORKGROUP;
use crate::job::Job;
use crate::kernel::{DeviceColumn, number, only, shader};
use crate::kernels::scan::{Run, scan, set_bits};
use crate::tail::{OverTail, ResidentTail, TailKernel};

const LEVELS: usize = 32;

#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct Parameters {
    rows: u32,
    words: u32,
    bit: u32,
    first: u32,
    results: u32,
    n: u32,
    rank: u32,
    part: f32,
}

/// A quantile of the last `n` rows.
#[derive(Debug)]
pub(super) struct RollingQuantile {
    n: usize,
    rank: usize,
    part: f64,
}

impl RollingQuantile {
    pub(super) fn new(q: f64, n: usize) -> Result<OverTail<Self>, GpuError> {
        check_rows("rolling", n)?;
        let (rank, part) = rank_of(q, n)?;
        Ok(OverTail::new(n - 1, Self { n, rank, part }))
    }

    #[expect(clippy::cast_possible_truncation, reason = "a part of 1")]
    fn parameters(&self, rows: usize, results: usize) -> Parameters {
        Parameters {
            rows: number(rows),
            words: number(rows.div_ceil(32)),
            bit: 0,
            first: 0,
            results: number(results),
            n: number(self.n),
            rank: number(self.rank),
            part: self.part as f32,
        }
    }

    fn find(&self, job: &mut Job<'_>, values: &DeviceColumn, results: usize) -> DeviceColumn {
        let found = DeviceColumn {
            buffer: job.scratch(results),
            rows: results,
            kind: ColumnKind::F32,
        };
        if results == 0 {
            return found;
        }
        let rows = values.rows;
        let words = rows.div_ceil(32);
        let mut parameters = self.parameters(rows, results);
        let stage = |parts: &[&str], entry: &'static str| {
            let parts = [&[include_str!("parameters.wgsl")], parts].concat();
            shader(&parts, entry)
        };
        let groups = |count: usize| count.div_ceil(WORKGROUP);
        let (mut keys, mut parted) = (job.scratch(rows), job.scratch(rows));
        let (masks, sums) = (job.scratch(LEVELS * words), job.scratch(LEVELS * words));
        let make = stage(&[include_str!("keys.wgsl")], "make_keys");
        job.dispatch(&make, &[&values.buffer, &keys], &parameters, groups(rows));
        let mask = stage(&[include_str!("mask.wgsl")], "make_masks");
        let ranks = include_str!("ranks.wgsl");
        let part = stage(&[include_str!("part.wgsl"), ranks], "part_keys");
        let items = set_bits();
        for level in 0..LEVELS {
            let first = level * words;
            parameters.bit = number(LEVELS - 1 - level);
            parameters.first = number(first);
            job.dispatch(&mask, &[&keys, &masks], &parameters, groups(words));
            let none = job.upload(&[0_u32; 2]);
            let run = |buffer| Run { buffer, first };
            scan(job, &items, run(&masks), words, &none, run(&sums));
            // After the last bit nobody reads the keys.
            if level + 1 < LEVELS {
                job.dispatch(
                    &part,
                    &[&keys, &masks, &sums, &parted],
                    &parameters,
                    groups(rows),
                );
                std::mem::swap(&mut keys, &mut parted);
            }
        }
        let walk = stage(&[include_str!("walk.wgsl"), ranks], "find_quantiles");
        job.dispatch(
            &walk,
            &[&masks, &sums, &found.buffer],
            &parameters,
            groups(results),
        );
        found
    }
}

impl TailKernel for RollingQuantile {
    fn record(
        &mut self,
        job: &mut Job<'_>,
        tail: &mut ResidentTail,
        columns: &[DeviceColumn],
    ) -> Result<Vec<DeviceColumn>, GpuError> {
        let new = only("rolling", ColumnKind::F32, columns)?.rows;
        let joined = tail.join(job, "rolling", columns)?;
        let values = &joined[0];
        let results = (values.rows + 1).saturating_sub(self.n);
        let found = self.find(job, values, results);
        let kept = values.rows.min(tail.limit());
        tail.advance(job, &joined, kept, new);
        Ok(vec![found])
    }
}
