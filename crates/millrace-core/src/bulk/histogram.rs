//! How many values fall where.

use super::column::ColumnKind;
use super::column::{Column, only, wrong_kind};
use super::step::Kernel;
use crate::kernel_error::KernelError;
use crate::state::{StateReader, StateWriter};

/// The most bins.
const MOST: usize = 1 << 20;

/// Counts of all rows so far, in f64: after each batch a column of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Counts {
    counts: Vec<u64>,
}

impl Counts {
    /// `bins` counts of nothing.
    ///
    /// # Errors
    /// Where there is no bin, or more than 2²⁰.
    pub fn new(step: &str, bins: usize) -> Result<Self, KernelError> {
        if (1..=MOST).contains(&bins) {
            let counts = vec![0; bins];
            return Ok(Self { counts });
        }
        Err(KernelError::InvalidArgument(format!(
            "Cannot create {step}: bins must be from 1 to {MOST}, got {bins}"
        )))
    }

    /// How many bins there are.
    #[must_use]
    pub fn bins(&self) -> usize {
        self.counts.len()
    }

    /// Adds the counts of a batch, and yields all so far.
    pub fn advance(&mut self, batch: impl Iterator<Item = u64>) -> Vec<Column<'static>> {
        for (count, more) in self.counts.iter_mut().zip(batch) {
            *count += more;
        }
        #[expect(clippy::cast_precision_loss, reason = "fewer rows than 2^53")]
        let shown: Vec<f64> = self.counts.iter().map(|&count| count as f64).collect();
        vec![shown.into()]
    }

    /// The counts as bytes.
    #[must_use]
    pub fn snapshot(&self) -> Vec<u8> {
        StateWriter::new(1).u64s(&self.counts).finish()
    }

    /// Puts counts back.
    ///
    /// # Errors
    /// Where the bytes are not of as many.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), KernelError> {
        let mut reader = StateReader::new("counts", 1, bytes)?;
        let counts = reader.u64s()?;
        reader.finish()?;
        if counts.len() != self.counts.len() {
            return Err(KernelError::CorruptState {
                kernel: "counts",
                detail: format!("wanted {} of them, got {}", self.counts.len(), counts.len()),
            });
        }
        self.counts = counts;
        Ok(())
    }
}

/// Bins of one width from `low` on, of values below `high`; everything else, NaN too, is left out.
/// In f32, on every device: the bin of a value is ⌊(value − low) · scale⌋.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bins {
    /// The least value that is counted.
    pub low: f32,
    /// The least that is not any more.
    pub high: f32,
    /// Bins by value.
    pub scale: f32,
    /// How many bins.
    pub bins: u32,
}

impl Bins {
    /// `bins` bins from `low` to `high`.
    ///
    /// # Errors
    /// Where the borders are not finite, or `low` is not below `high`.
    pub fn new(low: f64, high: f64, bins: usize) -> Result<Self, KernelError> {
        #[expect(clippy::cast_possible_truncation, reason = "checked below")]
        let (near, far) = (low as f32, high as f32);
        #[expect(clippy::cast_precision_loss, reason = "at most 2^20")]
        let scale = bins as f32 / (far - near);
        if near.is_finite() && far.is_finite() && near < far && scale.is_finite() && scale > 0.0 {
            let bins = u32::try_from(bins).unwrap_or(u32::MAX);
            return Ok(Self {
                low: near,
                high: far,
                scale,
                bins,
            });
        }
        Err(KernelError::InvalidArgument(format!(
            "Cannot create histogram: low must be below high, both finite in f32, got {low} and {high}"
        )))
    }

    fn of(self, value: f32) -> Option<usize> {
        if !(value >= self.low && value < self.high) {
            return None;
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "at least 0, and cut to the bins there are"
        )]
        let bin = ((value - self.low) * self.scale) as u32;
        Some(bin.min(self.bins - 1) as usize)
    }
}

/// How many values fall into each bin, over all rows so far.
#[derive(Debug, Clone)]
pub(super) struct Histogram {
    bins: Bins,
    counts: Counts,
}

impl Histogram {
    pub(super) fn new(low: f64, high: f64, bins: usize) -> Result<Self, KernelError> {
        Ok(Self {
            counts: Counts::new("histogram", bins)?,
            bins: Bins::new(low, high, bins)?,
        })
    }
}

impl Kernel for Histogram {
    fn push(&mut self, columns: &[Column<'_>]) -> Result<Vec<Column<'static>>, KernelError> {
        let mut counts = vec![0_u64; self.counts.bins()];
        for &value in only("histogram", columns)?.f32s("histogram")? {
            if let Some(bin) = self.bins.of(value) {
                counts[bin] += 1;
            }
        }
        Ok(self.counts.advance(counts.into_iter()))
    }

    fn snapshot(&self) -> Vec<u8> {
        self.counts.snapshot()
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), KernelError> {
        self.counts.restore(bytes)
    }
}

/// How often each whole number from 0 to `bins` − 1 comes, over all rows so far; what is beyond is left
/// out.
#[derive(Debug, Clone)]
pub(super) struct Frequencies {
    counts: Counts,
}

impl Frequencies {
    pub(super) fn new(bins: usize) -> Result<Self, KernelError> {
        Ok(Self {
            counts: Counts::new("frequencies", bins)?,
        })
    }
}

impl Kernel for Frequencies {
    fn push(&mut self, columns: &[Column<'_>]) -> Result<Vec<Column<'static>>, KernelError> {
        let values = match only("frequencies", columns)? {
            Column::U32(values) => values,
            other => return Err(wrong_kind("frequencies", ColumnKind::U32, other.kind())),
        };
        let mut counts = vec![0_u64; self.counts.bins()];
        for &value in values.iter() {
            if let Some(count) = counts.get_mut(value as usize) {
                *count += 1;
            }
        }
        Ok(self.counts.advance(counts.into_iter()))
    }

    fn snapshot(&self) -> Vec<u8> {
        self.counts.snapshot()
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), KernelError> {
        self.counts.restore(bytes)
    }
}
