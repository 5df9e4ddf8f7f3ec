//! The aggregates by name.

use super::Quantile;

/// An aggregate over a column of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AggregateFunction {
    /// The sum of the valid values; 0 for none.
    Sum,
    /// The arithmetic mean of the valid values.
    Mean,
    /// How many values are valid.
    Count,
    /// The smallest valid value; NaN if one is NaN.
    Min,
    /// The largest valid value; NaN if one is NaN.
    Max,
    /// The variance, with divisor `count - ddof`.
    Var {
        /// Delta degrees of freedom: 1 for the sample, 0 for the population.
        ddof: u32,
    },
    /// The square root of the variance.
    Std {
        /// Delta degrees of freedom: 1 for the sample, 0 for the population.
        ddof: u32,
    },
    /// The oldest valid value.
    First,
    /// The newest valid value.
    Last,
    /// The median or another quantile of the valid values; NaN if one is NaN.
    Quantile(Quantile),
}
