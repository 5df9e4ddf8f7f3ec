//! Aggregates of overlapping windows, one result per full window.

use arrow_buffer::NullBuffer;

use super::Rolling;
use crate::aggregate::AggregateFunction;
use crate::kernel_error::KernelError;
use crate::state::{StateReader, StateWriter};

/// The aggregate of each window of `window` adjacent rows: [`Rolling`] without the rows before the
/// first full window, unless partial windows are wanted. Nulls take up a place and are skipped.
///
/// # Examples
/// ```
/// use millrace_core::aggregate::AggregateFunction;
/// use millrace_core::window::SlidingWindow;
///
/// let mut sums = SlidingWindow::new(AggregateFunction::Sum, 3, false)?;
/// let mut out = Vec::new();
/// sums.push(&[1.0, 2.0], None, &mut out);
/// sums.push(&[3.0, 4.0], None, &mut out);
/// assert_eq!(out, [6.0, 9.0]);
/// # Ok::<(), millrace_core::kernel_error::KernelError>(())
/// ```
#[derive(Debug, Clone)]
pub struct SlidingWindow {
    rolling: Rolling,
    /// Rows still to come before the first result.
    to_skip: usize,
}

impl SlidingWindow {
    /// Windows of `window` rows; with `return_partial` from the first row on.
    ///
    /// # Errors
    /// [`KernelError::InvalidArgument`] if `window` is 0.
    pub fn new(
        function: AggregateFunction,
        window: usize,
        return_partial: bool,
    ) -> Result<Self, KernelError> {
        let rolling = Rolling::new(function, window, 0)?;
        Ok(Self {
            rolling,
            to_skip: if return_partial { 0 } else { window - 1 },
        })
    }

    /// Takes a batch in and appends one result per window that it completes to `out`; returns the
    /// validity of the appended results, `None` when none is null.
    ///
    /// # Panics
    /// If `nulls` has another length than `values`.
    pub fn push(
        &mut self,
        values: &[f64],
        nulls: Option<&NullBuffer>,
        out: &mut Vec<f64>,
    ) -> Option<NullBuffer> {
        let start = out.len();
        out.resize(start + values.len(), 0.0);
        let validity = self.rolling.push(values, nulls, &mut out[start..]);
        let skipped = self.to_skip.min(values.len());
        self.to_skip -= skipped;
        out.drain(start..start + skipped);
        validity
            .map(|validity| validity.slice(skipped, values.len() - skipped))
            .filter(|validity| validity.null_count() > 0)
    }

    /// The state as bytes.
    pub fn snapshot(&self) -> Vec<u8> {
        let mut state = StateWriter::new(1);
        state
            .u64(self.to_skip as u64)
            .bytes(&self.rolling.snapshot());
        state.finish()
    }

    /// Takes up the state that `bytes` hold, for the same parameters.
    ///
    /// # Errors
    /// [`KernelError::CorruptState`] if `bytes` are no such state; the kernel is then unchanged.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), KernelError> {
        let mut state = StateReader::new("SlidingWindow", 1, bytes)?;
        let to_skip = state.u64()?;
        let rolling = state.bytes()?;
        let to_skip =
            usize::try_from(to_skip).map_err(|_| state.corrupt("rows to skip out of range"))?;
        state.finish()?;
        self.rolling.restore(rolling)?;
        self.to_skip = to_skip;
        Ok(())
    }
}
