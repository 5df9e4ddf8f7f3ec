//! Count, mean and squared deviations of a set of rows: what variances are made of.
//!
//! Chan, Golub & LeVeque 1979, "Updating formulae and a pairwise algorithm for computing sample
//! variances": count, mean and sum of squared deviations merge without cancellation, where
//! E\[x²\]−E\[x\]² loses every digit of 1e9 + {0, 1, 2}.

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

/// The moments of the distances of a set's rows from one of them, the shift.
///
/// The mean of rows far from zero would be rounded more coarsely than the rows differ; its distance
/// from one of them is not. As the shift is a row of the set, a set knows nothing of rows outside:
/// an outlier that has left a window leaves no rounding behind.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ShiftedMoments {
    /// A row of the set; 0 while there is none.
    pub shift: f64,
    /// The moments of the rows' distances from it.
    pub distances: Moments,
}

impl ShiftedMoments {
    /// The moments of one value.
    #[inline(always)]
    pub fn of(value: f64) -> Self {
        Self {
            shift: value,
            distances: Moments {
                count: 1.0,
                mean: 0.0,
                // A value that is not finite has no deviation: NaN from its first row on.
                squares: if value.is_finite() { 0.0 } else { f64::NAN },
            },
        }
    }

    /// Takes one more value in, around the shift that the set has.
    #[inline(always)]
    pub fn push(&mut self, value: f64) {
        if self.distances.count == 0.0 {
            *self = Self::of(value);
        } else {
            self.distances = self.distances.with(value - self.shift);
        }
    }

    /// The moments of two sets together, around the shift of the first.
    #[inline(always)]
    pub fn merge(self, mut other: Self) -> Self {
        if self.distances.count == 0.0 {
            return other;
        }
        other.distances.mean += other.shift - self.shift;
        Self {
            shift: self.shift,
            distances: self.distances.merge(other.distances),
        }
    }
}
