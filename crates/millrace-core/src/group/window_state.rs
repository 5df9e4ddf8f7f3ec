//! What a group keeps of its rows in a window, so that each comes and leaves in about constant time.

use std::collections::VecDeque;
use std::fmt::Debug;
use std::hash::Hash;
use std::sync::Arc;

use hashbrown::HashMap;

use crate::aggregate::{Aggregate, OrderedValues};
use crate::window::{FifoWindow, TwoStacks};

/// A summary of valid values that come at one end and leave at the other.
pub(crate) trait WindowState: Clone + Debug {
    /// One value.
    type Value: Clone + Debug;

    /// The newest value comes.
    fn push(&mut self, value: &Self::Value);
    /// The oldest value, which is `value`, leaves.
    fn pop(&mut self, value: &Self::Value);

    /// How many of the values, the oldest ones, are kept in another way than those after them: what
    /// a snapshot needs beside the values.
    fn place(&self) -> u64 {
        0
    }

    /// The state of these values, oldest first; `self` is that of none.
    fn again(&self, values: &[Self::Value], _place: u64) -> Self {
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
}

impl<A: Aggregate<Input = f64> + Copy> Stacks<A> {
    pub(crate) fn new(aggregate: A) -> Self {
        Self {
            aggregate,
            window: TwoStacks::new(aggregate),
        }
    }

    pub(crate) fn value(&self) -> Option<A::Output> {
        self.window.query()
    }
}

impl<A: Aggregate<Input = f64> + Copy + Debug> WindowState for Stacks<A> {
    type Value = f64;

    fn push(&mut self, &value: &f64) {
        self.window.push(Some(value));
    }

    fn pop(&mut self, _value: &f64) {
        self.window.pop();
    }

    fn place(&self) -> u64 {
        self.window.front_len() as u64
    }

    fn again(&self, values: &[f64], place: u64) -> Self {
        let rows = values.iter().copied().map(Some);
        Self {
            aggregate: self.aggregate,
            window: TwoStacks::from_rows(self.aggregate, rows, place as usize),
        }
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

    fn again(&self, values: &[f64], _place: u64) -> Self {
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
