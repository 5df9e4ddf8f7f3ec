//! Windows over the newest rows of a stream, each group knowing the aggregate of its own rows there.
//!
//! Rows leave in the order in which they came, so one queue holds the rows of all groups. What a
//! group keeps of its rows is the other axis: see `window_state.rs`.

use std::collections::VecDeque;

use super::window_state::WindowState;
use crate::kernel_error::KernelError;
use crate::state::{StateReader, StateWriter};

/// Which rows come into a window and which leave it, in order.
#[derive(Debug, Clone, Copy)]
pub struct Moves<'a> {
    /// The group of each row that comes.
    pub ids: &'a [u32],
    /// The groups of the rows that leave, oldest first.
    pub leaving: &'a [u32],
    /// How many rows have left once each row has come: a row comes before those it drives out leave.
    pub left: &'a [usize],
}

/// A value that a window keeps, and how it is written to a snapshot.
pub(crate) trait Kept: Clone + std::fmt::Debug {
    fn write(rows: &[Option<Self>], state: &mut StateWriter);
    fn read(state: &mut StateReader<'_>) -> Result<Vec<Option<Self>>, KernelError>;
}

/// The rows of a window and the states of their groups, by id.
///
/// Cost: that of the state for each row that comes or leaves. Memory: the rows, and a state for
/// each id up to the largest, until [`Self::keep`].
#[derive(Debug, Clone)]
pub(crate) struct GroupWindows<S: WindowState> {
    empty: S,
    rows: VecDeque<Option<S::Value>>,
    groups: Vec<S>,
}

impl<S: WindowState> GroupWindows<S> {
    /// A window of no rows, whose groups begin as `empty`.
    pub(crate) fn new(empty: S) -> Self {
        Self {
            empty,
            rows: VecDeque::new(),
            groups: Vec::new(),
        }
    }

    /// Lets rows in and out; `rows` are those that come, `None` for a missing one.
    pub(crate) fn advance(
        &mut self,
        moves: Moves<'_>,
        rows: impl Iterator<Item = Option<S::Value>>,
    ) {
        let groups = super::groups_of(moves.ids).max(self.groups.len());
        self.groups.resize(groups, self.empty.clone());
        let mut gone = 0;
        for ((&id, &left), row) in moves.ids.iter().zip(moves.left).zip(rows) {
            if let Some(value) = &row {
                self.groups[id as usize].push(value);
            }
            self.rows.push_back(row);
            while gone < left {
                if let Some(value) = self.rows.pop_front().flatten() {
                    self.groups[moves.leaving[gone] as usize].pop(&value);
                }
                gone += 1;
            }
        }
    }

    /// What a group knows; that of no rows for an id never seen.
    pub(crate) fn group(&self, id: u32) -> &S {
        self.groups.get(id as usize).unwrap_or(&self.empty)
    }

    /// Keeps these groups alone, which get the ids 0, 1, 2, ...
    pub(crate) fn keep(&mut self, groups: &[u32]) {
        super::keep(&mut self.groups, groups, &self.empty);
    }

    /// Appends the state.
    pub(crate) fn write(&self, state: &mut StateWriter)
    where
        S::Value: Kept,
    {
        let rows: Vec<Option<S::Value>> = self.rows.iter().cloned().collect();
        S::Value::write(&rows, state);
        state.u64s(&self.groups.iter().map(S::place).collect::<Vec<_>>());
    }

    /// Takes up what [`Self::write`] wrote; `ids` are the groups of the rows, oldest first.
    pub(crate) fn read(
        &mut self,
        ids: &[u32],
        state: &mut StateReader<'_>,
    ) -> Result<(), KernelError>
    where
        S::Value: Kept,
    {
        let rows = S::Value::read(state)?;
        let places = state.u64s()?;
        let known = places.len();
        if rows.len() != ids.len() || ids.iter().any(|&id| id as usize >= known) {
            return Err(state.corrupt("rows, their groups and what is known of these do not fit"));
        }
        let mut values: Vec<Vec<S::Value>> = vec![Vec::new(); known];
        for (&id, row) in ids.iter().zip(&rows) {
            values[id as usize].extend(row.clone());
        }
        let mut groups = Vec::with_capacity(known);
        for (values, place) in values.into_iter().zip(places) {
            if place > values.len() as u64 {
                return Err(state.corrupt(format!("a group of {} rows", values.len())));
            }
            groups.push(self.empty.again(&values, place));
        }
        self.rows = rows.into();
        self.groups = groups;
        Ok(())
    }
}

impl Kept for f64 {
    fn write(rows: &[Option<Self>], state: &mut StateWriter) {
        let values: Vec<Self> = rows.iter().map(|row| row.unwrap_or_default()).collect();
        let valid: Vec<bool> = rows.iter().map(Option::is_some).collect();
        state.f64s(&values).bools(&valid);
    }

    fn read(state: &mut StateReader<'_>) -> Result<Vec<Option<Self>>, KernelError> {
        let (values, valid) = (state.f64s()?, state.bools()?);
        rows_of(values, &valid, state)
    }
}

impl Kept for i64 {
    fn write(rows: &[Option<Self>], state: &mut StateWriter) {
        let values: Vec<Self> = rows.iter().map(|row| row.unwrap_or_default()).collect();
        let valid: Vec<bool> = rows.iter().map(Option::is_some).collect();
        state.i64s(&values).bools(&valid);
    }

    fn read(state: &mut StateReader<'_>) -> Result<Vec<Option<Self>>, KernelError> {
        let (values, valid) = (state.i64s()?, state.bools()?);
        rows_of(values, &valid, state)
    }
}

impl Kept for u64 {
    fn write(rows: &[Option<Self>], state: &mut StateWriter) {
        let values: Vec<Self> = rows.iter().map(|row| row.unwrap_or_default()).collect();
        let valid: Vec<bool> = rows.iter().map(Option::is_some).collect();
        state.u64s(&values).bools(&valid);
    }

    fn read(state: &mut StateReader<'_>) -> Result<Vec<Option<Self>>, KernelError> {
        let (values, valid) = (state.u64s()?, state.bools()?);
        rows_of(values, &valid, state)
    }
}

impl Kept for std::sync::Arc<str> {
    fn write(rows: &[Option<Self>], state: &mut StateWriter) {
        state.texts(rows.iter().map(Option::as_deref));
    }

    fn read(state: &mut StateReader<'_>) -> Result<Vec<Option<Self>>, KernelError> {
        let texts = state.texts()?;
        Ok(texts.into_iter().map(|text| text.map(Self::from)).collect())
    }
}

fn rows_of<T>(
    values: Vec<T>,
    valid: &[bool],
    state: &StateReader<'_>,
) -> Result<Vec<Option<T>>, KernelError> {
    if values.len() != valid.len() {
        return Err(state.corrupt("values and flags differ in length"));
    }
    let rows = values.into_iter().zip(valid);
    Ok(rows.map(|(value, &valid)| valid.then_some(value)).collect())
}
