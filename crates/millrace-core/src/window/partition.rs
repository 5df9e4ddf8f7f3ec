//! Aggregates of adjacent windows that do not overlap, by count.

use arrow_buffer::NullBuffer;

use super::check_window;
use crate::aggregate::{AggregateFunction, RunningAggregate};
use crate::kernel_error::KernelError;
use crate::nulls::ValidityBuilder;
use crate::state::{StateReader, StateWriter};

/// The aggregate of each run of `n` rows, given when the run is complete. Nulls take up a place
/// and are skipped.
///
/// # Examples
/// ```
/// use millrace_core::aggregate::AggregateFunction;
/// use millrace_core::window::Partition;
///
/// let mut maxima = Partition::new(AggregateFunction::Max, 2)?;
/// let mut out = Vec::new();
/// maxima.push(&[1.0, 5.0, 2.0], None, &mut out);
/// assert_eq!(out, [5.0]);
/// maxima.push(&[3.0], None, &mut out);
/// assert_eq!(out, [5.0, 3.0]);
/// # Ok::<(), millrace_core::kernel_error::KernelError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Partition {
    function: AggregateFunction,
    n: usize,
    open: RunningAggregate,
}

impl Partition {
    /// Runs of `n` rows.
    ///
    /// # Errors
    /// [`KernelError::InvalidArgument`] if `n` is 0.
    pub fn new(function: AggregateFunction, n: usize) -> Result<Self, KernelError> {
        check_window("partition", n, 0)?;
        Ok(Self {
            function,
            n,
            open: RunningAggregate::new(&[function]),
        })
    }

    /// Takes a batch in and appends one result per run that it completes to `out`; returns the
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
        assert!(
            nulls.is_none_or(|nulls| nulls.len() == values.len()),
            "validity length"
        );
        let mut validity = ValidityBuilder::default();
        let mut start = 0;
        while start < values.len() {
            let count = (self.n - self.open.rows() as usize).min(values.len() - start);
            let part = nulls.map(|nulls| nulls.slice(start, count));
            self.open
                .update(&values[start..start + count], part.as_ref());
            start += count;
            if self.open.rows() as usize == self.n {
                let value = self.open.value(0);
                out.push(value.unwrap_or(f64::NAN));
                validity.append(1, value.is_some());
                self.open = RunningAggregate::new(&[self.function]);
            }
        }
        validity.finish()
    }

    /// Closes the open run early, for the end of input: its result, `None` when no run is open;
    /// the inner `None` is a result that is undefined.
    pub fn flush(&mut self) -> Option<Option<f64>> {
        if self.open.rows() == 0 {
            return None;
        }
        let value = self.open.value(0);
        self.open = RunningAggregate::new(&[self.function]);
        Some(value)
    }

    /// The state as bytes.
    pub fn snapshot(&self) -> Vec<u8> {
        let mut state = StateWriter::new(1);
        state.bytes(&self.open.snapshot());
        state.finish()
    }

    /// Takes up the state that `bytes` hold, for the same parameters.
    ///
    /// # Errors
    /// [`KernelError::CorruptState`] if `bytes` are no such state; the kernel is then unchanged.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), KernelError> {
        let mut state = StateReader::new("Partition", 1, bytes)?;
        let open = state.bytes()?;
        state.finish()?;
        self.open.restore(open)
    }
}
