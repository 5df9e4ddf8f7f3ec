//! What a step is, and how one is written.

use serde::Deserialize;

use super::column::Column;
use super::copy::Copy;
use super::correlation::Correlation;
use super::histogram::{Frequencies, Histogram};
use super::map::{Elements, Map};
use super::nearest::Nearest;
use super::points::Points;
use super::power_spectrum::PowerSpectrum;
use super::rolling::{Rolling, RollingFunction};
use super::sort::Sort;
use super::top_k::TopK;
use super::weighted::Weighted;
use super::{Cumulative, CumulativeFunction, Reduce, Reduction};
use crate::kernel_error::KernelError;

/// One step of a chain, as written in JSON: `{"op": "cumulative", "fn": "sum"}`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(
    tag = "op",
    rename_all = "camelCase",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
#[non_exhaustive]
pub enum Step {
    /// The columns as they are: what moving them costs.
    Copy {},
    /// Expressions, element by element.
    Map(Elements),
    /// Aggregates over all rows so far: after each batch one row, of f64, a column for each.
    Reduce {
        /// What is computed.
        fns: Vec<Reduction>,
    },
    /// Each value combined with all before it.
    Cumulative {
        /// How two values combine.
        #[serde(rename = "fn")]
        function: CumulativeFunction,
    },
    /// An aggregate of the last `n` rows: a row for each full window.
    Rolling {
        /// What is computed.
        #[serde(rename = "fn")]
        function: RollingFunction,
        /// Rows of a window.
        n: usize,
    },
    /// Sums of the last rows times taps: a row for each full window.
    Weighted {
        /// From that of the oldest row to that of the newest.
        taps: Vec<f64>,
    },
    /// The squared magnitudes of the Fourier transforms of segments.
    PowerSpectrum {
        /// Rows of a segment, a power of two.
        n: usize,
    },
    /// The nearest of given points.
    Nearest {
        /// The points, one after another.
        points: Points,
        /// Coordinates of a point.
        dimensions: usize,
        /// How many are found.
        k: usize,
    },
    /// The correlations of columns with each other, over windows of rows.
    Correlation {
        /// Values of a row, one after another in the one column that comes in.
        columns: usize,
        /// Rows of a window.
        n: usize,
        /// Rows from window to window.
        every: usize,
    },
    /// Rows in ascending order.
    Sort {
        /// Rows that are sorted together; without it those of each batch.
        #[serde(default)]
        n: Option<usize>,
        /// The other way round.
        #[serde(default)]
        descending: bool,
    },
    /// The largest values, and the rows they stood in.
    TopK {
        /// Rows that they are chosen from; without it those of each batch.
        #[serde(default)]
        n: Option<usize>,
        /// How many.
        k: usize,
        /// The smallest instead.
        #[serde(default)]
        smallest: bool,
    },
    /// How many values so far are in each of some bins of one width.
    Histogram {
        /// Where the first bin begins.
        low: f64,
        /// Where the last ends.
        high: f64,
        /// How many there are.
        bins: usize,
    },
    /// How often each of the integers below `bins` has come so far.
    Frequencies {
        /// How many there are.
        bins: usize,
    },
}

/// A step that runs. State survives an error: it is as before the batch.
pub trait Kernel: Send {
    /// Runs a batch: columns of one length.
    ///
    /// # Errors
    /// Where the columns are not what the step takes.
    fn push(&mut self, columns: &[Column<'_>]) -> Result<Vec<Column<'static>>, KernelError>;

    /// What it keeps between batches; the same bytes on every device.
    fn snapshot(&self) -> Vec<u8>;

    /// Takes over what a kernel of the same step kept.
    ///
    /// # Errors
    /// Where the bytes are not of such a kernel.
    fn restore(&mut self, bytes: &[u8]) -> Result<(), KernelError>;
}

impl Step {
    /// The name it is written by.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Copy {} => "copy",
            Self::Map(_) => "map",
            Self::Reduce { .. } => "reduce",
            Self::Cumulative { .. } => "cumulative",
            Self::Rolling { .. } => "rolling",
            Self::Weighted { .. } => "weighted",
            Self::PowerSpectrum { .. } => "powerSpectrum",
            Self::Nearest { .. } => "nearest",
            Self::Correlation { .. } => "correlation",
            Self::Sort { .. } => "sort",
            Self::TopK { .. } => "topK",
            Self::Histogram { .. } => "histogram",
            Self::Frequencies { .. } => "frequencies",
        }
    }

    /// The step on the CPU.
    ///
    /// # Errors
    /// Where a parameter is out of range; `columns` is how many columns come in, where the step has
    /// to know.
    pub fn on_cpu(&self) -> Result<Box<dyn Kernel>, KernelError> {
        Ok(match self {
            Self::Copy {} => Box::new(Copy),
            Self::Map(elements) => Box::new(Map::new(elements)?),
            Self::Reduce { fns } => Box::new(Reduce::new(fns)?),
            Self::Cumulative { function } => Box::new(Cumulative::new(*function)),
            Self::Rolling { function, n } => Box::new(Rolling::new(*function, *n)?),
            Self::Weighted { taps } => Box::new(Weighted::new(taps)?),
            Self::PowerSpectrum { n } => Box::new(PowerSpectrum::new(*n)?),
            Self::Nearest {
                points,
                dimensions,
                k,
            } => Box::new(Nearest::new(&points.0, *dimensions, *k)?),
            Self::Correlation { columns, n, every } => {
                Box::new(Correlation::new(*columns, *n, *every)?)
            }
            Self::Sort { n, descending } => Box::new(Sort::new(*n, *descending)?),
            Self::TopK { n, k, smallest } => Box::new(TopK::new(*n, *k, *smallest)?),
            Self::Histogram { low, high, bins } => Box::new(Histogram::new(*low, *high, *bins)?),
            Self::Frequencies { bins } => Box::new(Frequencies::new(*bins)?),
        })
    }
}

/// The steps written as JSON text: `[{"op": …}, …]`.
///
/// # Errors
/// Where the text is of no steps, or there is none.
pub fn steps_from_json(text: &str) -> Result<Vec<Step>, KernelError> {
    let steps: Vec<Step> = serde_json::from_str(text).map_err(|error| {
        KernelError::InvalidArgument(format!("Cannot read the steps of a chain: {error}"))
    })?;
    if steps.is_empty() {
        return Err(KernelError::InvalidArgument(
            "Cannot read the steps of a chain: there must be one or more, got none".to_owned(),
        ));
    }
    Ok(steps)
}
