//! Aggregates of each group's rows in a window, by the type of their values.

use std::sync::Arc;

use arrow_buffer::NullBuffer;

use super::group_windows::{GroupWindows, Moves};
use super::grouped_distinct::float_bits;
use super::grouped_text::check_text;
use super::window_state::{Distinct, Ends, Extremes, Ordered, Stacks, Total};
use crate::aggregate::{
    AggregateFunction, Count, Max, Mean, Min, Std, Sum, Variance, checked, not_integer,
};
use crate::kernel_error::KernelError;
use crate::nulls::is_valid;
use crate::state::{StateReader, StateWriter};

/// What every kind of windows can do, whichever table it runs on.
macro_rules! shared {
    ($kind:ident, $name:literal, $($table:ident)|+) => {
        impl $kind {
            /// Keeps these groups alone, which get the ids 0, 1, 2, ...; all others must be without
            /// rows.
            pub fn keep(&mut self, groups: &[u32]) {
                match &mut self.table {
                    $(Table::$table(windows) => windows.keep(groups),)+
                    _ => {}
                }
            }

            /// The state as bytes. Cost: linear in the rows of the window.
            pub fn snapshot(&self) -> Vec<u8> {
                let mut state = StateWriter::new(2);
                match &self.table {
                    $(Table::$table(windows) => windows.write(&mut state),)+
                    _ => {}
                }
                state.finish()
            }

            /// Takes up the state that `bytes` hold, for the same function; `ids` are the groups of
            /// the rows in the window, oldest first.
            ///
            /// # Errors
            /// [`KernelError::CorruptState`] if `bytes` are no such state; the kernel is then
            /// unchanged.
            pub fn restore(&mut self, bytes: &[u8], ids: &[u32]) -> Result<(), KernelError> {
                let mut state = StateReader::new($name, 2, bytes)?;
                let mut table = self.table.clone();
                match &mut table {
                    $(Table::$table(windows) => windows.read(ids, &mut state)?,)+
                    _ => {}
                }
                state.finish()?;
                self.table = table;
                Ok(())
            }
        }
    };
}

#[derive(Debug, Clone)]
enum Table {
    Sum(GroupWindows<Stacks<Sum>>),
    Mean(GroupWindows<Stacks<Mean>>),
    Count(GroupWindows<Stacks<Count>>),
    Min(GroupWindows<Stacks<Min>>),
    Max(GroupWindows<Stacks<Max>>),
    Variance(GroupWindows<Stacks<Variance>>),
    Std(GroupWindows<Stacks<Std>>),
    Ends(GroupWindows<Ends<f64>>),
    Ordered(GroupWindows<Ordered>),
    Total(GroupWindows<Total>),
    IntegerEnds(GroupWindows<Ends<i64>>),
    IntegerExtremes(GroupWindows<Extremes<i64>>),
    TextEnds(GroupWindows<Ends<Arc<str>>>),
    TextExtremes(GroupWindows<Extremes<Arc<str>>>),
    DistinctNumbers(GroupWindows<Distinct<u64>>),
    DistinctTexts(GroupWindows<Distinct<Arc<str>>>),
}

/// An aggregate of floats over the rows of each group in a window.
///
/// Nothing is subtracted: nothing drifts, and a NaN or an infinity is gone when it has left. Cost:
/// constant for each row that comes or leaves, amortised; for quantiles logarithmic.
///
/// # Examples
/// ```
/// use millrace_core::aggregate::AggregateFunction;
/// use millrace_core::group::{FloatWindows, Moves};
///
/// let mut sums = FloatWindows::new(AggregateFunction::Sum);
/// // Three rows come into a window of two: the first leaves.
/// let moves = Moves { ids: &[0, 1, 0], leaving: &[0], left: &[0, 0, 1] };
/// sums.advance(moves, &[1.0, 2.0, 4.0], None);
/// assert_eq!((sums.value(0), sums.value(1)), (Some(4.0), Some(2.0)));
/// ```
#[derive(Debug, Clone)]
pub struct FloatWindows {
    function: AggregateFunction,
    table: Table,
}

impl FloatWindows {
    /// A window of no rows.
    pub fn new(function: AggregateFunction) -> Self {
        use AggregateFunction as F;
        let table = match function {
            F::Sum => Table::Sum(GroupWindows::new(Stacks::new(Sum))),
            F::Mean => Table::Mean(GroupWindows::new(Stacks::new(Mean))),
            F::Count => Table::Count(GroupWindows::new(Stacks::new(Count))),
            F::Min => Table::Min(GroupWindows::new(Stacks::new(Min))),
            F::Max => Table::Max(GroupWindows::new(Stacks::new(Max))),
            F::Var { ddof } => Table::Variance(GroupWindows::new(Stacks::new(Variance { ddof }))),
            F::Std { ddof } => Table::Std(GroupWindows::new(Stacks::new(Std { ddof }))),
            F::First | F::Last => Table::Ends(GroupWindows::new(Ends::default())),
            F::Quantile(_) => Table::Ordered(GroupWindows::new(Ordered::default())),
        };
        Self { function, table }
    }

    /// Lets rows in and out.
    pub fn advance(&mut self, moves: Moves<'_>, values: &[f64], nulls: Option<&NullBuffer>) {
        let rows = rows(values, nulls);
        match &mut self.table {
            Table::Sum(windows) => windows.advance(moves, rows),
            Table::Mean(windows) => windows.advance(moves, rows),
            Table::Count(windows) => windows.advance(moves, rows),
            Table::Min(windows) => windows.advance(moves, rows),
            Table::Max(windows) => windows.advance(moves, rows),
            Table::Variance(windows) => windows.advance(moves, rows),
            Table::Std(windows) => windows.advance(moves, rows),
            Table::Ends(windows) => windows.advance(moves, rows),
            Table::Ordered(windows) => windows.advance(moves, rows),
            _ => {}
        }
    }

    /// The result of a group, `None` where it is undefined.
    pub fn value(&self, id: u32) -> Option<f64> {
        match &self.table {
            Table::Sum(windows) => windows.group(id).value(),
            Table::Mean(windows) => windows.group(id).value(),
            Table::Count(windows) => windows.group(id).value(),
            Table::Min(windows) => windows.group(id).value(),
            Table::Max(windows) => windows.group(id).value(),
            Table::Variance(windows) => windows.group(id).value(),
            Table::Std(windows) => windows.group(id).value(),
            Table::Ends(windows) => end(self.function, windows.group(id)).copied(),
            Table::Ordered(windows) => match self.function {
                AggregateFunction::Quantile(quantile) => windows.group(id).0.quantile(quantile),
                _ => None,
            },
            _ => None,
        }
    }
}

shared!(
    FloatWindows,
    "FloatWindows",
    Sum | Mean | Count | Min | Max | Variance | Std | Ends | Ordered
);

/// An exact aggregate of integers over the rows of each group in a window: sum, count, min, max,
/// first or last. Cost: constant for each row that comes or leaves, amortised.
#[derive(Debug, Clone)]
pub struct IntegerWindows {
    function: AggregateFunction,
    table: Table,
}

impl IntegerWindows {
    /// A window of no rows.
    ///
    /// # Errors
    /// [`KernelError::InvalidArgument`] if the result of `function` is no integer.
    pub fn new(function: AggregateFunction) -> Result<Self, KernelError> {
        use AggregateFunction as F;
        let table = match function {
            F::Sum | F::Count => Table::Total(GroupWindows::new(Total::default())),
            F::First | F::Last => Table::IntegerEnds(GroupWindows::new(Ends::default())),
            F::Min | F::Max => Table::IntegerExtremes(GroupWindows::new(extremes(function))),
            other => return Err(not_integer(other)),
        };
        Ok(Self { function, table })
    }

    /// Lets rows in and out.
    pub fn advance(&mut self, moves: Moves<'_>, values: &[i64], nulls: Option<&NullBuffer>) {
        let rows = rows(values, nulls);
        match &mut self.table {
            Table::Total(windows) => windows.advance(moves, rows),
            Table::IntegerEnds(windows) => windows.advance(moves, rows),
            Table::IntegerExtremes(windows) => windows.advance(moves, rows),
            _ => {}
        }
    }

    /// The result of a group, `None` where it is undefined.
    ///
    /// # Errors
    /// [`KernelError::Overflow`] if a sum is outside `i64`.
    pub fn value(&self, id: u32) -> Result<Option<i64>, KernelError> {
        Ok(match &self.table {
            Table::Total(windows) if self.function == AggregateFunction::Sum => {
                Some(checked(windows.group(id).sum)?)
            }
            Table::Total(windows) => Some(windows.group(id).count),
            Table::IntegerEnds(windows) => end(self.function, windows.group(id)).copied(),
            Table::IntegerExtremes(windows) => windows.group(id).value().copied(),
            _ => None,
        })
    }
}

shared!(
    IntegerWindows,
    "IntegerWindows",
    Total | IntegerEnds | IntegerExtremes
);

/// The first, last, least or greatest text of each group in a window. Cost: constant for each row
/// that comes or leaves, amortised, and a copy of its text.
#[derive(Debug, Clone)]
pub struct TextWindows {
    function: AggregateFunction,
    table: Table,
}

impl TextWindows {
    /// A window of no rows.
    ///
    /// # Errors
    /// [`KernelError::InvalidArgument`] if the result of `function` is no text.
    pub fn new(function: AggregateFunction) -> Result<Self, KernelError> {
        use AggregateFunction as F;
        check_text(function)?;
        let table = match function {
            F::Min | F::Max => Table::TextExtremes(GroupWindows::new(extremes(function))),
            _ => Table::TextEnds(GroupWindows::new(Ends::default())),
        };
        Ok(Self { function, table })
    }

    /// Lets rows in and out.
    pub fn advance<'a>(&mut self, moves: Moves<'_>, rows: impl Iterator<Item = Option<&'a str>>) {
        let rows = rows.map(|row| row.map(Arc::from));
        match &mut self.table {
            Table::TextExtremes(windows) => windows.advance(moves, rows),
            Table::TextEnds(windows) => windows.advance(moves, rows),
            _ => {}
        }
    }

    /// The result of a group, `None` where there is no text.
    pub fn value(&self, id: u32) -> Option<&str> {
        match &self.table {
            Table::TextExtremes(windows) => windows.group(id).value().map(|text| &**text),
            Table::TextEnds(windows) => end(self.function, windows.group(id)).map(|text| &**text),
            _ => None,
        }
    }
}

shared!(TextWindows, "TextWindows", TextEnds | TextExtremes);

/// How many distinct values each group has in a window. Cost: a probe of a hash table for each row
/// that comes or leaves.
#[derive(Debug, Clone)]
pub struct DistinctWindows {
    table: Table,
}

impl DistinctWindows {
    /// A window of numbers.
    pub fn numbers() -> Self {
        Self {
            table: Table::DistinctNumbers(GroupWindows::new(Distinct::default())),
        }
    }

    /// A window of texts.
    pub fn texts() -> Self {
        Self {
            table: Table::DistinctTexts(GroupWindows::new(Distinct::default())),
        }
    }

    /// Lets floats in and out. −0 and 0 are one value, and so are all NaN.
    pub fn advance_floats(&mut self, moves: Moves<'_>, values: &[f64], nulls: Option<&NullBuffer>) {
        if let Table::DistinctNumbers(windows) = &mut self.table {
            windows.advance(moves, rows(values, nulls).map(|row| row.map(float_bits)));
        }
    }

    /// Lets integers in and out.
    pub fn advance_integers(
        &mut self,
        moves: Moves<'_>,
        values: &[i64],
        nulls: Option<&NullBuffer>,
    ) {
        if let Table::DistinctNumbers(windows) = &mut self.table {
            let rows = rows(values, nulls);
            windows.advance(moves, rows.map(|row| row.map(i64::cast_unsigned)));
        }
    }

    /// Lets texts in and out.
    pub fn advance_texts<'a>(
        &mut self,
        moves: Moves<'_>,
        rows: impl Iterator<Item = Option<&'a str>>,
    ) {
        if let Table::DistinctTexts(windows) = &mut self.table {
            windows.advance(moves, rows.map(|row| row.map(Arc::from)));
        }
    }

    /// The result of a group.
    pub fn value(&self, id: u32) -> i64 {
        match &self.table {
            Table::DistinctNumbers(windows) => windows.group(id).value(),
            Table::DistinctTexts(windows) => windows.group(id).value(),
            _ => 0,
        }
    }
}

shared!(
    DistinctWindows,
    "DistinctWindows",
    DistinctNumbers | DistinctTexts
);

fn rows<'a, T: Copy>(
    values: &'a [T],
    nulls: Option<&'a NullBuffer>,
) -> impl Iterator<Item = Option<T>> + 'a {
    let rows = values.iter().enumerate();
    rows.map(move |(row, &value)| is_valid(nulls, row).then_some(value))
}

fn end<T>(function: AggregateFunction, ends: &Ends<T>) -> Option<&T> {
    match function {
        AggregateFunction::Last => ends.last(),
        _ => ends.first(),
    }
}

fn extremes<T>(function: AggregateFunction) -> Extremes<T> {
    Extremes::new(function == AggregateFunction::Max)
}
