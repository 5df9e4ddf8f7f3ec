//! Each value combined with all before it.

use serde::Deserialize;

use super::column::{Column, only};
use super::step::Kernel;
use crate::kernel_error::KernelError;
use crate::state::{StateReader, StateWriter};

/// How [`Step::Cumulative`](super::Step::Cumulative) combines two values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum CumulativeFunction {
    /// Their sum.
    Sum,
    /// The smaller; NaN from the first NaN on.
    Min,
    /// The larger; NaN from the first NaN on.
    Max,
}

impl CumulativeFunction {
    /// What changes nothing when combined.
    #[must_use]
    pub fn neutral(self) -> f64 {
        match self {
            Self::Sum => 0.0,
            Self::Min => f64::INFINITY,
            Self::Max => f64::NEG_INFINITY,
        }
    }

    /// Two values combined. Of two zeros a minimum or maximum is +0.
    #[must_use]
    pub fn combine(self, left: f64, right: f64) -> f64 {
        match self {
            Self::Sum => left + right,
            _ if left.is_nan() || right.is_nan() => f64::NAN,
            Self::Min => left.min(right) + 0.0,
            Self::Max => left.max(right) + 0.0,
        }
    }
}

/// Sums in f64; a result is rounded to f32, where it may be infinite.
#[derive(Debug, Clone)]
pub struct Cumulative {
    function: CumulativeFunction,
    /// All rows so far, combined.
    total: f64,
}

impl Cumulative {
    /// Nothing combined yet.
    #[must_use]
    pub fn new(function: CumulativeFunction) -> Self {
        Self {
            function,
            total: function.neutral(),
        }
    }

    /// How values combine.
    #[must_use]
    pub fn function(&self) -> CumulativeFunction {
        self.function
    }

    /// All rows so far, combined.
    #[must_use]
    pub fn total(&self) -> f64 {
        self.total
    }

    /// Moves on to where all rows so far are `total`.
    pub fn advance_to(&mut self, total: f64) {
        self.total = total;
    }
}

impl Kernel for Cumulative {
    fn push(&mut self, columns: &[Column<'_>]) -> Result<Vec<Column<'static>>, KernelError> {
        let values = only("cumulative", columns)?.f32s("cumulative")?;
        let (function, total) = (self.function, &mut self.total);
        #[expect(clippy::cast_possible_truncation, reason = "rounded to f32 on purpose")]
        let step = |&value: &f32| {
            *total = function.combine(*total, f64::from(value));
            *total as f32
        };
        let results: Vec<f32> = values.iter().map(step).collect();
        Ok(vec![results.into()])
    }

    fn snapshot(&self) -> Vec<u8> {
        StateWriter::new(1).f64(self.total).finish()
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), KernelError> {
        let mut reader = StateReader::new("cumulative", 1, bytes)?;
        let total = reader.f64()?;
        reader.finish()?;
        self.total = total;
        Ok(())
    }
}
