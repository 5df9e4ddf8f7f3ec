//! The number of valid values.

use super::{Aggregate, Invertible};

/// How many values were lifted.
#[derive(Debug, Clone, Copy, Default)]
pub struct Count;

impl Aggregate for Count {
    type Input = f64;
    type State = u64;
    type Output = f64;

    fn identity(&self) -> u64 {
        0
    }
    fn lift(&self, _value: f64) -> u64 {
        1
    }
    fn combine(&self, older: &u64, newer: &u64) -> u64 {
        older + newer
    }
    fn lower(&self, state: &u64) -> Option<f64> {
        Some(*state as f64)
    }
}

impl Invertible for Count {
    fn remove(&self, whole: &u64, part: &u64) -> u64 {
        whole - part
    }
}
