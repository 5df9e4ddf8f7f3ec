//! Subtract-on-Evict: one running state, from which leaving rows are taken back.
//!
//! | requires | time per row | space |
//! |---|---|---|
//! | a commutative group, exactly invertible | 1 | n |
//!
//! Float aggregates are kept out by the type: after one infinity a window sum would be NaN for
//! ever, and 1e16 followed by 1 would leave 0 behind.
//!
//! ```compile_fail
//! use millrace_core::aggregate::Sum;
//! use millrace_core::window::{FifoWindow, SubtractOnEvict};
//! let window = SubtractOnEvict::new(Sum);
//! ```

use std::collections::VecDeque;

use super::FifoWindow;
use crate::aggregate::Invertible;

/// A window over an invertible aggregate in constant time.
#[derive(Debug, Clone)]
pub struct SubtractOnEvict<A: Invertible> {
    aggregate: A,
    rows: VecDeque<Option<A::Input>>,
    total: A::State,
}

impl<A: Invertible> FifoWindow<A> for SubtractOnEvict<A> {
    fn new(aggregate: A) -> Self {
        let total = aggregate.identity();
        Self {
            aggregate,
            rows: VecDeque::new(),
            total,
        }
    }

    fn push(&mut self, row: Option<A::Input>) {
        if let Some(value) = row {
            self.total = self
                .aggregate
                .combine(&self.total, &self.aggregate.lift(value));
        }
        self.rows.push_back(row);
    }

    fn pop(&mut self) {
        if let Some(Some(value)) = self.rows.pop_front() {
            self.total = self
                .aggregate
                .remove(&self.total, &self.aggregate.lift(value));
        }
    }

    fn query(&self) -> Option<A::Output> {
        self.aggregate.lower(&self.total)
    }

    fn len(&self) -> usize {
        self.rows.len()
    }
}
