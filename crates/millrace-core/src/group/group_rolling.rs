//! Aggregates over the last `n` rows of each group, one result per row.
//!
//! | requires | time per row | space |
//! |---|---|---|
//! | a monoid | 1 amortised: [Two-Stacks](crate::window::TwoStacks) per group | up to 2n per group, grown as its rows come |
//!
//! Sums and means of short windows take a ring instead: see `ring_sums.rs`.

use std::collections::VecDeque;

use arrow_buffer::NullBuffer;

use super::groups_of;
use super::ring_sums::RingSums;
use crate::aggregate::{
    Aggregate, AggregateFunction, Count, First, Last, Max, Mean, Min, Std, Sum, Variance,
};
use crate::kernel_error::KernelError;
use crate::nulls::{ValidityBuilder, is_valid};
use crate::state::{StateReader, StateWriter};
use crate::window::{FifoWindow, TwoStacks, check_window};

/// The window of one group.
#[derive(Debug, Clone)]
struct Group<A: Aggregate> {
    window: TwoStacks<A>,
    rows: VecDeque<Option<f64>>,
    valid: usize,
    /// The first number of the group. Deviations are taken from it, because the mean of rows far
    /// from zero would be rounded more coarsely than the rows differ.
    shift: Option<f64>,
}

/// The windows of all groups, by id.
#[derive(Debug, Clone)]
struct Groups<A: Aggregate> {
    aggregate: A,
    /// Whether the aggregate is the same for rows that are all shifted by the same distance.
    shifts: bool,
    groups: Vec<Group<A>>,
}

impl<A: Aggregate<Input = f64, Output = f64> + Copy> Groups<A> {
    fn new(aggregate: A, shifts: bool) -> Self {
        Self {
            aggregate,
            shifts,
            groups: Vec::new(),
        }
    }

    fn grow(&mut self, groups: usize) {
        if groups > self.groups.len() {
            let window = TwoStacks::new(self.aggregate);
            let new = Group {
                window,
                rows: VecDeque::new(),
                valid: 0,
                shift: None,
            };
            self.groups.resize(groups, new);
        }
    }

    /// One more row in a group's window of `n`: the result and how many valid rows it is made of.
    #[inline(always)]
    fn step(&mut self, id: u32, row: Option<f64>, n: usize) -> (Option<f64>, usize) {
        let group = &mut self.groups[id as usize];
        if group.rows.len() == n {
            group.valid -= usize::from(group.rows.pop_front().flatten().is_some());
            group.window.pop();
        }
        group.rows.push_back(row);
        group.valid += usize::from(row.is_some());
        if self.shifts && group.shift.is_none() {
            group.shift = row.filter(|value| value.is_finite());
        }
        let shift = group.shift;
        // Nothing is subtracted where there is no shift: 0 would change the sign of a zero.
        group
            .window
            .push(row.map(|value| shift.map_or(value, |shift| value - shift)));
        (group.window.query(), group.valid)
    }

    fn write(&self, state: &mut StateWriter) {
        state.u64(self.groups.len() as u64);
        for group in &self.groups {
            let values: Vec<f64> = group
                .rows
                .iter()
                .map(|row| row.unwrap_or_default())
                .collect();
            let valid: Vec<bool> = group.rows.iter().map(Option::is_some).collect();
            state
                .f64s(&values)
                .bools(&valid)
                .u64(group.window.front_len() as u64);
            state
                .bools(&[group.shift.is_some()])
                .f64(group.shift.unwrap_or_default());
        }
    }

    fn read(&mut self, n: usize, state: &mut StateReader<'_>) -> Result<(), KernelError> {
        self.groups.clear();
        for _ in 0..state.u64()? {
            let values = state.f64s()?;
            let valid = state.bools()?;
            let front_len = state.u64()? as usize;
            let shifted = state.bools()? == [true];
            let shift = Some(state.f64()?).filter(|_| shifted);
            if values.len() != valid.len() || values.len() > n || front_len > values.len() {
                return Err(state.corrupt(format!("{} rows in a group", values.len())));
            }
            let rows: VecDeque<_> = values
                .into_iter()
                .zip(valid)
                .map(|(v, ok)| ok.then_some(v))
                .collect();
            let moved = rows
                .iter()
                .map(|row| row.map(|value| shift.map_or(value, |shift| value - shift)));
            let window = TwoStacks::from_rows(self.aggregate, moved, front_len);
            let valid = rows.iter().flatten().count();
            self.groups.push(Group {
                window,
                rows,
                valid,
                shift,
            });
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
}

/// Runs `$body` on the groups that a table holds, `$ring` on its rings.
macro_rules! with_groups {
    ($table:expr, $groups:ident => $body:expr, $rings:ident => $ring:expr) => {
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
        }
    };
}

/// An aggregate over the last `window` rows of a row's own group, itself included.
///
/// Nothing is ever subtracted: nothing drifts, and a NaN or an infinity is gone when it has left.
/// Sums and means of integers are exact below 2⁵³. Cost: constant per row, amortised. Memory: the
/// windows, for as many groups as the largest id says; bound the ids to bound it.
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
    window: usize,
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
        let short = window <= RingSums::LONGEST;
        let table = match function {
            AggregateFunction::Sum if short => Table::RingSum(RingSums::new(window)),
            AggregateFunction::Mean if short => Table::RingMean(RingSums::new(window)),
            AggregateFunction::Sum => Table::Sum(Groups::new(Sum, false)),
            AggregateFunction::Mean => Table::Mean(Groups::new(Mean, false)),
            AggregateFunction::Count => Table::Count(Groups::new(Count, false)),
            AggregateFunction::Min => Table::Min(Groups::new(Min, false)),
            AggregateFunction::Max => Table::Max(Groups::new(Max, false)),
            AggregateFunction::Var { ddof } => {
                Table::Variance(Groups::new(Variance { ddof }, true))
            }
            AggregateFunction::Std { ddof } => Table::Std(Groups::new(Std { ddof }, true)),
            AggregateFunction::First => Table::First(Groups::new(First, false)),
            AggregateFunction::Last => Table::Last(Groups::new(Last, false)),
        };
        Ok(Self {
            window,
            min_periods,
            table,
        })
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
                    let (result, valid) = groups.step(id, row, self.window);
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
            }
        );
        validity.finish()
    }

    /// The state as bytes. Cost: linear in the rows of all windows.
    pub fn snapshot(&self) -> Vec<u8> {
        let mut state = StateWriter::new(1);
        with_groups!(&self.table,
            groups => groups.write(&mut state),
            rings => rings.write(&mut state)
        );
        state.finish()
    }

    /// Takes up the state that `bytes` hold, for the same parameters.
    ///
    /// # Errors
    /// [`KernelError::CorruptState`] if `bytes` are no such state; the kernel is then unchanged.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), KernelError> {
        let mut state = StateReader::new("GroupRolling", 1, bytes)?;
        let mut table = self.table.clone();
        with_groups!(&mut table,
            groups => groups.read(self.window, &mut state)?,
            rings => rings.read(&mut state)?
        );
        state.finish()?;
        self.table = table;
        Ok(())
    }
}
