//! Aggregates over all rows so far.

use serde::Deserialize;

use super::column::{Column, only};
use super::step::Kernel;
use crate::aggregate::Moments;
use crate::kernel_error::KernelError;
use crate::state::{StateReader, StateWriter};

/// An aggregate of [`Step::Reduce`](super::Step::Reduce).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Reduction {
    /// How many values there are.
    Count,
    /// Their sum.
    Sum,
    /// Their mean; NaN for none.
    Mean,
    /// The smallest; NaN for none, and where one is NaN.
    Min,
    /// The largest; NaN for none, and where one is NaN.
    Max,
    /// The variance with divisor n − 1; NaN for fewer than two.
    Var,
    /// The square root of the variance.
    Std,
}

/// What reductions know of rows; that of two runs of rows merges to that of both.
///
/// What is not finite is counted apart from the sums, so that no device has to compute with it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Summary {
    /// Sums of the finite values.
    pub moments: Moments,
    /// The sum of the finite values.
    pub sum: f64,
    /// The smallest and the largest number, infinite ones among them.
    pub least: f64,
    /// The largest number.
    pub most: f64,
    /// How many values are NaN.
    pub nans: u64,
    /// How many values are +∞.
    pub positive: u64,
    /// How many values are −∞.
    pub negative: u64,
}

impl Default for Summary {
    fn default() -> Self {
        Self {
            moments: Moments::default(),
            sum: 0.0,
            least: f64::INFINITY,
            most: f64::NEG_INFINITY,
            nans: 0,
            positive: 0,
            negative: 0,
        }
    }
}

impl Summary {
    /// The summary of values, by two passes over each 4,096 of them.
    #[must_use]
    pub fn of(values: &[f32]) -> Self {
        values
            .chunks(4096)
            .map(Self::of_block)
            .fold(Self::default(), Self::merge)
    }

    fn of_block(values: &[f32]) -> Self {
        let mut summary = Self::default();
        let mut count = 0.0;
        for &value in values {
            let value = f64::from(value);
            if value.is_finite() {
                summary.sum += value;
                count += 1.0;
            } else if value.is_nan() {
                summary.nans += 1;
                continue;
            } else if value > 0.0 {
                summary.positive += 1;
            } else {
                summary.negative += 1;
            }
            summary.least = summary.least.min(value);
            summary.most = summary.most.max(value);
        }
        if count > 0.0 {
            let mean = summary.sum / count;
            let square = |&value: &f32| (f64::from(value) - mean).powi(2);
            let finite = values.iter().filter(|value| value.is_finite());
            summary.moments = Moments {
                count,
                mean,
                squares: finite.map(square).sum(),
            };
        }
        summary
    }

    /// The summary of the rows of both.
    #[must_use]
    pub fn merge(self, other: Self) -> Self {
        Self {
            moments: self.moments.merge(other.moments),
            sum: self.sum + other.sum,
            least: self.least.min(other.least),
            most: self.most.max(other.most),
            nans: self.nans + other.nans,
            positive: self.positive + other.positive,
            negative: self.negative + other.negative,
        }
    }

    /// The aggregate of the rows.
    #[must_use]
    pub fn value(&self, reduction: Reduction) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "fewer rows than 2^53")]
        let others = (self.nans + self.positive + self.negative) as f64;
        let count = self.moments.count + others;
        let infinite = self.infinite();
        match reduction {
            Reduction::Count => count,
            Reduction::Sum => infinite.unwrap_or(self.sum),
            Reduction::Mean => infinite.unwrap_or(self.sum / count),
            Reduction::Min | Reduction::Max if self.nans > 0 || count == 0.0 => f64::NAN,
            // Of the zeros the positive one.
            Reduction::Min => self.least + 0.0,
            Reduction::Max => self.most + 0.0,
            Reduction::Var if others > 0.0 => f64::NAN,
            Reduction::Var => self.moments.variance(1).unwrap_or(f64::NAN),
            Reduction::Std => self.value(Reduction::Var).sqrt(),
        }
    }

    /// The sum, where a value is not finite.
    fn infinite(&self) -> Option<f64> {
        match (self.nans, self.positive, self.negative) {
            (0, 0, 0) => None,
            (0, _, 0) => Some(f64::INFINITY),
            (0, 0, _) => Some(f64::NEG_INFINITY),
            _ => Some(f64::NAN),
        }
    }
}

/// Aggregates over all rows so far, on whichever device the rows were summed up.
#[derive(Debug, Clone)]
pub struct Reduce {
    fns: Vec<Reduction>,
    summary: Summary,
}

impl Reduce {
    /// Aggregates of no rows yet.
    ///
    /// # Errors
    /// Where there is no aggregate.
    pub fn new(fns: &[Reduction]) -> Result<Self, KernelError> {
        if fns.is_empty() {
            return Err(KernelError::InvalidArgument(
                "Cannot create reduce: there must be one aggregate or more, got none".to_owned(),
            ));
        }
        Ok(Self {
            fns: fns.to_vec(),
            summary: Summary::default(),
        })
    }

    /// Moves on behind rows, and yields the aggregates as of now: a column of one row for each.
    pub fn advance(&mut self, rows: Summary) -> Vec<Column<'static>> {
        self.summary = self.summary.merge(rows);
        let value = |&reduction: &Reduction| -> Column<'static> {
            vec![self.summary.value(reduction)].into()
        };
        self.fns.iter().map(value).collect()
    }
}

impl Kernel for Reduce {
    fn push(&mut self, columns: &[Column<'_>]) -> Result<Vec<Column<'static>>, KernelError> {
        let values = only("reduce", columns)?.f32s("reduce")?;
        Ok(self.advance(Summary::of(values)))
    }

    fn snapshot(&self) -> Vec<u8> {
        let Summary {
            moments,
            sum,
            least,
            most,
            nans,
            positive,
            negative,
        } = self.summary;
        StateWriter::new(1)
            .f64s(&[moments.count, moments.mean, moments.squares])
            .f64s(&[sum, least, most])
            .u64s(&[nans, positive, negative])
            .finish()
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), KernelError> {
        let mut reader = StateReader::new("reduce", 1, bytes)?;
        let (moments, sums, others) = (reader.f64s()?, reader.f64s()?, reader.u64s()?);
        reader.finish()?;
        match (&moments[..], &sums[..], &others[..]) {
            (&[count, mean, squares], &[sum, least, most], &[nans, positive, negative]) => {
                self.summary = Summary {
                    moments: Moments {
                        count,
                        mean,
                        squares,
                    },
                    sum,
                    least,
                    most,
                    nans,
                    positive,
                    negative,
                };
                Ok(())
            }
            _ => Err(reader_of_other_length()),
        }
    }
}

fn reader_of_other_length() -> KernelError {
    KernelError::CorruptState {
        kernel: "reduce",
        detail: "a list has another length".to_owned(),
    }
}
