//! Two-Stacks: a queue made of two stacks, each knowing the aggregate of what it holds.
//!
//! | requires | time per row | space | first appeared |
//! |---|---|---|---|
//! | a monoid; neither inverse nor commutativity | 1 amortised, n at worst | 2n | adamax, "Re: implement a queue in which push, pop and min have constant time", 2011 |
//!
//! New rows go on the back stack, whose aggregate is kept as one state. Old rows leave from the
//! front stack, where each entry holds the aggregate of itself and all newer entries of that stack.
//! When the front is empty the back is turned over onto it.

use super::FifoWindow;
use crate::aggregate::Aggregate;

/// A window over any monoid in amortised constant time.
#[derive(Debug, Clone)]
pub struct TwoStacks<A: Aggregate> {
    aggregate: A,
    /// States of suffixes: the last entry covers the whole front stack.
    front: Vec<A::State>,
    /// Rows, oldest first.
    back: Vec<Option<A::Input>>,
    back_total: A::State,
}

impl<A: Aggregate> TwoStacks<A> {
    /// Drops all rows.
    pub fn clear(&mut self) {
        self.front.clear();
        self.back.clear();
        self.back_total = self.aggregate.identity();
    }

    /// How many of the rows, the oldest ones, lie on the front stack: with the rows themselves all
    /// there is to the state.
    pub fn front_len(&self) -> usize {
        self.front.len()
    }

    /// A window that holds `rows`, oldest first, of which `front_len` lie on the front stack.
    pub fn from_rows(
        aggregate: A,
        rows: impl Iterator<Item = Option<A::Input>>,
        front_len: usize,
    ) -> Self {
        let mut window = Self::new(aggregate);
        for (index, row) in rows.enumerate() {
            if index == front_len {
                window.turn();
            }
            window.push(row);
        }
        if front_len == window.len() {
            window.turn();
        }
        window
    }

    /// Moves the back stack onto the front stack, which is empty.
    fn turn(&mut self) {
        let mut suffix = self.aggregate.identity();
        for row in self.back.drain(..).rev() {
            if let Some(value) = row {
                self.aggregate.prepend(&mut suffix, value);
            }
            self.front.push(suffix.clone());
        }
        self.back_total = self.aggregate.identity();
    }
}

impl<A: Aggregate> FifoWindow<A> for TwoStacks<A> {
    fn new(aggregate: A) -> Self {
        let back_total = aggregate.identity();
        Self {
            aggregate,
            front: Vec::new(),
            back: Vec::new(),
            back_total,
        }
    }

    fn push(&mut self, row: Option<A::Input>) {
        if let Some(value) = row {
            self.aggregate.append(&mut self.back_total, value);
        }
        self.back.push(row);
    }

    fn pop(&mut self) {
        if self.front.is_empty() {
            self.turn();
        }
        self.front.pop();
    }

    fn query(&self) -> Option<A::Output> {
        let state = match self.front.last() {
            Some(front) => self.aggregate.combine(front, &self.back_total),
            None => self.back_total.clone(),
        };
        self.aggregate.lower(&state)
    }

    fn len(&self) -> usize {
        self.front.len() + self.back.len()
    }
}
