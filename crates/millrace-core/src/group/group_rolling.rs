//! Aggregates over the last rows of each group, or those of a span of time, one result per row.
//!
//! | requires | time per row | space |
//! |---|---|---|
//! | a monoid | 1 amortised: [Two-Stacks](crate::window::TwoStacks) per group | up to 2n per group, grown as its rows come |
//!
//! Sums and means of short windows take a ring instead: see `ring_sums.rs`.

use arrow_buffer::NullBuffer;

use super::groups_of;
use super::ring_sums::RingSums;
use super::rolling_quantiles::RollingQuantiles;
use crate::aggregate::{
    Aggregate, AggregateFunction, Count, First, Last, Max, Mean, Min, Std, Sum, Variance,
};
use crate::kernel_error::KernelError;
use crate::nulls::{ValidityBuilder, is_valid};
use crate::state::{StateReader, StateWriter};
use crate::window::{Extent, FifoWindow, KeptRows, TwoStacks, check_extent, check_window};

/// The window of one group.
#[derive(Debug, Clone)]
struct Group<A: Aggregate> {
    window: TwoStacks<A>,
    rows: KeptRows<f64>,
}

/// The windows of all groups, by id.
#[derive(Debug, Clone)]
struct Groups<A: Aggregate> {
    aggregate: A,
    groups: Vec<Group<A>>,
}

impl<A: Aggregate<Input = f64, Output = f64> + Copy> Groups<A> {
    fn new(aggregate: A) -> Self {
        Self {
            aggregate,
            groups: Vec::new(),
        }
    }

    fn grow(&mut self, groups: usize) {
        if groups > self.groups.len() {
            let window = TwoStacks::new(self.aggregate);
            let new = Group {
                window,
                rows: KeptRows::default(),
            };
            self.groups.resize(groups, new);
        }
    }

    /// One more row in a group's window: the result and how many valid rows it is made of.
    #[inline(always)]
    fn step(
        &mut self,
        id: u32,
        row: Option<f64>,
        extent: Extent,
        time: i64,
    ) -> (Option<f64>, usize) {
        let group = &mut self.groups[id as usize];
        while group.rows.leave(extent, time).is_some() {
            group.window.pop();
        }
        group.rows.push(row, extent, time);
        group.window.push(row);
        (group.window.query(), group.rows.valid())
    }

    fn write(&self, extent: Extent, state: &mut StateWriter) {
        state.u64(self.groups.len() as u64);
        for group in &self.groups {
            group.rows.write(extent, state);
            state.u64(group.window.front_len() as u64);
        }
    }

    fn read(&mut self, extent: Extent, state: &mut StateReader<'_>) -> Result<(), KernelError> {
        self.groups.clear();
        for _ in 0..state.u64()? {
            let rows = KeptRows::<f64>::read(extent, state)?;
            let front_len = state.u64()? as usize;
            if front_len > rows.len() {
                return Err(state.corrupt(format!("{} rows in a group", rows.len())));
            }
            let window = TwoStacks::from_rows(self.aggregate, rows.iter(), front_len);
            self.groups.push(Group { window, rows });
        }
        Ok(())
    }
}

#[derive(Debug, Clone)]
enum Table {
    RingSum(RingSums),
    RingMean(RingSums),
    Sum(Groups<Sum>),
    Mean(Groups<Mean>),
    Count(Groups<Count>),
    Min(Groups<Min>),
    Max(Groups<Max>),
    Variance(Groups<Variance>),
    Std(Groups<Std>),
    First(Groups<First>),
    Last(Groups<Last>),
    Quantile(RollingQuantiles),
}

/// Runs `$body` on the groups that a table holds, `$ring` on its rings, `$quantile` on its quantiles.
macro_rules! with_groups {
    ($table:expr, $groups:ident => $body:expr, $rings:ident => $ring:expr,
     $quantiles:ident => $quantile:expr) => {
        match $table {
            Table::RingSum($rings) | Table::RingMean($rings) => $ring,
            Table::Sum($groups) => $body,
            Table::Mean($groups) => $body,
            Table::Count($groups) => $body,
            Table::Min($groups) => $body,
            Table::Max($groups) => $body,
            Table::Variance($groups) => $body,
            Table::Std($groups) => $body,
            Table::First($groups) => $body,
            Table::Last($groups) => $body,
            Table::Quantile($quantiles) => $quantile,
        }
    };
}

/// An aggregate over the last rows of a row's own group, itself included: a number of them, or those
/// of a span of time.
///
/// Nothing is ever subtracted: nothing drifts, and a NaN or an infinity is gone when it has left.
/// Sums and means of integers are exact below 2⁵³. Cost: constant per row, amortised; for quantiles
/// log n. Memory: the windows, for as many groups as the largest id says; bound the ids to bound it.
///
/// # Examples
/// ```
/// use millrace_core::aggregate::AggregateFunction;
/// use millrace_core::group::GroupRolling;
///
/// let mut means = GroupRolling::new(AggregateFunction::Mean, 2, 1)?;
/// let mut out = [0.0; 4];
/// let validity = means.push(&[0, 1, 0, 0], &[1.0, 9.0, 2.0, 4.0], None, &mut out);
/// assert_eq!(out, [1.0, 9.0, 1.5, 3.0]);
/// assert!(validity.is_none());
/// # Ok::<(), millrace_core::kernel_error::KernelError>(())
/// ```
#[derive(Debug, Clone)]
pub struct GroupRolling {
    extent: Extent,
    min_periods: usize,
    table: Table,
}

impl GroupRolling {
    /// Windows of `window` rows that give null while fewer than `min_periods` of them are valid.
    ///
    /// # Errors
    /// [`KernelError::InvalidArgument`] if `window` is 0 or `min_periods` exceeds it.
    pub fn new(
        function: AggregateFunction,
        window: usize,
        min_periods: usize,
    ) -> Result<Self, KernelError> {
        check_window("rolling", window, min_periods)?;
        Ok(Self::of(function, Extent::Rows(window), min_periods))
    }

    /// Windows of the rows that are less than `span` nanoseconds older than their newest one.
    ///
    /// # Errors
    /// [`KernelError::InvalidArgument`] if `span` is not above 0.
    pub fn over_span(
        function: AggregateFunction,
        span: i64,
        min_periods: usize,
    ) -> Result<Self, KernelError> {
        check_extent("rolling", Extent::Span(span))?;
        Ok(Self::of(function, Extent::Span(span), min_periods))
    }

    fn of(function: AggregateFunction, extent: Extent, min_periods: usize) -> Self {
        let short = match extent {
            Extent::Rows(window) if window <= RingSums::LONGEST => Some(window),
            _ => None,
        };
        let table = match (function, short) {
            (AggregateFunction::Sum, Some(window)) => Table::RingSum(RingSums::new(window)),
            (AggregateFunction::Mean, Some(window)) => Table::RingMean(RingSums::new(window)),
            (AggregateFunction::Sum, _) => Table::Sum(Groups::new(Sum)),
            (AggregateFunction::Mean, _) => Table::Mean(Groups::new(Mean)),
            (AggregateFunction::Count, _) => Table::Count(Groups::new(Count)),
            (AggregateFunction::Min, _) => Table::Min(Groups::new(Min)),
            (AggregateFunction::Max, _) => Table::Max(Groups::new(Max)),
            (AggregateFunction::Var { ddof }, _) => Table::Variance(Groups::new(Variance { ddof })),
            (AggregateFunction::Std { ddof }, _) => Table::Std(Groups::new(Std { ddof })),
            (AggregateFunction::First, _) => Table::First(Groups::new(First)),
            (AggregateFunction::Last, _) => Table::Last(Groups::new(Last)),
            (AggregateFunction::Quantile(quantile), _) => {
                Table::Quantile(RollingQuantiles::new(quantile, extent))
            }
        };
        Self {
            extent,
            min_periods,
            table,
        }
    }

    /// Takes a batch in and writes one result per row to `out`; returns the validity of the
    /// results, `None` when none is null. Null results are NaN in `out`.
    ///
    /// # Panics
    /// If `ids`, `values`, `nulls` and `out` differ in length.
    pub fn push(
        &mut self,
        ids: &[u32],
        values: &[f64],
        nulls: Option<&NullBuffer>,
        out: &mut [f64],
    ) -> Option<NullBuffer> {
        self.push_timed(&[], ids, values, nulls, out)
    }

    /// As [`Self::push`], of rows with times that do not decrease, also from batch to batch; for
    /// windows of rows there need be none.
    ///
    /// # Panics
    /// If `times`, `ids`, `values`, `nulls` and `out` differ in length.
    pub fn push_timed(
        &mut self,
        times: &[i64],
        ids: &[u32],
        values: &[f64],
        nulls: Option<&NullBuffer>,
        out: &mut [f64],
    ) -> Option<NullBuffer> {
        let extent = self.extent;
        let timed = matches!(extent, Extent::Span(_));
        assert!(
            !timed || times.len() == values.len(),
            "one time for each row"
        );
        let time_of = |index: usize| if timed { times[index] } else { 0 };
        assert!(
            ids.len() == values.len() && values.len() == out.len(),
            "column lengths"
        );
        assert!(
            nulls.is_none_or(|nulls| nulls.len() == values.len()),
            "validity length"
        );
        let nulls = nulls.filter(|nulls| nulls.null_count() > 0);
        let mut validity = ValidityBuilder::default();
        let mean = matches!(self.table, Table::RingMean(_));
        with_groups!(&mut self.table,
            groups => {
                groups.grow(groups_of(ids));
                for (index, (&id, slot)) in ids.iter().zip(out).enumerate() {
                    let row = is_valid(nulls, index).then(|| values[index]);
                    let (result, valid) = groups.step(id, row, extent, time_of(index));
                    let result = result.filter(|_| valid >= self.min_periods);
                    *slot = result.unwrap_or(f64::NAN);
                    validity.append(1, result.is_some());
                }
            },
            rings => {
                rings.grow(groups_of(ids));
                let least = self.min_periods.max(usize::from(mean));
                for (index, (&id, slot)) in ids.iter().zip(out).enumerate() {
                    let row = is_valid(nulls, index).then(|| values[index]);
                    let (sum, valid) = rings.step(id, row);
                    let result = if mean { sum / valid as f64 } else { sum };
                    *slot = if valid >= least { result } else { f64::NAN };
                    validity.append(1, valid >= least);
                }
            },
            quantiles => {
                quantiles.grow(groups_of(ids));
                for (index, (&id, slot)) in ids.iter().zip(out).enumerate() {
                    let row = is_valid(nulls, index).then(|| values[index]);
                    let (result, valid) = quantiles.step(id, row, time_of(index));
                    let result = result.filter(|_| valid >= self.min_periods);
                    *slot = result.unwrap_or(f64::NAN);
                    validity.append(1, result.is_some());
                }
            }
        );
        validity.finish()
    }

    /// The state as bytes. Cost: linear in the rows of all windows.
    pub fn snapshot(&self) -> Vec<u8> {
        let mut state = StateWriter::new(2);
        with_groups!(&self.table,
            groups => groups.write(self.extent, &mut state),
            rings => rings.write(&mut state),
            quantiles => quantiles.write(&mut state)
        );
        state.finish()
    }

    /// Takes up the state that `bytes` hold, for the same parameters.
    ///
    /// # Errors
    /// [`KernelError::CorruptState`] if `bytes` are no such state; the kernel is then unchanged.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), KernelError> {
        let mut state = StateReader::new("GroupRolling", 2, bytes)?;
        let mut table = self.table.clone();
        with_groups!(&mut table,
            groups => groups.read(self.extent, &mut state)?,
            rings => rings.read(&mut state)?,
            quantiles => quantiles.read(&mut state)?
        );
        state.finish()?;
        self.table = table;
        Ok(())
    }
}
