//! Exponentially weighted mean.

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

/// The exponentially weighted mean at each row, as pandas' `ewm(adjust=True, ignore_na=False)`:
/// weights are divided by their sum, a null row ages the weights and repeats the mean.
/// Cost: one division per row; a recurrence, so no faster than its latency.
///
/// # Examples
/// ```
/// use millrace_core::ewm::{Decay, EwmMean};
///
/// let mut mean = EwmMean::new(Decay::Com(1.0))?;
/// let mut out = [0.0; 3];
/// mean.push(&[1.0, 1.0, 4.5], None, &mut out);
/// assert_eq!(out, [1.0, 1.0, 3.0]);
/// # Ok::<(), millrace_core::kernel_error::KernelError>(())
/// ```
#[derive(Debug, Clone)]
pub struct EwmMean {
    factor: f64,
    /// `None` before the first valid row.
    mean: Option<f64>,
    weight: f64,
}

impl EwmMean {
    /// A mean of no rows yet.
    ///
    /// # Errors
    /// [`KernelError::InvalidArgument`] if the decay is outside its range.
    pub fn new(decay: Decay) -> Result<Self, KernelError> {
        Ok(Self {
            factor: 1.0 - decay.alpha()?,
            mean: None,
            weight: 1.0,
        })
    }

    /// Takes a batch in and writes the mean after each row to `out`; returns the validity of the
    /// results, `None` when none is null. Only rows before the first valid one are null; they are
    /// NaN in `out`.
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
        let mut validity = ValidityBuilder::default();
        for (index, slot) in out.iter_mut().enumerate() {
            let valid = is_valid(nulls, index);
            match &mut self.mean {
                Some(mean) => {
                    self.weight *= self.factor;
                    if valid {
                        let total = self.weight + 1.0;
                        // By the distance, so that equal values stay exactly equal.
                        *mean += (values[index] - *mean) / total;
                        self.weight = total;
                    }
                }
                None if valid => self.mean = Some(values[index]),
                None => {}
            }
            *slot = self.mean.unwrap_or(f64::NAN);
            validity.append(1, self.mean.is_some());
        }
        validity.finish()
    }

    /// The state as bytes.
    pub fn snapshot(&self) -> Vec<u8> {
        StateWriter::new(1)
            .bools(&[self.mean.is_some()])
            .f64(self.mean.unwrap_or_default())
            .f64(self.weight)
            .finish()
    }

    /// Takes up the state that `bytes` hold, for the same decay.
    ///
    /// # Errors
    /// [`KernelError::CorruptState`] if `bytes` are no such state; the mean is then unchanged.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), KernelError> {
        let mut state = StateReader::new("EwmMean", 1, bytes)?;
        let some = state.bools()? == [true];
        let mean = state.f64()?;
        let weight = state.f64()?;
        state.finish()?;
        self.mean = some.then_some(mean);
        self.weight = weight;
        Ok(())
    }
}
