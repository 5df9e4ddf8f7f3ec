//! Aggregates over the last `n` rows, a row for each full window.

use serde::Deserialize;

use super::Lookback;
use super::column::{Column, only};
use super::step::Kernel;
use crate::aggregate::{AggregateFunction, Interpolation, Quantile};
use crate::kernel_error::KernelError;
use crate::window;

/// An aggregate of [`Step::Rolling`](super::Step::Rolling).
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum RollingFunction {
    /// The sum.
    Sum,
    /// The mean.
    Mean,
    /// The smallest value.
    Min,
    /// The largest value.
    Max,
    /// The variance, with divisor n − 1.
    Var,
    /// Its square root.
    Std,
    /// The value below which a share of the window lies, by linear interpolation.
    Quantile {
        /// From 0 to 1.
        q: f64,
    },
}

impl RollingFunction {
    fn aggregate(self) -> Result<AggregateFunction, KernelError> {
        Ok(match self {
            Self::Sum => AggregateFunction::Sum,
            Self::Mean => AggregateFunction::Mean,
            Self::Min => AggregateFunction::Min,
            Self::Max => AggregateFunction::Max,
            Self::Var => AggregateFunction::Var { ddof: 1 },
            Self::Std => AggregateFunction::Std { ddof: 1 },
            Self::Quantile { q } => {
                AggregateFunction::Quantile(Quantile::new(q, Interpolation::Linear)?)
            }
        })
    }
}

/// The place of a share among the values of a window: the rank, counted from 0, and the part of the way
/// from there to the next.
///
/// # Errors
/// Where the share is not within 0 and 1.
pub fn rank_of(q: f64, n: usize) -> Result<(usize, f64), KernelError> {
    let place = Quantile::new(q, Interpolation::Linear)?.place(n);
    Ok((place.rank, place.part))
}

/// Computes in f64 and rounds the results to f32.
#[derive(Debug, Clone)]
pub(super) struct Rolling {
    fresh: window::Rolling,
    rolling: window::Rolling,
    rows: Lookback,
}

impl Rolling {
    pub(super) fn new(function: RollingFunction, n: usize) -> Result<Self, KernelError> {
        check_rows("rolling", n)?;
        let fresh = window::Rolling::new(function.aggregate()?, n, n)?;
        Ok(Self {
            rolling: fresh.clone(),
            fresh,
            rows: Lookback::new(n - 1, 1),
        })
    }
}

/// Fails where a window or segment has no row, or more than a device can count.
///
/// # Errors
/// Says so.
pub fn check_rows(step: &str, n: usize) -> Result<(), KernelError> {
    if (1..=1 << 30).contains(&n) {
        return Ok(());
    }
    Err(KernelError::InvalidArgument(format!(
        "Cannot create {step}: n must be from 1 to 2^30, got {n}"
    )))
}

fn widened(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&value| value.into()).collect()
}

impl Kernel for Rolling {
    fn push(&mut self, columns: &[Column<'_>]) -> Result<Vec<Column<'static>>, KernelError> {
        let values = only("rolling", columns)?.f32s("rolling")?;
        let mut results = vec![0.0; values.len()];
        self.rolling.push(&widened(values), None, &mut results);
        let missing = (self.rows.limit() - self.rows.rows()).min(values.len());
        self.rows.advance(0, values);
        #[expect(clippy::cast_possible_truncation, reason = "rounded to f32 on purpose")]
        let narrow: Vec<f32> = results[missing..]
            .iter()
            .map(|&value| value as f32)
            .collect();
        Ok(vec![narrow.into()])
    }

    fn snapshot(&self) -> Vec<u8> {
        self.rows.snapshot()
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), KernelError> {
        self.rows.restore(bytes)?;
        self.rolling = self.fresh.clone();
        let values = widened(self.rows.column(0));
        let mut unused = vec![0.0; values.len()];
        self.rolling.push(&values, None, &mut unused);
        Ok(())
    }
}
