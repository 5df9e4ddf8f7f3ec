//! Power spectra of segments of rows.
//!
//! A power is within 2⁻¹⁶ · n of the sum of squares of its segment.

#[cfg(test)]
mod tests;

use bytemuck::{Pod, Zeroable};
use millrace_core::bulk::{ColumnKind, check_segment, roots};

use crate::error::GpuError;
use crate::gpu::WORKGROUP;
use crate::job::Job;
use crate::kernel::{DeviceColumn, number, only, shader};
use crate::tail::{OverTail, ResidentTail, TailKernel};

#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct Parameters {
    rows: u32,
    n: u32,
    width: u32,
    unused: u32,
}

/// The squared magnitudes of the Fourier transform of each `n` rows.
#[derive(Debug)]
pub(super) struct PowerSpectrum {
    n: usize,
    /// In f32, made with the precision of f64: a device's own sines are too coarse.
    roots: Vec<[f32; 2]>,
}

impl PowerSpectrum {
    pub(super) fn new(n: usize) -> Result<OverTail<Self>, GpuError> {
        check_segment(n)?;
        #[expect(clippy::cast_possible_truncation, reason = "rounded to f32 on purpose")]
        let narrow = |root: [f64; 2]| root.map(|part| part as f32);
        Ok(OverTail::new(
            n - 1,
            Self {
                n,
                roots: roots(n).into_iter().map(narrow).collect(),
            },
        ))
    }
}

impl TailKernel for PowerSpectrum {
    fn record(
        &mut self,
        job: &mut Job<'_>,
        tail: &mut ResidentTail,
        columns: &[DeviceColumn],
    ) -> Result<Vec<DeviceColumn>, GpuError> {
        let new = only("powerSpectrum", ColumnKind::F32, columns)?.rows;
        let joined = tail.join(job, "powerSpectrum", columns)?;
        let values = &joined[0];
        let n = self.n;
        let whole = values.rows - values.rows % n;
        tail.advance(job, &joined, values.rows - whole, new);
        job.gpu().check_values("powerSpectrum", 2 * whole)?;
        let mut parameters = Parameters {
            rows: number(whole),
            n: number(n),
            width: 1,
            unused: 0,
        };
        let stage =
            |text: &str, entry: &'static str| shader(&[include_str!("spectrum.wgsl"), text], entry);
        let groups = |rows: usize| rows.div_ceil(WORKGROUP);
        let (mut items, mut others) = (job.scratch(2 * whole), job.scratch(2 * whole));
        let load = stage(include_str!("load.wgsl"), "load_items");
        job.dispatch(&load, &[&values.buffer, &items], &parameters, groups(whole));
        let roots = job.upload(&self.roots);
        let join = stage(include_str!("join.wgsl"), "join_pairs");
        while (parameters.width as usize) < n {
            job.dispatch(
                &join,
                &[&items, &roots, &others],
                &parameters,
                groups(whole / 2),
            );
            std::mem::swap(&mut items, &mut others);
            parameters.width *= 2;
        }
        let rows = whole / n * (n / 2 + 1);
        let buffer = job.scratch(rows);
        let power = stage(include_str!("power.wgsl"), "find_powers");
        job.dispatch(&power, &[&items, &buffer], &parameters, groups(rows));
        let kind = ColumnKind::F32;
        Ok(vec![DeviceColumn { buffer, rows, kind }])
    }
}
