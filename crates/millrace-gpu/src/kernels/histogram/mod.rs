//! How many values fall where, and how often integers come; exact.

#[cfg(test)]
mod tests;

use bytemuck::{Pod, Zeroable};
use millrace_core::bulk::{Bins, Column, ColumnKind, Counts};

use crate::error::GpuError;
use crate::gpu::WORKGROUP;
use crate::job::{Job, ReadBack, Results};
use crate::kernel::{DeviceColumn, DeviceKernel, number, only, shader};

#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct Parameters {
    rows: u32,
    bins: u32,
    low: f32,
    high: f32,
    scale: f32,
    unused: [u32; 3],
}

/// Counts of all rows so far.
#[derive(Debug)]
pub(super) struct Histogram {
    /// Of floats; integers are their own bins.
    bins: Option<Bins>,
    counts: Counts,
    reads: Vec<ReadBack>,
}

impl Histogram {
    pub(super) fn new(low: f64, high: f64, bins: usize) -> Result<Self, GpuError> {
        Ok(Self {
            counts: Counts::new("histogram", bins)?,
            bins: Some(Bins::new(low, high, bins)?),
            reads: Vec::new(),
        })
    }

    /// How often each integer below `bins` comes.
    pub(super) fn frequencies(bins: usize) -> Result<Self, GpuError> {
        Ok(Self {
            counts: Counts::new("frequencies", bins)?,
            bins: None,
            reads: Vec::new(),
        })
    }
}

impl DeviceKernel for Histogram {
    fn record(
        &mut self,
        job: &mut Job<'_>,
        columns: &[DeviceColumn],
    ) -> Result<Vec<DeviceColumn>, GpuError> {
        let (values, bin) = match self.bins {
            Some(_) => (only("histogram", ColumnKind::F32, columns)?, "bin_of_float"),
            None => (
                only("frequencies", ColumnKind::U32, columns)?,
                "bin_of_integer",
            ),
        };
        let bins = self.counts.bins();
        let counts = job.upload(&vec![0_u32; bins]);
        let parameters = Parameters {
            rows: number(values.rows),
            bins: number(bins),
            low: self.bins.map_or(0.0, |bins| bins.low),
            high: self.bins.map_or(0.0, |bins| bins.high),
            scale: self.bins.map_or(0.0, |bins| bins.scale),
            unused: [0; 3],
        };
        let text = include_str!("histogram.wgsl").replace("BIN(", &format!("{bin}("));
        let count = shader(&[&text], "count_bins");
        let groups = values.rows.div_ceil(16 * WORKGROUP);
        job.dispatch(&count, &[&values.buffer, &counts], &parameters, groups);
        self.reads.push(job.read(&counts, 0, bins));
        Ok(Vec::new())
    }

    fn settle(&mut self, results: &Results) -> Result<Option<Vec<Column<'static>>>, GpuError> {
        let mut batch = vec![0_u64; self.counts.bins()];
        for read in std::mem::take(&mut self.reads) {
            for (count, more) in batch.iter_mut().zip(results.values::<u32>(read)?) {
                *count += u64::from(more);
            }
        }
        Ok(Some(self.counts.advance(batch.into_iter())))
    }

    fn reset(&mut self) {
        self.reads.clear();
    }

    fn snapshot(&self) -> Vec<u8> {
        self.counts.snapshot()
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), GpuError> {
        self.reset();
        Ok(self.counts.restore(bytes)?)
    }
}
