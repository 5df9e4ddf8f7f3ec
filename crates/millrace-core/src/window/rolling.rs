//! Aggregates over the last `n` rows, one result per row.

use arrow_buffer::NullBuffer;

use super::{aggregate_rows, check_window};
use crate::aggregate::AggregateFunction;
use crate::kernel_error::KernelError;
use crate::nulls::{ValidityBuilder, is_valid};
use crate::state::{StateReader, StateWriter};

/// An aggregate over the last `window` rows of a column of floats.
#[derive(Debug, Clone)]
pub struct Rolling {
    function: AggregateFunction,
    window: usize,
    min_periods: usize,
    rows: Vec<Option<f64>>,
}

impl Rolling {
    /// A window of `window` rows that gives null while fewer than `min_periods` of them are valid.
    ///
    /// # Errors
    /// [`KernelError::InvalidArgument`] if `window` is 0 or `min_periods` exceeds it.
    pub fn new(
        function: AggregateFunction,
        window: usize,
        min_periods: usize,
    ) -> Result<Self, KernelError> {
        check_window("rolling", window, min_periods)?;
        Ok(Self {
            function,
            window,
            min_periods,
            rows: Vec::new(),
        })
    }

    /// Takes a batch in and writes one result per row to `out`; returns the validity of the
    /// results, `None` when none is null. Null results are NaN in `out`.
    ///
    /// # Panics
    /// If `out` or `nulls` has another length than `values`.
    pub fn push(
        &mut self,
        values: &[f64],
        nulls: Option<&NullBuffer>,
        out: &mut [f64],
    ) -> Option<NullBuffer> {
        assert_eq!(values.len(), out.len(), "output length");
        let mut validity = ValidityBuilder::default();
        for (index, slot) in out.iter_mut().enumerate() {
            self.rows
                .push(is_valid(nulls, index).then(|| values[index]));
            if self.rows.len() > self.window {
                self.rows.remove(0);
            }
            let valid = self.rows.iter().flatten().count();
            let result = (valid >= self.min_periods)
                .then(|| aggregate_rows(self.function, &self.rows))
                .flatten();
            *slot = result.unwrap_or(f64::NAN);
            validity.append(1, result.is_some());
        }
        validity.finish()
    }

    /// The state as bytes.
    pub fn snapshot(&self) -> Vec<u8> {
        let mut state = StateWriter::new(1);
        let values: Vec<f64> = self
            .rows
            .iter()
            .map(|row| row.unwrap_or_default())
            .collect();
        let valid: Vec<bool> = self.rows.iter().map(Option::is_some).collect();
        state.f64s(&values).bools(&valid);
        state.finish()
    }

    /// Takes up the state that `bytes` hold, for the same parameters.
    ///
    /// # Errors
    /// [`KernelError::CorruptState`] if `bytes` are no such state; the kernel is then unchanged.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), KernelError> {
        let mut state = StateReader::new("Rolling", 1, bytes)?;
        let values = state.f64s()?;
        let valid = state.bools()?;
        state.finish()?;
        self.rows = values
            .into_iter()
            .zip(valid)
            .map(|(v, ok)| ok.then_some(v))
            .collect();
        Ok(())
    }
}
