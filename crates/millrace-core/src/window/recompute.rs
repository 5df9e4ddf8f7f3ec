//! Recalculation from scratch: the obviously right algorithm, kept as the oracle of all others.
//!
//! | requires | time per row | space |
//! |---|---|---|
//! | a monoid | n | n |

use std::collections::VecDeque;

use super::FifoWindow;
use crate::aggregate::{Aggregate, AggregateFunction};

/// Folds the whole window at each query.
#[derive(Debug, Clone)]
pub struct Recompute<A: Aggregate> {
    aggregate: A,
    rows: VecDeque<Option<A::Input>>,
}

impl<A: Aggregate> FifoWindow<A> for Recompute<A> {
    fn new(aggregate: A) -> Self {
        Self {
            aggregate,
            rows: VecDeque::new(),
        }
    }
    fn push(&mut self, row: Option<A::Input>) {
        self.rows.push_back(row);
    }
    fn pop(&mut self) {
        self.rows.pop_front();
    }
    fn query(&self) -> Option<A::Output> {
        let state = self
            .rows
            .iter()
            .flatten()
            .fold(self.aggregate.identity(), |state, &row| {
                self.aggregate.combine(&state, &self.aggregate.lift(row))
            });
        self.aggregate.lower(&state)
    }
    fn len(&self) -> usize {
        self.rows.len()
    }
}

/// The aggregate of the valid rows of a slice by its textbook definition: the variance in two
/// passes, the extrema by comparison.
pub fn aggregate_rows(function: AggregateFunction, rows: &[Option<f64>]) -> Option<f64> {
    let valid: Vec<f64> = rows.iter().flatten().copied().collect();
    let count = valid.len() as f64;
    let mean = valid.iter().sum::<f64>() / count;
    let variance = |ddof: u32| {
        // The correction term takes out what rounding of the mean put in.
        let squares: f64 = valid.iter().map(|value| (value - mean).powi(2)).sum();
        let drift: f64 = valid.iter().map(|value| value - mean).sum();
        let divisor = count - f64::from(ddof);
        (divisor > 0.0).then(|| (squares - drift * drift / count) / divisor)
    };
    let nan = valid.iter().copied().find(|value| value.is_nan());
    let extremum = |best: fn(f64, f64) -> f64| {
        nan.or_else(|| valid.iter().copied().reduce(best))
            .map(|value| value + 0.0)
    };
    match function {
        AggregateFunction::Sum => Some(valid.iter().sum::<f64>() + 0.0),
        AggregateFunction::Mean => (count > 0.0).then_some(mean),
        AggregateFunction::Count => Some(count),
        AggregateFunction::Min => extremum(f64::min),
        AggregateFunction::Max => extremum(f64::max),
        AggregateFunction::Var { ddof } => variance(ddof),
        AggregateFunction::Std { ddof } => variance(ddof).map(f64::sqrt),
        AggregateFunction::First => valid.first().copied(),
        AggregateFunction::Last => valid.last().copied(),
        AggregateFunction::Quantile(quantile) => quantile.of(&mut valid.clone()),
    }
}
