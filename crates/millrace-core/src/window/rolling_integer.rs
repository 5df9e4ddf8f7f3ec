//! Exact aggregates of integers over the last `n` rows, one result per row.

use std::collections::VecDeque;

use arrow_buffer::NullBuffer;

use super::{FifoWindow, SubtractOnEvict, TwoStacks, check_window};
use crate::aggregate::{Aggregate, AggregateFunction, IntegerSum};
use crate::aggregate::{checked, not_integer};
use crate::kernel_error::KernelError;
use crate::nulls::{ValidityBuilder, is_valid};
use crate::state::{StateReader, StateWriter};

/// Min, max, first or last of integers: the older row wins where `prefer_newer` says no.
#[derive(Debug, Clone, Copy)]
struct Choice {
    prefer_newer: fn(i64, i64) -> bool,
}

impl Aggregate for Choice {
    type Input = i64;
    type State = Option<i64>;
    type Output = i64;

    fn identity(&self) -> Option<i64> {
        None
    }
    fn lift(&self, value: i64) -> Option<i64> {
        Some(value)
    }
    fn combine(&self, older: &Option<i64>, newer: &Option<i64>) -> Option<i64> {
        match (*older, *newer) {
            (Some(a), Some(b)) => Some(if (self.prefer_newer)(a, b) { b } else { a }),
            (a, b) => a.or(b),
        }
    }
    fn lower(&self, state: &Option<i64>) -> Option<i64> {
        *state
    }
}

#[derive(Debug, Clone)]
enum Algorithm {
    Sum(SubtractOnEvict<IntegerSum>),
    Choice(TwoStacks<Choice>),
    Count,
}

/// An exact aggregate over the last `window` rows of a column of integers: sum, count, min, max,
/// first or last. Cost: constant per row, amortised.
///
/// # Examples
/// ```
/// use millrace_core::aggregate::AggregateFunction;
/// use millrace_core::window::RollingInteger;
///
/// let mut sums = RollingInteger::new(AggregateFunction::Sum, 2, 1)?;
/// let mut out = [0; 3];
/// sums.push(&[1 << 60, 1, 2], None, &mut out)?;
/// assert_eq!(out, [1 << 60, (1 << 60) + 1, 3]);
/// # Ok::<(), millrace_core::kernel_error::KernelError>(())
/// ```
#[derive(Debug, Clone)]
pub struct RollingInteger {
    window: usize,
    min_periods: usize,
    rows: VecDeque<Option<i64>>,
    valid: usize,
    algorithm: Algorithm,
}

impl RollingInteger {
    /// A window of `window` rows that gives null while fewer than `min_periods` of them are valid.
    ///
    /// # Errors
    /// [`KernelError::InvalidArgument`] if `window` is 0, `min_periods` exceeds it, or the result
    /// of `function` is no integer.
    pub fn new(
        function: AggregateFunction,
        window: usize,
        min_periods: usize,
    ) -> Result<Self, KernelError> {
        check_window("rolling", window, min_periods)?;
        let algorithm = algorithm(function)?;
        let rows = VecDeque::new();
        Ok(Self {
            window,
            min_periods,
            rows,
            valid: 0,
            algorithm,
        })
    }

    fn step(&mut self, row: Option<i64>) -> Result<Option<i64>, KernelError> {
        if self.rows.len() == self.window {
            let oldest = self.rows.pop_front().flatten();
            self.valid -= usize::from(oldest.is_some());
            match &mut self.algorithm {
                Algorithm::Sum(window) => window.pop(),
                Algorithm::Choice(window) => window.pop(),
                Algorithm::Count => {}
            }
        }
        self.rows.push_back(row);
        self.valid += usize::from(row.is_some());
        let result = match &mut self.algorithm {
            Algorithm::Sum(window) => {
                window.push(row);
                match window.query() {
                    None => return Err(checked(i128::MAX).unwrap_err()),
                    sum => sum,
                }
            }
            Algorithm::Choice(window) => {
                window.push(row);
                window.query()
            }
            Algorithm::Count => Some(self.valid as i64),
        };
        Ok(result.filter(|_| self.valid >= self.min_periods))
    }

    /// Takes a batch in and writes one result per row to `out`; returns the validity of the
    /// results, `None` when none is null. Null results are 0 in `out`.
    ///
    /// # Errors
    /// [`KernelError::Overflow`] if a sum is outside `i64`; the window is then as it was before
    /// the batch.
    ///
    /// # Panics
    /// If `out` or `nulls` has another length than `values`.
    pub fn push(
        &mut self,
        values: &[i64],
        nulls: Option<&NullBuffer>,
        out: &mut [i64],
    ) -> Result<Option<NullBuffer>, KernelError> {
        assert_eq!(values.len(), out.len(), "output length");
        assert!(
            nulls.is_none_or(|nulls| nulls.len() == values.len()),
            "validity length"
        );
        let before = self.rows.clone();
        let mut validity = ValidityBuilder::default();
        for (index, slot) in out.iter_mut().enumerate() {
            match self.step(is_valid(nulls, index).then(|| values[index])) {
                Ok(result) => {
                    *slot = result.unwrap_or_default();
                    validity.append(1, result.is_some());
                }
                Err(error) => {
                    self.refill(before);
                    return Err(error);
                }
            }
        }
        Ok(validity.finish())
    }

    /// Starts again with these rows in the window.
    fn refill(&mut self, rows: impl IntoIterator<Item = Option<i64>>) {
        self.rows.clear();
        self.valid = 0;
        match &mut self.algorithm {
            Algorithm::Sum(window) => *window = SubtractOnEvict::new(IntegerSum),
            Algorithm::Choice(window) => window.clear(),
            Algorithm::Count => {}
        }
        for row in rows {
            // A sum over a part of the window may overflow where the whole does not: no result is
            // wanted yet, only the state.
            drop(self.step(row));
        }
    }

    /// The state as bytes.
    pub fn snapshot(&self) -> Vec<u8> {
        let values: Vec<i64> = self
            .rows
            .iter()
            .map(|row| row.unwrap_or_default())
            .collect();
        let valid: Vec<bool> = self.rows.iter().map(Option::is_some).collect();
        let mut state = StateWriter::new(1);
        state.i64s(&values).bools(&valid);
        state.finish()
    }

    /// Takes up the state that `bytes` hold, for the same parameters.
    ///
    /// # Errors
    /// [`KernelError::CorruptState`] if `bytes` are no such state; the kernel is then unchanged.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), KernelError> {
        let mut state = StateReader::new("RollingInteger", 1, bytes)?;
        let values = state.i64s()?;
        let valid = state.bools()?;
        if values.len() != valid.len() || values.len() > self.window {
            return Err(state.corrupt(format!("{} rows in a window", values.len())));
        }
        state.finish()?;
        self.refill(
            values
                .into_iter()
                .zip(valid)
                .map(|(value, valid)| valid.then_some(value)),
        );
        Ok(())
    }
}

fn algorithm(function: AggregateFunction) -> Result<Algorithm, KernelError> {
    let choice = |prefer_newer| Ok(Algorithm::Choice(TwoStacks::new(Choice { prefer_newer })));
    match function {
        AggregateFunction::Sum => Ok(Algorithm::Sum(SubtractOnEvict::new(IntegerSum))),
        AggregateFunction::Count => Ok(Algorithm::Count),
        AggregateFunction::Min => choice(|a, b| b < a),
        AggregateFunction::Max => choice(|a, b| b > a),
        AggregateFunction::First => choice(|_, _| false),
        AggregateFunction::Last => choice(|_, _| true),
        other => Err(not_integer(other)),
    }
}
