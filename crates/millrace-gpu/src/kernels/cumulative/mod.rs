//! Running sums, minima and maxima.
//!
//! A sum is within 2⁻²⁰ of the sum of magnitudes of the rows of its own block of 1,024, and 2⁻²² of
//! that of all rows before; minima and maxima are exact.

#[cfg(test)]
mod tests;

use millrace_core::bulk::{
    self, Column, ColumnKind, CumulativeFunction, Kernel, order_key, value_of_key,
};

use crate::buffers::Buffer;
use crate::error::GpuError;
use crate::job::{Job, ReadBack, Results};
use crate::kernel::{DeviceColumn, DeviceKernel, only};
use crate::kernels::scan::{Run, scan};

/// Each value combined with all before it.
#[derive(Debug)]
pub(super) struct Cumulative {
    host: bulk::Cumulative,
    /// Everything before the next row, on the device.
    total: Option<Buffer>,
    read: Option<ReadBack>,
}

impl Cumulative {
    pub(super) fn new(function: CumulativeFunction) -> Self {
        Self {
            host: bulk::Cumulative::new(function),
            total: None,
            read: None,
        }
    }

    fn items(&self) -> String {
        let extremum = |mask: &str| include_str!("extremum.wgsl").replace("MASK", mask);
        match self.host.function() {
            CumulativeFunction::Sum => include_str!("sum.wgsl").to_owned(),
            CumulativeFunction::Min => extremum("0xffffffffu"),
            CumulativeFunction::Max => extremum("0u"),
        }
    }

    /// The total as the device holds it.
    fn wide(&self) -> [u32; 2] {
        let total = self.host.total();
        #[expect(
            clippy::cast_possible_truncation,
            reason = "what is lost is kept beside it"
        )]
        let near = total as f32;
        let turned = |mask: u32| match (total.is_nan(), total == self.host.function().neutral()) {
            (true, _) => [u32::MAX, 0],
            (_, true) => [0, 0],
            _ => [order_key(near) ^ mask, 0],
        };
        match self.host.function() {
            #[expect(clippy::cast_possible_truncation, reason = "a rest of rounding")]
            CumulativeFunction::Sum if near.is_finite() => {
                [near.to_bits(), ((total - f64::from(near)) as f32).to_bits()]
            }
            CumulativeFunction::Sum => [near.to_bits(), 0],
            CumulativeFunction::Min => turned(u32::MAX),
            CumulativeFunction::Max => turned(0),
        }
    }

    fn total_of(&self, [x, y]: [u32; 2]) -> f64 {
        let turned = |mask: u32| match x {
            0 => self.host.function().neutral(),
            u32::MAX => f64::NAN,
            key => value_of_key(key ^ mask).into(),
        };
        match self.host.function() {
            CumulativeFunction::Sum => f64::from(f32::from_bits(x)) + f64::from(f32::from_bits(y)),
            CumulativeFunction::Min => turned(u32::MAX),
            CumulativeFunction::Max => turned(0),
        }
    }
}

impl DeviceKernel for Cumulative {
    fn record(
        &mut self,
        job: &mut Job<'_>,
        columns: &[DeviceColumn],
    ) -> Result<Vec<DeviceColumn>, GpuError> {
        let DeviceColumn { buffer, rows, kind } = only("cumulative", ColumnKind::F32, columns)?;
        let total = match self.total.take() {
            Some(total) => total,
            None => job.upload(&self.wide()),
        };
        let results = job.scratch(*rows);
        let from = Run { buffer, first: 0 };
        let to = Run {
            buffer: &results,
            first: 0,
        };
        scan(job, &self.items(), from, *rows, &total, to);
        self.read = Some(job.read(&total, 0, 2));
        self.total = Some(total);
        Ok(vec![DeviceColumn {
            buffer: results,
            rows: *rows,
            kind: *kind,
        }])
    }

    fn settle(&mut self, results: &Results) -> Result<Option<Vec<Column<'static>>>, GpuError> {
        if let Some(read) = self.read.take() {
            let wide = results.values::<[u32; 2]>(read)?;
            let total = wide
                .first()
                .map_or(self.host.total(), |&wide| self.total_of(wide));
            self.host.advance_to(total);
        }
        Ok(None)
    }

    fn reset(&mut self) {
        self.total = None;
        self.read = None;
    }

    fn snapshot(&self) -> Vec<u8> {
        self.host.snapshot()
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), GpuError> {
        self.reset();
        Ok(self.host.restore(bytes)?)
    }
}
