//! The newest value.

use super::Aggregate;

/// The newest valid value, its bits untouched.
#[derive(Debug, Clone, Copy, Default)]
pub struct Last;

impl Aggregate for Last {
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
        newer.or(*older)
    }
    fn lower(&self, state: &Option<f64>) -> Option<f64> {
        *state
    }
}
