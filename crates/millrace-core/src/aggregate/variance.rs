//! Variance and standard deviation.
//!
//! Chan, Golub & LeVeque 1979, "Updating formulae and a pairwise algorithm for computing sample
//! variances": count, mean and sum of squared deviations merge without cancellation, where
//! E\[x²\]−E\[x\]² loses every digit of 1e9 + {0, 1, 2}.

use super::Aggregate;

/// Count, mean and sum of squared deviations from the mean of a set of rows.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Moments {
    /// How many rows.
    pub count: f64,
    /// Their mean.
    pub mean: f64,
    /// The sum of their squared deviations from it.
    pub squares: f64,
}

impl Moments {
    /// The moments of one value.
    #[inline(always)]
    pub fn of(value: f64) -> Self {
        // A value that is not finite has no deviation: NaN from its first row on.
        Self {
            count: 1.0,
            mean: value,
            squares: if value.is_finite() { 0.0 } else { f64::NAN },
        }
    }

    /// The moments of two sets together.
    #[inline(always)]
    pub fn merge(self, other: Self) -> Self {
        if self.count == 0.0 {
            return other;
        }
        if other.count == 0.0 {
            return self;
        }
        let count = self.count + other.count;
        let delta = other.mean - self.mean;
        let share = other.count / count;
        Self {
            count,
            mean: self.mean + delta * share,
            squares: self.squares + other.squares + delta * delta * self.count * share,
        }
    }

    /// The moments with one more value (Welford 1962).
    #[inline(always)]
    pub fn with(self, value: f64) -> Self {
        let count = self.count + 1.0;
        let delta = value - self.mean;
        let mean = self.mean + delta / count;
        Self {
            count,
            mean,
            squares: self.squares + delta * (value - mean),
        }
    }

    /// The variance with divisor `count - ddof`, `None` when that is not positive.
    #[inline(always)]
    pub fn variance(self, ddof: u32) -> Option<f64> {
        let divisor = self.count - f64::from(ddof);
        (divisor > 0.0).then(|| self.squares / divisor)
    }
}

/// The variance of floats with divisor `count - ddof`.
#[derive(Debug, Clone, Copy)]
pub struct Variance {
    /// Delta degrees of freedom.
    pub ddof: u32,
}

impl Aggregate for Variance {
    type Input = f64;
    type State = Moments;
    type Output = f64;

    fn identity(&self) -> Moments {
        Moments::default()
    }
    fn lift(&self, value: f64) -> Moments {
        Moments::of(value)
    }
    fn combine(&self, older: &Moments, newer: &Moments) -> Moments {
        older.merge(*newer)
    }
    fn lower(&self, state: &Moments) -> Option<f64> {
        state.variance(self.ddof)
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
    type State = Moments;
    type Output = f64;

    fn identity(&self) -> Moments {
        Moments::default()
    }
    fn lift(&self, value: f64) -> Moments {
        Moments::of(value)
    }
    fn combine(&self, older: &Moments, newer: &Moments) -> Moments {
        older.merge(*newer)
    }
    fn lower(&self, state: &Moments) -> Option<f64> {
        state.variance(self.ddof).map(f64::sqrt)
    }
}
