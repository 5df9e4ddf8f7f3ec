//! Sums.

use super::{Aggregate, Invertible};

/// The sum of floats, in the order of combination. The sum of no rows is 0.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sum;

impl Aggregate for Sum {
    type Input = f64;
    type State = f64;
    type Output = f64;

    fn identity(&self) -> f64 {
        0.0
    }
    fn lift(&self, value: f64) -> f64 {
        value
    }
    fn combine(&self, older: &f64, newer: &f64) -> f64 {
        older + newer
    }
    fn lower(&self, state: &f64) -> Option<f64> {
        Some(*state)
    }
}

/// The exact sum of integers. 128 bits cannot overflow before 2⁶⁴ rows; a result outside `i64` is
/// `None`, which callers report as an overflow.
#[derive(Debug, Clone, Copy, Default)]
pub struct IntegerSum;

impl Aggregate for IntegerSum {
    type Input = i64;
    type State = i128;
    type Output = i64;

    fn identity(&self) -> i128 {
        0
    }
    fn lift(&self, value: i64) -> i128 {
        i128::from(value)
    }
    fn combine(&self, older: &i128, newer: &i128) -> i128 {
        older + newer
    }
    fn lower(&self, state: &i128) -> Option<i64> {
        i64::try_from(*state).ok()
    }
}

impl Invertible for IntegerSum {
    fn remove(&self, whole: &i128, part: &i128) -> i128 {
        whole - part
    }
}
