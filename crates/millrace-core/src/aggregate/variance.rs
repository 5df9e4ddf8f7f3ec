//! Variance and standard deviation.

use super::{Aggregate, ShiftedMoments};

/// The variance of floats with divisor `count - ddof`.
#[derive(Debug, Clone, Copy)]
pub struct Variance {
    /// Delta degrees of freedom.
    pub ddof: u32,
}

impl Aggregate for Variance {
    type Input = f64;
    type State = ShiftedMoments;
    type Output = f64;

    fn identity(&self) -> ShiftedMoments {
        ShiftedMoments::default()
    }
    fn lift(&self, value: f64) -> ShiftedMoments {
        ShiftedMoments::of(value)
    }
    fn combine(&self, older: &ShiftedMoments, newer: &ShiftedMoments) -> ShiftedMoments {
        older.merge(*newer)
    }
    fn append(&self, older: &mut ShiftedMoments, value: f64) {
        older.push(value);
    }
    fn prepend(&self, newer: &mut ShiftedMoments, value: f64) {
        newer.push(value);
    }
    fn lower(&self, state: &ShiftedMoments) -> Option<f64> {
        state.distances.variance(self.ddof)
    }
}

/// The square root of [`Variance`].
#[derive(Debug, Clone, Copy)]
pub struct Std {
    /// Delta degrees of freedom.
    pub ddof: u32,
}

impl Aggregate for Std {
    type Input = f64;
    type State = ShiftedMoments;
    type Output = f64;

    fn identity(&self) -> ShiftedMoments {
        ShiftedMoments::default()
    }
    fn lift(&self, value: f64) -> ShiftedMoments {
        ShiftedMoments::of(value)
    }
    fn combine(&self, older: &ShiftedMoments, newer: &ShiftedMoments) -> ShiftedMoments {
        older.merge(*newer)
    }
    fn append(&self, older: &mut ShiftedMoments, value: f64) {
        older.push(value);
    }
    fn prepend(&self, newer: &mut ShiftedMoments, value: f64) {
        newer.push(value);
    }
    fn lower(&self, state: &ShiftedMoments) -> Option<f64> {
        state.distances.variance(self.ddof).map(f64::sqrt)
    }
}
