//! How columns go together over windows of rows.

use super::Lookback;
use super::column::{Column, only};
use super::rolling::check_rows;
use super::step::Kernel;
use crate::kernel_error::KernelError;

/// The most columns.
const MOST: usize = 4096;

/// Which windows there are of rows of several columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowWindows {
    /// Values of a row.
    pub columns: usize,
    /// Rows of a window.
    pub n: usize,
    /// Rows from the beginning of a window to that of the next.
    pub every: usize,
}

impl RowWindows {
    /// Windows of `n` rows, one beginning every `every` rows.
    ///
    /// # Errors
    /// Where a number is out of range.
    pub fn new(columns: usize, n: usize, every: usize) -> Result<Self, KernelError> {
        check_rows("correlation", n)?;
        if columns == 0 || columns > MOST {
            return Err(KernelError::InvalidArgument(format!(
                "Cannot create correlation: columns must be from 1 to {MOST}, got {columns}"
            )));
        }
        if n < 2 || every == 0 || every > n {
            return Err(KernelError::InvalidArgument(format!(
                "Cannot create correlation: n must be 2 or more and every from 1 to n, got {n} and {every}"
            )));
        }
        Ok(Self { columns, n, every })
    }

    /// Values that may have to be kept until a window is whole.
    #[must_use]
    pub fn most_kept(self) -> usize {
        self.n * self.columns - 1
    }

    /// How many windows are whole among `values` values.
    #[must_use]
    pub fn whole(self, values: usize) -> usize {
        let rows = values / self.columns;
        if rows < self.n {
            0
        } else {
            (rows - self.n) / self.every + 1
        }
    }

    /// Values from the beginning of a window to that of the next.
    #[must_use]
    pub fn stride(self) -> usize {
        self.every * self.columns
    }
}

/// For each window the matrix of Pearson's correlations of its columns, row by row; NaN for a column
/// that does not vary or has a value that is not finite. In f64, rounded to f32.
#[derive(Debug, Clone)]
pub(super) struct Correlation {
    windows: RowWindows,
    rest: Lookback,
}

impl Correlation {
    pub(super) fn new(columns: usize, n: usize, every: usize) -> Result<Self, KernelError> {
        let windows = RowWindows::new(columns, n, every)?;
        Ok(Self {
            rest: Lookback::new(windows.most_kept(), 1),
            windows,
        })
    }
}

impl Kernel for Correlation {
    fn push(&mut self, columns: &[Column<'_>]) -> Result<Vec<Column<'static>>, KernelError> {
        let values = only("correlation", columns)?.f32s("correlation")?;
        let joined = self.rest.joined(0, values);
        let RowWindows { columns, n, .. } = self.windows;
        let stride = self.windows.stride();
        let whole = self.windows.whole(joined.len());
        let mut matrices = Vec::with_capacity(whole * columns * columns);
        for window in 0..whole {
            let first = window * stride;
            matrix(&joined[first..first + n * columns], columns, &mut matrices);
        }
        let kept = &joined[whole * stride..];
        let new = kept.len().min(values.len());
        self.rest.end_with(0, kept.len(), &kept[kept.len() - new..]);
        Ok(vec![matrices.into()])
    }

    fn snapshot(&self) -> Vec<u8> {
        self.rest.snapshot()
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), KernelError> {
        self.rest.restore(bytes)
    }
}

fn matrix(rows: &[f32], columns: usize, out: &mut Vec<f32>) {
    // Column by column, each scaled to length 1 around its mean.
    let scaled: Vec<Vec<f64>> = (0..columns)
        .map(|column| {
            let values: Vec<f64> = rows
                .iter()
                .skip(column)
                .step_by(columns)
                .map(|&v| v.into())
                .collect();
            #[expect(clippy::cast_precision_loss, reason = "fewer than 2^53")]
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            let varies = values.iter().any(|&value| value != values[0]);
            let around: Vec<f64> = values.iter().map(|value| value - mean).collect();
            let length = around.iter().map(|value| value * value).sum::<f64>().sqrt();
            let scale = if varies { 1.0 / length } else { f64::NAN };
            around.into_iter().map(|value| value * scale).collect()
        })
        .collect();
    for a in &scaled {
        out.extend(scaled.iter().map(|b| {
            let product: f64 = a.iter().zip(b).map(|(a, b)| a * b).sum();
            #[expect(clippy::cast_possible_truncation, reason = "rounded to f32 on purpose")]
            let near = product.clamp(-1.0, 1.0) as f32;
            near
        }));
    }
}
