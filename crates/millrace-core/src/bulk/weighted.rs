//! Weighted sums of the last rows: filters of finite response.

use super::Lookback;
use super::column::{Column, only};
use super::step::Kernel;
use crate::kernel_error::KernelError;

/// The most taps.
const MOST: usize = 1 << 16;
/// Results that are summed up at a time, so that they stay in cache.
const BLOCK: usize = 1024;

/// Fails where there is no tap, too many, or one that is not finite in f32; else the taps in f32.
///
/// # Errors
/// Says so.
pub fn check_taps(taps: &[f64]) -> Result<Vec<f32>, KernelError> {
    #[expect(clippy::cast_possible_truncation, reason = "rounded to f32 on purpose")]
    let narrow: Vec<f32> = taps.iter().map(|&tap| tap as f32).collect();
    if (1..=MOST).contains(&taps.len()) && narrow.iter().all(|tap| tap.is_finite()) {
        return Ok(narrow);
    }
    Err(KernelError::InvalidArgument(format!(
        "Cannot create weighted: there must be from 1 to {MOST} taps, all finite in f32, got {} of them",
        taps.len()
    )))
}

/// Of each full window the sum of its rows times the taps, the first tap for the oldest row; in f64,
/// rounded to f32.
#[derive(Debug, Clone)]
pub(super) struct Weighted {
    taps: Vec<f64>,
    rows: Lookback,
}

impl Weighted {
    pub(super) fn new(taps: &[f64]) -> Result<Self, KernelError> {
        let taps: Vec<f64> = check_taps(taps)?.into_iter().map(f64::from).collect();
        Ok(Self {
            rows: Lookback::new(taps.len() - 1, 1),
            taps,
        })
    }
}

impl Kernel for Weighted {
    fn push(&mut self, columns: &[Column<'_>]) -> Result<Vec<Column<'static>>, KernelError> {
        let values = only("weighted", columns)?.f32s("weighted")?;
        let joined: Vec<f64> = self
            .rows
            .joined(0, values)
            .into_iter()
            .map(f64::from)
            .collect();
        self.rows.advance(0, values);
        let results = (joined.len() + 1).saturating_sub(self.taps.len());
        let mut weighted = Vec::with_capacity(results);
        for first in (0..results).step_by(BLOCK) {
            let mut sums = [0.0; BLOCK];
            let sums = &mut sums[..BLOCK.min(results - first)];
            for (&tap, row) in self.taps.iter().zip(first..) {
                for (sum, &value) in sums.iter_mut().zip(&joined[row..]) {
                    *sum += tap * value;
                }
            }
            #[expect(clippy::cast_possible_truncation, reason = "rounded to f32 on purpose")]
            weighted.extend(sums.iter().map(|&sum| sum as f32));
        }
        Ok(vec![weighted.into()])
    }

    fn snapshot(&self) -> Vec<u8> {
        self.rows.snapshot()
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), KernelError> {
        self.rows.restore(bytes)
    }
}
