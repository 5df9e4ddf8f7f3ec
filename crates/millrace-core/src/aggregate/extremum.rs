//! The smallest and the largest value.
//!
//! NaN wins over every number, as in IEEE 754-2019 `minimum` and `maximum`. Zeros of either sign
//! are one value and come out as +0, so that no order of combination can show.

use super::Aggregate;

/// The smaller of two numbers; NaN if either is.
#[inline(always)]
pub(crate) fn minimum(a: f64, b: f64) -> f64 {
    if a < b || a.is_nan() { a } else { b }
}

/// The larger of two numbers; NaN if either is.
#[inline(always)]
pub(crate) fn maximum(a: f64, b: f64) -> f64 {
    if a > b || a.is_nan() { a } else { b }
}

macro_rules! extremum {
    ($name:ident, $doc:literal, $combine:ident) => {
        #[doc = $doc]
        #[derive(Debug, Clone, Copy, Default)]
        pub struct $name;

        impl Aggregate for $name {
            type Input = f64;
            type State = Option<f64>;
            type Output = f64;

            fn identity(&self) -> Option<f64> {
                None
            }
            fn lift(&self, value: f64) -> Option<f64> {
                Some(value)
            }
            fn combine(&self, older: &Option<f64>, newer: &Option<f64>) -> Option<f64> {
                match (*older, *newer) {
                    (Some(a), Some(b)) => Some($combine(a, b)),
                    (a, b) => a.or(b),
                }
            }
            fn lower(&self, state: &Option<f64>) -> Option<f64> {
                state.map(|value| value + 0.0)
            }
        }
    };
}

extremum!(Min, "The smallest value; NaN if one is NaN.", minimum);
extremum!(Max, "The largest value; NaN if one is NaN.", maximum);
