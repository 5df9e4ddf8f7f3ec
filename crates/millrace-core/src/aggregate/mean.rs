//! The arithmetic mean.

use super::Aggregate;

/// The mean of floats as a sum and a count.
#[derive(Debug, Clone, Copy, Default)]
pub struct Mean;

impl Aggregate for Mean {
    type Input = f64;
    type State = (f64, u64);
    type Output = f64;

    fn identity(&self) -> (f64, u64) {
        (0.0, 0)
    }
    fn lift(&self, value: f64) -> (f64, u64) {
        (value, 1)
    }
    fn combine(&self, older: &(f64, u64), newer: &(f64, u64)) -> (f64, u64) {
        (older.0 + newer.0, older.1 + newer.1)
    }
    fn lower(&self, &(sum, count): &(f64, u64)) -> Option<f64> {
        (count > 0).then(|| sum / count as f64)
    }
}
