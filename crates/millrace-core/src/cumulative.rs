//! Cumulative sum, product, minimum and maximum: the aggregate so far at each row.

use arrow_buffer::NullBuffer;

use crate::aggregate::{maximum, minimum};
use crate::kernel_error::KernelError;
use crate::nulls::is_valid;
use crate::state::{StateReader, StateWriter};

/// What is accumulated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CumulativeFunction {
    /// The sum so far.
    Sum,
    /// The product so far.
    Prod,
    /// The smallest value so far; NaN from the first NaN on.
    Min,
    /// The largest value so far; NaN from the first NaN on.
    Max,
}

/// A running total of floats, one result per row. A null row gives null and leaves the total as it
/// is, at the end of a batch too. Cost: one dependent operation per row, in row order.
///
/// # Examples
/// ```
/// use millrace_core::cumulative::{Cumulative, CumulativeFunction};
///
/// let mut sums = Cumulative::new(CumulativeFunction::Sum);
/// let mut out = [0.0; 2];
/// sums.push(&[1.0, 2.0], None, &mut out);
/// sums.push(&[3.0, 4.0], None, &mut out);
/// assert_eq!(out, [6.0, 10.0]);
/// ```
#[derive(Debug, Clone)]
pub struct Cumulative {
    function: CumulativeFunction,
    total: f64,
}

impl Cumulative {
    /// A total of no rows yet.
    pub fn new(function: CumulativeFunction) -> Self {
        let total = match function {
            CumulativeFunction::Sum => 0.0,
            CumulativeFunction::Prod => 1.0,
            CumulativeFunction::Min => f64::INFINITY,
            CumulativeFunction::Max => f64::NEG_INFINITY,
        };
        Self { function, total }
    }

    /// Takes a batch in and writes the total after each row to `out`. The validity of the results
    /// is that of the values; null results are NaN in `out`.
    ///
    /// # Panics
    /// If `out` or `nulls` has another length than `values`.
    pub fn push(&mut self, values: &[f64], nulls: Option<&NullBuffer>, out: &mut [f64]) {
        assert_eq!(values.len(), out.len(), "output length");
        assert!(
            nulls.is_none_or(|nulls| nulls.len() == values.len()),
            "validity length"
        );
        let nulls = nulls.filter(|nulls| nulls.null_count() > 0);
        self.total = match self.function {
            CumulativeFunction::Sum => scan(self.total, values, nulls, out, |a, b| a + b),
            CumulativeFunction::Prod => scan(self.total, values, nulls, out, |a, b| a * b),
            CumulativeFunction::Min => {
                scan(self.total, values, nulls, out, |a, b| minimum(a, b) + 0.0)
            }
            CumulativeFunction::Max => {
                scan(self.total, values, nulls, out, |a, b| maximum(a, b) + 0.0)
            }
        };
    }

    /// The state as bytes.
    pub fn snapshot(&self) -> Vec<u8> {
        StateWriter::new(1).f64(self.total).finish()
    }

    /// Takes up the state that `bytes` hold, for the same function.
    ///
    /// # Errors
    /// [`KernelError::CorruptState`] if `bytes` are no such state; the total is then unchanged.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), KernelError> {
        let mut state = StateReader::new("Cumulative", 1, bytes)?;
        let total = state.f64()?;
        state.finish()?;
        self.total = total;
        Ok(())
    }
}

#[inline(always)]
fn scan(
    mut total: f64,
    values: &[f64],
    nulls: Option<&NullBuffer>,
    out: &mut [f64],
    combine: impl Fn(f64, f64) -> f64,
) -> f64 {
    match nulls {
        None => {
            for (slot, &value) in out.iter_mut().zip(values) {
                total = combine(total, value);
                *slot = total;
            }
        }
        Some(_) => {
            for (index, (slot, &value)) in out.iter_mut().zip(values).enumerate() {
                *slot = if is_valid(nulls, index) {
                    total = combine(total, value);
                    total
                } else {
                    f64::NAN
                };
            }
        }
    }
    total
}
