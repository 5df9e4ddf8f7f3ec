//! Exact aggregates over the last rows of each group, or those of a span of time, one result per row:
//! of integers and text, and counts of distinct values.
//!
//! What a group keeps of its rows is the other axis: see `window_state.rs`.

use std::collections::VecDeque;
use std::sync::Arc;

use arrow_buffer::NullBuffer;

use super::group_windows::Kept;
use super::grouped_distinct::float_bits;
use super::grouped_text::check_text;
use super::groups_of;
use super::window_state::{Distinct, Ends, Extremes, Total, WindowState};
use crate::aggregate::{AggregateFunction, checked, not_integer};
use crate::kernel_error::KernelError;
use crate::nulls::{ValidityBuilder, is_valid};
use crate::state::{StateReader, StateWriter};
use crate::window::{Extent, check_extent, check_window};

/// The window of one group: its rows, oldest first, and what is known of them.
#[derive(Debug, Clone)]
struct Group<S: WindowState> {
    rows: VecDeque<Option<S::Value>>,
    /// Of a span alone.
    times: VecDeque<i64>,
    valid: usize,
    state: S,
}

impl<S: WindowState> Group<S> {
    fn new(state: S) -> Self {
        Self {
            rows: VecDeque::new(),
            times: VecDeque::new(),
            valid: 0,
            state,
        }
    }

    fn step(&mut self, row: Option<S::Value>, extent: Extent, time: i64) {
        while self.oldest_leaves(extent, time) {
            self.times.pop_front();
            if let Some(value) = self.rows.pop_front().flatten() {
                self.state.pop(&value);
                self.valid -= 1;
            }
        }
        if let Extent::Span(_) = extent {
            self.times.push_back(time);
        }
        if let Some(value) = &row {
            self.state.push(value);
            self.valid += 1;
        }
        self.rows.push_back(row);
    }

    fn oldest_leaves(&self, extent: Extent, time: i64) -> bool {
        match extent {
            Extent::Rows(n) => self.rows.len() >= n,
            Extent::Span(span) => self
                .times
                .front()
                .is_some_and(|&old| Extent::has_left(span, old, time)),
        }
    }
}

/// The windows of all groups, by id.
#[derive(Debug, Clone)]
struct Groups<S: WindowState> {
    extent: Extent,
    empty: S,
    groups: Vec<Group<S>>,
}

impl<S: WindowState<Value: Kept>> Groups<S> {
    fn new(extent: Extent, empty: S) -> Self {
        Self {
            extent,
            empty,
            groups: Vec::new(),
        }
    }

    /// Takes rows in, and has `result` see each one's group after it.
    fn push<E>(
        &mut self,
        (times, ids): (&[i64], &[u32]),
        rows: impl Iterator<Item = Option<S::Value>>,
        mut result: impl FnMut(&S, usize) -> Result<(), E>,
    ) -> Result<(), E> {
        let groups = groups_of(ids).max(self.groups.len());
        self.groups.resize(groups, Group::new(self.empty.clone()));
        for (index, (&id, row)) in ids.iter().zip(rows).enumerate() {
            let time = times.get(index).copied().unwrap_or_default();
            let group = &mut self.groups[id as usize];
            group.step(row, self.extent, time);
            result(&group.state, group.valid)?;
        }
        Ok(())
    }

    fn write(&self, state: &mut StateWriter) {
        state.u64(self.groups.len() as u64);
        for group in &self.groups {
            let rows: Vec<Option<S::Value>> = group.rows.iter().cloned().collect();
            S::Value::write(&rows, state);
            state.i64s(&group.times.iter().copied().collect::<Vec<_>>());
        }
    }

    fn read(&mut self, state: &mut StateReader<'_>) -> Result<(), KernelError> {
        self.groups.clear();
        for _ in 0..state.u64()? {
            let rows = S::Value::read(state)?;
            let times = state.i64s()?;
            let fits = match self.extent {
                Extent::Rows(n) => rows.len() <= n && times.is_empty(),
                Extent::Span(_) => rows.len() == times.len() && times.is_sorted(),
            };
            if !fits {
                return Err(state.corrupt(format!("{} rows of a group", rows.len())));
            }
            let values: Vec<S::Value> = rows.iter().flatten().cloned().collect();
            self.groups.push(Group {
                valid: values.len(),
                state: self.empty.again(&values, 0),
                rows: rows.into(),
                times: times.into(),
            });
        }
        Ok(())
    }
}

#[derive(Debug, Clone)]
enum Table {
    Total(Groups<Total>),
    Ends(Groups<Ends<i64>>),
    Extremes(Groups<Extremes<i64>>),
    TextEnds(Groups<Ends<Arc<str>>>),
    TextExtremes(Groups<Extremes<Arc<str>>>),
    Numbers(Groups<Distinct<u64>>),
    Texts(Groups<Distinct<Arc<str>>>),
}

/// Runs `$body` on whatever groups a table holds.
macro_rules! with_groups {
    ($table:expr, $groups:ident => $body:expr) => {
        match $table {
            Table::Total($groups) => $body,
            Table::Ends($groups) => $body,
            Table::Extremes($groups) => $body,
            Table::TextEnds($groups) => $body,
            Table::TextExtremes($groups) => $body,
            Table::Numbers($groups) => $body,
            Table::Texts($groups) => $body,
        }
    };
}

/// What of its rows a row's group and their times are.
#[derive(Debug, Clone, Copy)]
pub struct Placed<'a> {
    /// The group of each row.
    pub ids: &'a [u32],
    /// The time of each row, which must not decrease within a group, also from batch to batch; none
    /// for windows of a number of rows.
    pub times: &'a [i64],
}

/// An exact aggregate over the last rows of a row's own group, itself included: a number of them, or
/// those of a span of time. Sum, count, min, max, first and last of integers; min, max, first and last
/// of text; the number of distinct integers, floats or texts.
///
/// Cost: constant per row, amortised, and a copy of each text. Memory: the rows of all windows, for as
/// many groups as the largest id says.
///
/// # Examples
/// ```
/// use millrace_core::aggregate::AggregateFunction;
/// use millrace_core::group::{Placed, RollingValues};
/// use millrace_core::window::Extent;
///
/// let mut sums = RollingValues::integers(AggregateFunction::Sum, Extent::Rows(2), 1)?;
/// let mut out = [0; 3];
/// let rows = Placed { ids: &[0, 1, 0], times: &[] };
/// sums.push_integers(rows, &[1 << 60, 5, 1], None, &mut out)?;
/// assert_eq!(out, [1 << 60, 5, (1 << 60) + 1]);
/// # Ok::<(), millrace_core::kernel_error::KernelError>(())
/// ```
#[derive(Debug, Clone)]
pub struct RollingValues {
    function: AggregateFunction,
    min_periods: usize,
    table: Table,
    /// No value was farther from 0 so far, so that a sum that cannot overflow is known to.
    largest: u64,
}

impl RollingValues {
    /// Of integers.
    ///
    /// # Errors
    /// [`KernelError::InvalidArgument`] if the extent is 0 or has fewer rows than `min_periods`, or the
    /// result of `function` is no integer.
    pub fn integers(
        function: AggregateFunction,
        extent: Extent,
        min_periods: usize,
    ) -> Result<Self, KernelError> {
        use AggregateFunction as F;
        let table = match function {
            F::Sum | F::Count => Table::Total(Groups::new(extent, Total::default())),
            F::First | F::Last => Table::Ends(Groups::new(extent, Ends::default())),
            F::Min | F::Max => {
                Table::Extremes(Groups::new(extent, Extremes::new(function == F::Max)))
            }
            other => return Err(not_integer(other)),
        };
        Self::of(function, extent, min_periods, table)
    }

    /// Of texts.
    ///
    /// # Errors
    /// [`KernelError::InvalidArgument`] if the extent is 0, or the result of `function` no text.
    pub fn texts(
        function: AggregateFunction,
        extent: Extent,
        min_periods: usize,
    ) -> Result<Self, KernelError> {
        use AggregateFunction as F;
        check_text(function)?;
        let table = match function {
            F::Min | F::Max => {
                Table::TextExtremes(Groups::new(extent, Extremes::new(function == F::Max)))
            }
            _ => Table::TextEnds(Groups::new(extent, Ends::default())),
        };
        Self::of(function, extent, min_periods, table)
    }

    /// The number of distinct values, of texts or of numbers.
    ///
    /// # Errors
    /// [`KernelError::InvalidArgument`] if the extent is 0.
    pub fn distinct(texts: bool, extent: Extent, min_periods: usize) -> Result<Self, KernelError> {
        let table = if texts {
            Table::Texts(Groups::new(extent, Distinct::default()))
        } else {
            Table::Numbers(Groups::new(extent, Distinct::default()))
        };
        Self::of(AggregateFunction::Count, extent, min_periods, table)
    }

    fn of(
        function: AggregateFunction,
        extent: Extent,
        min_periods: usize,
        table: Table,
    ) -> Result<Self, KernelError> {
        match extent {
            Extent::Rows(n) => check_window("rolling", n, min_periods)?,
            Extent::Span(_) => check_extent("rolling", extent)?,
        }
        Ok(Self {
            function,
            min_periods,
            table,
            largest: 0,
        })
    }

    /// Takes integers in and writes one result per row to `out`; returns the validity of the results,
    /// `None` when none is null. Null results are 0 in `out`.
    ///
    /// # Errors
    /// [`KernelError::Overflow`] if a sum is outside `i64`; the windows are then as they were before
    /// the batch.
    ///
    /// # Panics
    /// If `ids`, `values`, `nulls` and `out` differ in length, or `times` where they matter.
    pub fn push_integers(
        &mut self,
        rows: Placed<'_>,
        values: &[i64],
        nulls: Option<&NullBuffer>,
        out: &mut [i64],
    ) -> Result<Option<NullBuffer>, KernelError> {
        self.check(rows, values.len(), out.len());
        let before = self.may_overflow(values).then(|| self.table.clone());
        let sums = self.function == AggregateFunction::Sum;
        let last = self.function == AggregateFunction::Last;
        let given = (0..).zip(values);
        let given = given.map(|(row, &value)| is_valid(nulls, row).then_some(value));
        let mut results = Results::new(out, self.min_periods);
        let at = (rows.times, rows.ids);
        let outcome = match &mut self.table {
            Table::Total(groups) if sums => groups.push(at, given, |group, valid| {
                results.add(Some(checked(group.sum)?), valid);
                Ok(())
            }),
            Table::Total(groups) => groups.push(at, given, |group, valid| {
                results.add(Some(group.count), valid);
                Ok(())
            }),
            Table::Ends(groups) => groups.push(at, given, |group, valid| {
                let end = if last { group.last() } else { group.first() };
                results.add(end.copied(), valid);
                Ok(())
            }),
            Table::Extremes(groups) => groups.push(at, given, |group, valid| {
                results.add(group.value().copied(), valid);
                Ok(())
            }),
            Table::Numbers(groups) => {
                let given = given.map(|row| row.map(i64::cast_unsigned));
                groups.push(at, given, |group, valid| {
                    results.add(Some(group.value()), valid);
                    Ok(())
                })
            }
            Table::TextEnds(_) | Table::TextExtremes(_) | Table::Texts(_) => Ok(()),
        };
        let validity = results.validity.finish();
        if let (Err(_), Some(before)) = (&outcome, before) {
            self.table = before;
        }
        outcome.map(|()| validity)
    }

    /// As [`Self::push_integers`], of floats, of which distinct ones are counted: −0 and 0 are one,
    /// and so are all NaN.
    ///
    /// # Panics
    /// As [`Self::push_integers`].
    pub fn push_floats(
        &mut self,
        rows: Placed<'_>,
        values: &[f64],
        nulls: Option<&NullBuffer>,
        out: &mut [i64],
    ) -> Option<NullBuffer> {
        self.check(rows, values.len(), out.len());
        let mut results = Results::new(out, self.min_periods);
        if let Table::Numbers(groups) = &mut self.table {
            let given = (0..).zip(values);
            let given = given.map(|(row, &value)| is_valid(nulls, row).then(|| float_bits(value)));
            let _: Result<(), KernelError> =
                groups.push((rows.times, rows.ids), given, |group, valid| {
                    results.add(Some(group.value()), valid);
                    Ok(())
                });
        }
        results.validity.finish()
    }

    /// As [`Self::push_integers`], of texts, of which distinct ones are counted.
    ///
    /// # Panics
    /// As [`Self::push_integers`].
    pub fn count_texts<'a>(
        &mut self,
        rows: Placed<'_>,
        texts: impl Iterator<Item = Option<&'a str>>,
        out: &mut [i64],
    ) -> Option<NullBuffer> {
        self.check(rows, out.len(), out.len());
        let mut results = Results::new(out, self.min_periods);
        if let Table::Texts(groups) = &mut self.table {
            let given = texts.map(|text| text.map(Arc::from));
            let _: Result<(), KernelError> =
                groups.push((rows.times, rows.ids), given, |group, valid| {
                    results.add(Some(group.value()), valid);
                    Ok(())
                });
        }
        results.validity.finish()
    }

    /// Takes texts in and has `result` see that of each row, in order.
    ///
    /// # Panics
    /// If `times` are missing where they matter.
    pub fn push_texts<'a>(
        &mut self,
        rows: Placed<'_>,
        texts: impl Iterator<Item = Option<&'a str>>,
        mut result: impl FnMut(Option<&str>),
    ) {
        self.check(rows, rows.ids.len(), rows.ids.len());
        let (last, least) = (self.function == AggregateFunction::Last, self.min_periods);
        let given = texts.map(|text| text.map(Arc::from));
        let at = (rows.times, rows.ids);
        let mut see = |text: Option<&Arc<str>>, valid: usize| -> Result<(), KernelError> {
            result(text.filter(|_| valid >= least).map(|text| &**text));
            Ok(())
        };
        let _ = match &mut self.table {
            Table::TextEnds(groups) => groups.push(at, given, |group, valid| {
                see(if last { group.last() } else { group.first() }, valid)
            }),
            Table::TextExtremes(groups) => {
                groups.push(at, given, |group, valid| see(group.value(), valid))
            }
            _ => Ok(()),
        };
    }

    fn check(&self, rows: Placed<'_>, values: usize, out: usize) {
        let extent = with_groups!(&self.table, groups => groups.extent);
        let timed = matches!(extent, Extent::Span(_));
        assert!(
            rows.ids.len() == values && values == out && (!timed || rows.times.len() == values),
            "column lengths"
        );
    }

    /// Whether a sum over a window may be outside `i64` with these values: never for most.
    fn may_overflow(&mut self, values: &[i64]) -> bool {
        let Table::Total(groups) = &self.table else {
            return false;
        };
        if self.function != AggregateFunction::Sum {
            return false;
        }
        let largest = values.iter().map(|value| value.unsigned_abs());
        self.largest = largest.fold(self.largest, u64::max);
        let rows = match groups.extent {
            Extent::Rows(n) => n,
            Extent::Span(_) => {
                let held = groups.groups.iter().map(|group| group.rows.len());
                held.max().unwrap_or(0) + values.len()
            }
        };
        u128::from(self.largest) * rows as u128 > i64::MAX as u128
    }

    /// The state as bytes. Cost: linear in the rows of all windows.
    pub fn snapshot(&self) -> Vec<u8> {
        let mut state = StateWriter::new(1);
        with_groups!(&self.table, groups => groups.write(&mut state));
        state.finish()
    }

    /// Takes up the state that `bytes` hold, for the same parameters.
    ///
    /// # Errors
    /// [`KernelError::CorruptState`] if `bytes` are no such state; the kernel is then unchanged.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), KernelError> {
        let mut state = StateReader::new("RollingValues", 1, bytes)?;
        let mut table = self.table.clone();
        with_groups!(&mut table, groups => groups.read(&mut state)?);
        state.finish()?;
        if let Table::Total(groups) = &table {
            let rows = groups.groups.iter().flat_map(|group| &group.rows);
            let sizes = rows.flatten().map(|value| value.unsigned_abs());
            self.largest = sizes.max().unwrap_or(0);
        }
        self.table = table;
        Ok(())
    }
}

/// Integers that come out row by row.
struct Results<'a> {
    out: std::slice::IterMut<'a, i64>,
    least: usize,
    validity: ValidityBuilder,
}

impl<'a> Results<'a> {
    fn new(out: &'a mut [i64], least: usize) -> Self {
        Self {
            out: out.iter_mut(),
            least,
            validity: ValidityBuilder::default(),
        }
    }

    fn add(&mut self, result: Option<i64>, valid: usize) {
        let result = result.filter(|_| valid >= self.least);
        if let Some(slot) = self.out.next() {
            *slot = result.unwrap_or_default();
        }
        self.validity.append(1, result.is_some());
    }
}
