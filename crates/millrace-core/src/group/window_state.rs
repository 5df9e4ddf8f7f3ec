//! What a group keeps of its rows in a window, so that each comes and leaves in about constant time.

use std::collections::VecDeque;
use std::fmt::Debug;
use std::hash::Hash;
use std::sync::Arc;

use hashbrown::HashMap;

use crate::aggregate::{Aggregate, OrderedValues};
use crate::window::{FifoWindow, TwoStacks};

/// What of a state cannot be seen from its rows.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Mark {
    pub(crate) place: u64,
    pub(crate) shift: f64,
}

/// A summary of valid values that come at one end and leave at the other.
pub(crate) trait WindowState: Clone + Debug {
    /// One value.
    type Value: Clone + Debug;

    /// The newest value comes.
    fn push(&mut self, value: &Self::Value);
    /// The oldest value, which is `value`, leaves.
    fn pop(&mut self, value: &Self::Value);

    /// What a snapshot needs beside the values.
    fn mark(&self) -> Mark {
        Mark::default()
    }

    /// The state of these values, oldest first; `self` is that of none.
    fn again(&self, values: &[Self::Value], _mark: Mark) -> Self {
        let mut state = self.clone();
        values.iter().for_each(|value| state.push(value));
        state
    }
}

/// Any float aggregate, by Two-Stacks: nothing is subtracted, so nothing drifts.
#[derive(Debug, Clone)]
pub(crate) struct Stacks<A: Aggregate> {
    aggregate: A,
    window: TwoStacks<A>,
    /// Whether the aggregate is the same for rows that are all shifted by the same distance.
    shifts: bool,
    /// The first number of the group, NaN before it: deviations are taken from it, because the mean
    /// of rows far from zero would be rounded more coarsely than the rows differ.
    shift: f64,
}

impl<A: Aggregate<Input = f64> + Copy> Stacks<A> {
    pub(crate) fn new(aggregate: A, shifts: bool) -> Self {
        Self {
            aggregate,
            window: TwoStacks::new(aggregate),
            shifts,
            shift: f64::NAN,
        }
    }

    pub(crate) fn value(&self) -> Option<A::Output> {
        self.window.query()
    }

    fn moved(&self, value: f64) -> f64 {
        // Nothing is subtracted where there is no shift: 0 would change the sign of a zero.
        if self.shift.is_nan() {
            value
        } else {
            value - self.shift
        }
    }
}

impl<A: Aggregate<Input = f64> + Copy + Debug> WindowState for Stacks<A> {
    type Value = f64;

    fn push(&mut self, &value: &f64) {
        if self.shifts && self.shift.is_nan() && value.is_finite() {
            self.shift = value;
        }
        self.window.push(Some(self.moved(value)));
    }

    fn pop(&mut self, _value: &f64) {
        self.window.pop();
        if self.window.is_empty() {
            self.shift = f64::NAN;
        }
    }

    fn mark(&self) -> Mark {
        Mark {
            place: self.window.front_len() as u64,
            shift: self.shift,
        }
    }

    fn again(&self, values: &[f64], Mark { place, shift }: Mark) -> Self {
        let mut state = Self {
            shift,
            ..self.clone()
        };
        let moved = values.iter().map(|&value| Some(state.moved(value)));
        state.window = TwoStacks::from_rows(self.aggregate, moved, place as usize);
        state
    }
}

/// The values in order, for quantiles.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ordered(pub(crate) OrderedValues);

impl WindowState for Ordered {
    type Value = f64;

    fn push(&mut self, &value: &f64) {
        self.0.insert(value);
    }

    fn pop(&mut self, &value: &f64) {
        self.0.remove(value);
    }

    fn again(&self, values: &[f64], _mark: Mark) -> Self {
        Self(OrderedValues::of(values.iter().copied()))
    }
}

/// The exact sum and the number of integers, from which leaving ones are taken back.
#[derive(Debug, Clone, Default)]
pub(crate) struct Total {
    pub(crate) sum: i128,
    pub(crate) count: i64,
}

impl WindowState for Total {
    type Value = i64;

    fn push(&mut self, &value: &i64) {
        self.sum += i128::from(value);
        self.count += 1;
    }

    fn pop(&mut self, &value: &i64) {
        self.sum -= i128::from(value);
        self.count -= 1;
    }
}

/// The values themselves, for the first and the last of them.
#[derive(Debug, Clone)]
pub(crate) struct Ends<T>(VecDeque<T>);

impl<T> Default for Ends<T> {
    fn default() -> Self {
        Self(VecDeque::new())
    }
}

impl<T> Ends<T> {
    pub(crate) fn first(&self) -> Option<&T> {
        self.0.front()
    }

    pub(crate) fn last(&self) -> Option<&T> {
        self.0.back()
    }
}

impl<T: Clone + Debug> WindowState for Ends<T> {
    type Value = T;

    fn push(&mut self, value: &T) {
        self.0.push_back(value.clone());
    }

    fn pop(&mut self, _value: &T) {
        self.0.pop_front();
    }
}

/// The values that may still become the least, or the greatest: each is better than all before it.
#[derive(Debug, Clone)]
pub(crate) struct Extremes<T> {
    greatest: bool,
    candidates: VecDeque<T>,
}

impl<T> Extremes<T> {
    pub(crate) fn new(greatest: bool) -> Self {
        Self {
            greatest,
            candidates: VecDeque::new(),
        }
    }

    pub(crate) fn value(&self) -> Option<&T> {
        self.candidates.front()
    }
}

impl<T: Ord + Clone + Debug> WindowState for Extremes<T> {
    type Value = T;

    fn push(&mut self, value: &T) {
        // Equal values all stay, so that one of them leaves with each that leaves.
        while self
            .candidates
            .back()
            .is_some_and(|last| match self.greatest {
                true => last < value,
                false => last > value,
            })
        {
            self.candidates.pop_back();
        }
        self.candidates.push_back(value.clone());
    }

    fn pop(&mut self, value: &T) {
        if self.candidates.front() == Some(value) {
            self.candidates.pop_front();
        }
    }
}

/// How often each value is there.
#[derive(Debug, Clone)]
pub(crate) struct Distinct<T>(HashMap<T, u64, foldhash::fast::RandomState>);

impl<T> Default for Distinct<T> {
    fn default() -> Self {
        Self(HashMap::default())
    }
}

impl<T> Distinct<T> {
    pub(crate) fn value(&self) -> i64 {
        self.0.len() as i64
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &T> {
        self.0.keys()
    }
}

impl Distinct<Arc<str>> {
    /// As `push`, with a copy of the text only where it is new.
    pub(crate) fn push_text(&mut self, text: &str) {
        if !self.0.contains_key(text) {
            self.0.insert(text.into(), 1);
        }
    }
}

impl<T: Hash + Eq + Clone + Debug> WindowState for Distinct<T> {
    type Value = T;

    fn push(&mut self, value: &T) {
        match self.0.get_mut(value) {
            Some(count) => *count += 1,
            None => {
                self.0.insert(value.clone(), 1);
            }
        }
    }

    fn pop(&mut self, value: &T) {
        if let Some(count) = self.0.get_mut(value) {
            *count -= 1;
            if *count == 0 {
                self.0.remove(value);
            }
        }
    }
}
