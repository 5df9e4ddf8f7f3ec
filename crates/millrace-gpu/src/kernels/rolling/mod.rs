//! Sums, means, extremes and variances of the last `n` rows.
//!
//! A sum or mean is within 2⁻¹⁸ of that of the magnitudes in the window, a variance within 2⁻¹⁶ of
//! itself plus 2⁻⁴⁰ of the largest square in the window; minima and maxima are exact.

#[cfg(test)]
mod tests;

use bytemuck::{Pod, Zeroable};
use millrace_core::bulk::{ColumnKind, RollingFunction, check_rows};

use crate::error::GpuError;
use crate::gpu::{Shader, WORKGROUP};
use crate::job::Job;
use crate::kernel::{DeviceColumn, number, only, shader};
use crate::tail::{OverTail, ResidentTail, TailKernel};

#[derive(Debug, Clone, Copy, Default, Pod, Zeroable)]
#[repr(C)]
struct Parameters {
    rows: u32,
    results: u32,
    width: u32,
    taken: u32,
    takes: u32,
    grows: u32,
    unused: [u32; 2],
}

/// An aggregate of the last `n` rows.
#[derive(Debug)]
pub(super) struct Rolling {
    /// The WGSL of what is combined, and how many words an item has.
    items: String,
    words: usize,
    n: usize,
}

impl Rolling {
    pub(super) fn new(function: RollingFunction, n: usize) -> Result<OverTail<Self>, GpuError> {
        check_rows("rolling", n)?;
        let sum = include_str!("sum.wgsl");
        let extremum = include_str!("extremum.wgsl");
        let moments = include_str!("moments.wgsl");
        let (text, result) = match function {
            RollingFunction::Mean => (sum, "item / rows"),
            RollingFunction::Min => (extremum, "0xffffffffu"),
            RollingFunction::Max => (extremum, "0u"),
            RollingFunction::Var => (moments, "variance"),
            RollingFunction::Std => (moments, "sqrt(variance)"),
            RollingFunction::Sum | RollingFunction::Quantile { .. } => (sum, "item"),
        };
        Ok(OverTail::new(
            n - 1,
            Self {
                items: text.replace("RESULT", result),
                words: if text == moments { 2 } else { 1 },
                n,
            },
        ))
    }

    fn shader(&self, stage: &str, entry: &'static str) -> Shader {
        shader(&[include_str!("window.wgsl"), &self.items, stage], entry)
    }
}

impl TailKernel for Rolling {
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
        job.gpu()
            .check_values("rolling", self.words * values.rows)?;
        let mut items = job.scratch(self.words * values.rows);
        let mut doubled = job.scratch(self.words * values.rows);
        let taken = job.scratch(self.words * results);
        let mut parameters = Parameters {
            rows: number(values.rows),
            results: number(results),
            width: 1,
            ..Parameters::default()
        };
        let groups = |rows: usize| rows.div_ceil(WORKGROUP);
        // Without a full window nothing is needed but the tail.
        if results > 0 {
            let load = self.shader(include_str!("load.wgsl"), "load_items");
            job.dispatch(
                &load,
                &[&values.buffer, &items],
                &parameters,
                groups(values.rows),
            );
            let level = self.shader(include_str!("level.wgsl"), "next_level");
            while parameters.width as usize <= self.n {
                parameters.takes = u32::from(self.n & parameters.width as usize != 0);
                parameters.grows = u32::from(2 * parameters.width as usize <= self.n);
                let buffers = [&items, &doubled, &taken];
                job.dispatch(
                    &level,
                    &buffers,
                    &parameters,
                    groups(parameters.rows as usize),
                );
                if parameters.takes == 1 {
                    parameters.taken += parameters.width;
                }
                parameters.rows -= parameters.width.min(parameters.rows);
                parameters.width *= 2;
                std::mem::swap(&mut items, &mut doubled);
            }
        }
        let stored = job.scratch(results);
        let store = self.shader(include_str!("store.wgsl"), "store_items");
        job.dispatch(&store, &[&taken, &stored], &parameters, groups(results));
        let kept = values.rows.min(tail.limit());
        tail.advance(job, &joined, kept, new);
        Ok(vec![DeviceColumn {
            buffer: stored,
            rows: results,
            kind: ColumnKind::F32,
        }])
    }
}
