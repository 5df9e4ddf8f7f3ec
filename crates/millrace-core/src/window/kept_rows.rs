//! The rows of a window as they came, and which of them leave.

use std::collections::VecDeque;

use crate::kernel_error::KernelError;
use crate::state::{StateReader, StateWriter};

/// How far a window reaches back from its newest row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// The last rows, this many.
    Rows(usize),
    /// The rows that are less than this many nanoseconds older: the times of rows must not decrease.
    Span(i64),
}

impl Extent {
    /// Whether a row of time `old` is no longer in the window of a row of time `new`.
    #[inline(always)]
    pub(crate) fn has_left(span: i64, old: i64, new: i64) -> bool {
        old <= new.saturating_sub(span)
    }
}

/// The rows of a window, oldest first, missing ones included; of a span also their times.
#[derive(Debug, Clone, Default)]
pub(crate) struct KeptRows<T> {
    rows: VecDeque<Option<T>>,
    times: VecDeque<i64>,
    valid: usize,
}

impl<T: Copy + Default> KeptRows<T> {
    /// Takes out the oldest row, if the next one, of time `time`, leaves no place for it.
    #[inline(always)]
    pub(crate) fn leave(&mut self, extent: Extent, time: i64) -> Option<Option<T>> {
        let leaves = match extent {
            Extent::Rows(n) => self.rows.len() == n,
            Extent::Span(span) => {
                let oldest = self.times.front();
                let leaves = oldest.is_some_and(|&old| Extent::has_left(span, old, time));
                if leaves {
                    self.times.pop_front();
                }
                leaves
            }
        };
        if !leaves {
            return None;
        }
        let row = self.rows.pop_front()?;
        self.valid -= usize::from(row.is_some());
        Some(row)
    }

    /// Appends the newest row.
    #[inline(always)]
    pub(crate) fn push(&mut self, row: Option<T>, extent: Extent, time: i64) {
        self.rows.push_back(row);
        self.valid += usize::from(row.is_some());
        if let Extent::Span(_) = extent {
            self.times.push_back(time);
        }
    }

    /// How many rows are not missing.
    pub(crate) fn valid(&self) -> usize {
        self.valid
    }

    /// How many rows there are.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The rows, oldest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Option<T>> {
        self.rows.iter().copied()
    }

    /// The rows with their times, oldest first; 0 where times do not matter.
    pub(crate) fn timed(&self) -> impl Iterator<Item = (Option<T>, i64)> {
        let times = self.times.iter().copied().chain(std::iter::repeat(0));
        self.iter().zip(times)
    }

    /// Values, with anything where one is missing, and which of them are there.
    fn parts(&self) -> (Vec<T>, Vec<bool>) {
        self.iter()
            .map(|row| (row.unwrap_or_default(), row.is_some()))
            .unzip()
    }

    fn write_times(&self, extent: Extent, state: &mut StateWriter) {
        if let Extent::Span(_) = extent {
            state.i64s(&self.times.iter().copied().collect::<Vec<_>>());
        }
    }

    fn read_parts(
        values: Vec<T>,
        extent: Extent,
        state: &mut StateReader<'_>,
    ) -> Result<Self, KernelError> {
        let there = state.bools()?;
        let mut times = Vec::new();
        let fits = match extent {
            Extent::Rows(n) => values.len() <= n,
            Extent::Span(_) => {
                times = state.i64s()?;
                times.len() == values.len() && times.is_sorted()
            }
        };
        if values.len() != there.len() || !fits {
            return Err(state.corrupt(format!("{} rows in a window", values.len())));
        }
        let rows = values.into_iter().zip(there.iter().copied());
        Ok(Self {
            rows: rows.map(|(value, there)| there.then_some(value)).collect(),
            times: times.into(),
            valid: there.iter().filter(|&&there| there).count(),
        })
    }
}

impl KeptRows<f64> {
    pub(crate) fn write(&self, extent: Extent, state: &mut StateWriter) {
        let (values, there) = self.parts();
        state.f64s(&values).bools(&there);
        self.write_times(extent, state);
    }

    pub(crate) fn read(extent: Extent, state: &mut StateReader<'_>) -> Result<Self, KernelError> {
        let values = state.f64s()?;
        Self::read_parts(values, extent, state)
    }
}

impl KeptRows<i64> {
    pub(crate) fn write(&self, extent: Extent, state: &mut StateWriter) {
        let (values, there) = self.parts();
        state.i64s(&values).bools(&there);
        self.write_times(extent, state);
    }

    pub(crate) fn read(extent: Extent, state: &mut StateReader<'_>) -> Result<Self, KernelError> {
        let values = state.i64s()?;
        Self::read_parts(values, extent, state)
    }
}
