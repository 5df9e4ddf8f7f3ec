//! Rows cut into segments of `n`, wherever batches end.

use super::Lookback;
use crate::kernel_error::KernelError;

/// Collects rows until a segment of `n` is whole.
#[derive(Debug, Clone, PartialEq)]
pub struct Segments {
    n: usize,
    rest: Lookback,
}

impl Segments {
    /// Segments of `n` rows of one column.
    #[must_use]
    pub fn new(n: usize) -> Self {
        Self {
            n,
            rest: Lookback::new(n - 1, 1),
        }
    }

    /// Rows of a segment.
    #[must_use]
    pub fn n(&self) -> usize {
        self.n
    }

    /// Rows of the segment that is not whole yet.
    #[must_use]
    pub fn rest(&self) -> &[f32] {
        self.rest.column(0)
    }

    /// The whole segments, one after another, and what is left for the next batch.
    #[must_use]
    pub fn split(&self, values: &[f32]) -> (Vec<f32>, Vec<f32>) {
        let mut joined = self.rest.joined(0, values);
        let left = joined.split_off(joined.len() - joined.len() % self.n);
        (joined, left)
    }

    /// Keeps what [`Segments::split`] left.
    pub fn keep(&mut self, left: &[f32]) {
        self.rest = Lookback::new(self.n - 1, 1);
        self.rest.advance(0, left);
    }

    /// The rows of the segment that is not whole, as bytes.
    #[must_use]
    pub fn snapshot(&self) -> Vec<u8> {
        self.rest.snapshot()
    }

    /// Puts them back.
    ///
    /// # Errors
    /// Where the bytes are of no such rows.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), KernelError> {
        self.rest.restore(bytes)
    }
}
