//! Sums, means, extremes and variances.
//!
//! The device sums up blocks of 4,096 values, which the host merges in f64. A sum is within 2⁻¹⁹ of
//! the sum of magnitudes, a variance within 2⁻¹⁸ of itself plus 2⁻⁴⁰ of the squared magnitude of the
//! largest value of a block; minimum, maximum and count are exact.

#[cfg(test)]
mod tests;

use bytemuck::{Pod, Zeroable};
use millrace_core::aggregate::Moments;
use millrace_core::bulk::{self, Column, ColumnKind, Kernel, Reduction, Summary, value_of_key};

use crate::error::GpuError;
use crate::gpu::WORKGROUP;
use crate::job::{Job, ReadBack, Results};
use crate::kernel::{DeviceColumn, DeviceKernel, number, only, shader};

/// Values that one workgroup sums up.
const BLOCK: usize = 16 * WORKGROUP;

#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct Parameters {
    rows: u32,
    unused: [u32; 3],
}

/// As in the WGSL.
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct Block {
    counts: [u32; 4],
    least: u32,
    most: u32,
    exponent: u32,
    sum: f32,
    centre: f32,
    squares: f32,
    unused: [u32; 2],
}

/// Aggregates over all rows so far.
#[derive(Debug)]
pub(super) struct Reduce {
    host: bulk::Reduce,
    reads: Vec<ReadBack>,
}

impl Reduce {
    pub(super) fn new(fns: &[Reduction]) -> Result<Self, GpuError> {
        Ok(Self {
            host: bulk::Reduce::new(fns)?,
            reads: Vec::new(),
        })
    }
}

impl DeviceKernel for Reduce {
    fn record(
        &mut self,
        job: &mut Job<'_>,
        columns: &[DeviceColumn],
    ) -> Result<Vec<DeviceColumn>, GpuError> {
        let values = only("reduce", ColumnKind::F32, columns)?;
        let blocks = values.rows.div_ceil(BLOCK);
        let words = blocks * size_of::<Block>() / 4;
        let summaries = job.scratch(words);
        let parameters = Parameters {
            rows: number(values.rows),
            unused: [0; 3],
        };
        let shader = shader(&[include_str!("reduce.wgsl")], "reduce");
        job.dispatch(&shader, &[&values.buffer, &summaries], &parameters, blocks);
        self.reads.push(job.read(&summaries, 0, words));
        Ok(Vec::new())
    }

    fn settle(&mut self, results: &Results) -> Result<Option<Vec<Column<'static>>>, GpuError> {
        let mut rows = Summary::default();
        for read in std::mem::take(&mut self.reads) {
            let blocks = results.values::<Block>(read)?;
            rows = blocks.iter().map(summary).fold(rows, Summary::merge);
        }
        Ok(Some(self.host.advance(rows)))
    }

    fn reset(&mut self) {
        self.reads.clear();
    }

    fn snapshot(&self) -> Vec<u8> {
        self.host.snapshot()
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), GpuError> {
        self.reset();
        Ok(self.host.restore(bytes)?)
    }
}

/// What the host merges, at the scale of the values.
fn summary(block: &Block) -> Summary {
    let [finite, nans, positive, negative] = block.counts;
    let count = f64::from(finite);
    let scale = f64::from(block.exponent) - 127.0;
    let sum = f64::from(block.sum) * scale.exp2();
    let mut summary = Summary {
        sum,
        nans: nans.into(),
        positive: positive.into(),
        negative: negative.into(),
        ..Summary::default()
    };
    if finite > 0 {
        // The device took the squares around its own rounded mean.
        let off = f64::from(block.sum) / count - f64::from(block.centre);
        let squares = (f64::from(block.squares) - count * off * off).max(0.0);
        summary.moments = Moments {
            count,
            mean: sum / count,
            squares: squares * (2.0 * scale).exp2(),
        };
    }
    if finite + positive + negative > 0 {
        summary.least = value_of_key(block.least).into();
        summary.most = value_of_key(block.most).into();
    }
    summary
}
