//! Exact aggregates of integers over the last `n` rows, one result per row.

use arrow_buffer::NullBuffer;

use super::{Extent, FifoWindow, KeptRows, SubtractOnEvict, TwoStacks, check_extent, check_window};
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

/// An exact aggregate over the last rows of a column of integers, or those of a span of time: sum,
/// count, min, max, first or last. Cost: constant per row, amortised.
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
    extent: Extent,
    min_periods: usize,
    rows: KeptRows<i64>,
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
        Self::of(function, Extent::Rows(window), min_periods)
    }

    /// A window of the rows that are less than `span` nanoseconds older than its newest one.
    ///
    /// # Errors
    /// [`KernelError::InvalidArgument`] if `span` is not above 0, or the result of `function` is no
    /// integer.
    pub fn over_span(
        function: AggregateFunction,
        span: i64,
        min_periods: usize,
    ) -> Result<Self, KernelError> {
        check_extent("rolling", Extent::Span(span))?;
        Self::of(function, Extent::Span(span), min_periods)
    }

    fn of(
        function: AggregateFunction,
        extent: Extent,
        min_periods: usize,
    ) -> Result<Self, KernelError> {
        Ok(Self {
            extent,
            min_periods,
            rows: KeptRows::default(),
            algorithm: algorithm(function)?,
        })
    }

    fn step(&mut self, row: Option<i64>, time: i64) -> Result<Option<i64>, KernelError> {
        while self.rows.leave(self.extent, time).is_some() {
            match &mut self.algorithm {
                Algorithm::Sum(window) => window.pop(),
                Algorithm::Choice(window) => window.pop(),
                Algorithm::Count => {}
            }
        }
        self.rows.push(row, self.extent, time);
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
            Algorithm::Count => Some(self.rows.valid() as i64),
        };
        Ok(result.filter(|_| self.rows.valid() >= self.min_periods))
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
        self.push_timed(&[], values, nulls, out)
    }

    /// As [`Self::push`], of rows with times that do not decrease, also from batch to batch; for a
    /// window of rows there need be none.
    ///
    /// # Errors
    /// As [`Self::push`].
    ///
    /// # Panics
    /// If `times`, `values`, `nulls` and `out` differ in length.
    pub fn push_timed(
        &mut self,
        times: &[i64],
        values: &[i64],
        nulls: Option<&NullBuffer>,
        out: &mut [i64],
    ) -> Result<Option<NullBuffer>, KernelError> {
        let timed = matches!(self.extent, Extent::Span(_));
        assert!(
            !timed || times.len() == values.len(),
            "one time for each row"
        );
        assert_eq!(values.len(), out.len(), "output length");
        assert!(
            nulls.is_none_or(|nulls| nulls.len() == values.len()),
            "validity length"
        );
        let before = self.rows.clone();
        let mut validity = ValidityBuilder::default();
        for (index, slot) in out.iter_mut().enumerate() {
            let time = if timed { times[index] } else { 0 };
            match self.step(is_valid(nulls, index).then(|| values[index]), time) {
                Ok(result) => {
                    *slot = result.unwrap_or_default();
                    validity.append(1, result.is_some());
                }
                Err(error) => {
                    self.refill(&before);
                    return Err(error);
                }
            }
        }
        Ok(validity.finish())
    }

    /// Starts again with these rows in the window.
    fn refill(&mut self, rows: &KeptRows<i64>) {
        self.rows = KeptRows::default();
        match &mut self.algorithm {
            Algorithm::Sum(window) => *window = SubtractOnEvict::new(IntegerSum),
            Algorithm::Choice(window) => window.clear(),
            Algorithm::Count => {}
        }
        for (row, time) in rows.timed() {
            // A sum over a part of the window may overflow where the whole does not: no result is
            // wanted yet, only the state.
            drop(self.step(row, time));
        }
    }

    /// The state as bytes.
    pub fn snapshot(&self) -> Vec<u8> {
        let mut state = StateWriter::new(1);
        self.rows.write(self.extent, &mut state);
        state.finish()
    }

    /// Takes up the state that `bytes` hold, for the same parameters.
    ///
    /// # Errors
    /// [`KernelError::CorruptState`] if `bytes` are no such state; the kernel is then unchanged.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), KernelError> {
        let mut state = StateReader::new("RollingInteger", 1, bytes)?;
        let rows = KeptRows::<i64>::read(self.extent, &mut state)?;
        state.finish()?;
        self.refill(&rows);
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
