//! The oldest value.

use super::Aggregate;

/// The oldest valid value, its bits untouched.
#[derive(Debug, Clone, Copy, Default)]
pub struct First;

impl Aggregate for First {
    type Input = f64;
    type State = Option<f64>;
    type Output = f64;

    fn identity(&self) -> Option<f64> {
        None
    }
    fn lift(&self, value: f64) -> Option<f64> {
        Some(value)
    }
    fn combine(&self, older: &Option<f64>, newer: &Option<f64>) -> Option<f64> {
        older.or(*newer)
    }
    fn lower(&self, state: &Option<f64>) -> Option<f64> {
        *state
    }
}
