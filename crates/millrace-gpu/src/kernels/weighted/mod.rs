//! Filters of finite response: the last rows times taps.
//!
//! A result is within 2⁻¹⁵ of the sum of magnitudes of its products.

#[cfg(test)]
mod tests;

use bytemuck::{Pod, Zeroable};
use millrace_core::bulk::{ColumnKind, check_taps};

use crate::error::GpuError;
use crate::job::Job;
use crate::kernel::{DeviceColumn, number, only, shader};
use crate::tail::{OverTail, ResidentTail, TailKernel};

/// Results of a workgroup.
const RESULTS: usize = 1024;

#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct Parameters {
    results: u32,
    taps: u32,
    unused: [u32; 2],
}

/// Sums of the last rows times taps.
#[derive(Debug)]
pub(super) struct Weighted {
    taps: Vec<f32>,
}

impl Weighted {
    pub(super) fn new(taps: &[f64]) -> Result<OverTail<Self>, GpuError> {
        let taps = check_taps(taps)?;
        let kept = taps.len() - 1;
        Ok(OverTail::new(kept, Self { taps }))
    }
}

impl TailKernel for Weighted {
    fn record(
        &mut self,
        job: &mut Job<'_>,
        tail: &mut ResidentTail,
        columns: &[DeviceColumn],
    ) -> Result<Vec<DeviceColumn>, GpuError> {
        let new = only("weighted", ColumnKind::F32, columns)?.rows;
        let joined = tail.join(job, "weighted", columns)?;
        let values = &joined[0];
        let rows = (values.rows + 1).saturating_sub(self.taps.len());
        let parameters = Parameters {
            results: number(rows),
            taps: number(self.taps.len()),
            unused: [0; 2],
        };
        let taps = job.upload(&self.taps);
        let buffer = job.scratch(rows);
        let weigh = shader(&[include_str!("weighted.wgsl")], "weigh");
        let buffers = [&values.buffer, &taps, &buffer];
        job.dispatch(&weigh, &buffers, &parameters, rows.div_ceil(RESULTS));
        let kept = values.rows.min(tail.limit());
        tail.advance(job, &joined, kept, new);
        let kind = ColumnKind::F32;
        Ok(vec![DeviceColumn { buffer, rows, kind }])
    }
}
