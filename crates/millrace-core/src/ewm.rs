//! Exponentially weighted mean, variance and standard deviation.

use arrow_buffer::NullBuffer;

use crate::kernel_error::KernelError;
use crate::nulls::{ValidityBuilder, is_valid};
use crate::state::{StateReader, StateWriter};

/// How fast old rows lose weight; each form determines `alpha`, the weight of the newest row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Decay {
    /// Centre of mass, at least 0: `alpha = 1 / (1 + com)`.
    Com(f64),
    /// Span, at least 1: `alpha = 2 / (span + 1)`.
    Span(f64),
    /// Rows until a weight has halved, above 0: `alpha = 1 - exp(-ln 2 / halflife)`.
    Halflife(f64),
    /// The weight itself, above 0 and at most 1.
    Alpha(f64),
}

impl Decay {
    /// The weight of the newest row.
    ///
    /// # Errors
    /// [`KernelError::InvalidArgument`] if the parameter is outside its range.
    pub fn alpha(self) -> Result<f64, KernelError> {
        let refuse = |name: &str, wanted: &str, got: f64| {
            Err(KernelError::InvalidArgument(format!(
                "Cannot create ewm: {name} must be {wanted}, got {got}"
            )))
        };
        match self {
            Self::Com(com) if com >= 0.0 && com.is_finite() => Ok(1.0 / (1.0 + com)),
            Self::Com(com) => refuse("com", "a number of at least 0", com),
            Self::Span(span) if span >= 1.0 && span.is_finite() => Ok(2.0 / (span + 1.0)),
            Self::Span(span) => refuse("span", "a number of at least 1", span),
            Self::Halflife(rows) if rows > 0.0 && rows.is_finite() => {
                Ok(-(-std::f64::consts::LN_2 / rows).exp_m1())
            }
            Self::Halflife(rows) => refuse("halflife", "a number above 0", rows),
            Self::Alpha(alpha) if alpha > 0.0 && alpha <= 1.0 => Ok(alpha),
            Self::Alpha(alpha) => refuse("alpha", "a number above 0 and at most 1", alpha),
        }
    }
}

/// What is weighted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EwmFunction {
    /// The mean.
    Mean,
    /// The variance.
    Var {
        /// Whether it is left uncorrected for the number of rows that the weights amount to.
        bias: bool,
    },
    /// The square root of the variance.
    Std {
        /// As of the variance.
        bias: bool,
    },
}

/// An exponentially weighted statistic at each row, as pandas' `ewm(adjust=True, ignore_na=False)`:
/// weights are divided by their sum, a null row ages the weights and repeats the result. The
/// variance is corrected by (Σw)² / ((Σw)² - Σw²) unless it is biased, and then null for one row.
/// Cost: one division per row, two for a variance; a recurrence, so no faster than its latency.
///
/// # Examples
/// ```
/// use millrace_core::ewm::{Decay, Ewm, EwmFunction};
///
/// let mut mean = Ewm::new(Decay::Com(1.0), EwmFunction::Mean)?;
/// let mut out = [0.0; 3];
/// mean.push(&[1.0, 1.0, 4.5], None, &mut out);
/// assert_eq!(out, [1.0, 1.0, 3.0]);
/// # Ok::<(), millrace_core::kernel_error::KernelError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Ewm {
    factor: f64,
    function: EwmFunction,
    state: Weighted,
}

#[derive(Debug, Clone, Copy)]
struct Weighted {
    /// `None` before the first valid row.
    mean: Option<f64>,
    /// The sum of the weights.
    weight: f64,
    /// (Σw)² - Σw², kept as it is: the difference of the two would cancel.
    pairs: f64,
    /// The biased variance.
    variance: f64,
}

impl Weighted {
    const EMPTY: Self = Self {
        mean: None,
        weight: 1.0,
        pairs: 0.0,
        variance: 0.0,
    };

    #[inline(always)]
    fn step<const SPREAD: bool>(&mut self, factor: f64, row: Option<f64>) {
        let Some(mean) = &mut self.mean else {
            self.mean = row;
            if row.is_some_and(|value| !value.is_finite()) {
                self.variance = f64::NAN;
            }
            return;
        };
        self.weight *= factor;
        if SPREAD {
            self.pairs *= factor * factor;
        }
        let Some(value) = row else { return };
        let total = self.weight + 1.0;
        let distance = value - *mean;
        // By the distance, so that equal values stay exactly equal.
        *mean += distance / total;
        if SPREAD {
            // The distance from the new mean: taken as a difference it would carry the rounding of
            // the mean, which the correction for the sample can make large.
            let left = distance * (self.weight / total);
            // An infinity has no distance from the mean that it makes: NaN from here on.
            let none = distance * 0.0;
            self.variance = (self.weight * self.variance + distance * left + none) / total;
            self.pairs += 2.0 * self.weight;
        }
        self.weight = total;
    }

    fn variance(&self, bias: bool) -> Option<f64> {
        self.mean?;
        if bias {
            return Some(self.variance);
        }
        (self.pairs > 0.0).then(|| self.variance * (self.weight * self.weight / self.pairs))
    }
}

impl Ewm {
    /// A statistic of no rows yet.
    ///
    /// # Errors
    /// [`KernelError::InvalidArgument`] if the decay is outside its range.
    pub fn new(decay: Decay, function: EwmFunction) -> Result<Self, KernelError> {
        Ok(Self {
            factor: 1.0 - decay.alpha()?,
            function,
            state: Weighted::EMPTY,
        })
    }

    /// Takes a batch in and writes the result after each row to `out`; returns the validity of the
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
        assert!(
            nulls.is_none_or(|nulls| nulls.len() == values.len()),
            "validity length"
        );
        match self.function {
            EwmFunction::Mean => self.run::<false>(values, nulls, out, |state| state.mean),
            EwmFunction::Var { bias } => {
                self.run::<true>(values, nulls, out, |state| state.variance(bias))
            }
            EwmFunction::Std { bias } => self.run::<true>(values, nulls, out, |state| {
                state.variance(bias).map(f64::sqrt)
            }),
        }
    }

    fn run<const SPREAD: bool>(
        &mut self,
        values: &[f64],
        nulls: Option<&NullBuffer>,
        out: &mut [f64],
        result: impl Fn(&Weighted) -> Option<f64>,
    ) -> Option<NullBuffer> {
        let mut validity = ValidityBuilder::default();
        for (index, slot) in out.iter_mut().enumerate() {
            let row = is_valid(nulls, index).then(|| values[index]);
            self.state.step::<SPREAD>(self.factor, row);
            let value = result(&self.state);
            *slot = value.unwrap_or(f64::NAN);
            validity.append(1, value.is_some());
        }
        validity.finish()
    }

    /// The state as bytes.
    pub fn snapshot(&self) -> Vec<u8> {
        StateWriter::new(2)
            .bools(&[self.state.mean.is_some()])
            .f64(self.state.mean.unwrap_or_default())
            .f64(self.state.weight)
            .f64(self.state.pairs)
            .f64(self.state.variance)
            .finish()
    }

    /// Takes up the state that `bytes` hold, for the same decay and function.
    ///
    /// # Errors
    /// [`KernelError::CorruptState`] if `bytes` are no such state; the kernel is then unchanged.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), KernelError> {
        let mut state = StateReader::new("Ewm", 2, bytes)?;
        let some = state.bools()? == [true];
        let mean = state.f64()?;
        let next = Weighted {
            mean: some.then_some(mean),
            weight: state.f64()?,
            pairs: state.f64()?,
            variance: state.f64()?,
        };
        state.finish()?;
        self.state = next;
        Ok(())
    }
}
