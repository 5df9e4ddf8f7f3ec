//! One aggregate of one column per group.

use arrow_array::Float64Array;
use arrow_buffer::NullBuffer;

use super::{GroupedEnds, GroupedExtremum, GroupedMoments, GroupedQuantile, GroupedSum};
use crate::aggregate::AggregateFunction;
use crate::kernel_error::KernelError;

#[derive(Debug, Clone)]
enum Table {
    Sum(GroupedSum),
    Extremum(GroupedExtremum),
    Moments(GroupedMoments),
    Ends(GroupedEnds),
    Quantile(GroupedQuantile),
}

/// An aggregate of floats per group, over everything pushed so far.
///
/// Rows of one group are taken in their order. Memory: 8 to 24 bytes per group, for as many groups
/// as the largest id says, and for quantiles 16 to 32 per distinct value of each; bound the ids to
/// bound it.
///
/// # Examples
/// ```
/// use millrace_core::aggregate::AggregateFunction;
/// use millrace_core::group::GroupedAggregate;
///
/// let mut means = GroupedAggregate::new(AggregateFunction::Mean);
/// means.update(&[0, 1, 0], &[1.0, 5.0, 2.0], None);
/// assert_eq!(means.value(0), Some(1.5));
/// assert_eq!(means.value(7), None);
/// ```
#[derive(Debug, Clone)]
pub struct GroupedAggregate {
    function: AggregateFunction,
    table: Table,
}

impl GroupedAggregate {
    /// An aggregate with no groups yet.
    pub fn new(function: AggregateFunction) -> Self {
        let table = match function {
            AggregateFunction::Sum | AggregateFunction::Mean | AggregateFunction::Count => {
                Table::Sum(GroupedSum::default())
            }
            AggregateFunction::Min => Table::Extremum(GroupedExtremum::min()),
            AggregateFunction::Max => Table::Extremum(GroupedExtremum::max()),
            AggregateFunction::Var { .. } | AggregateFunction::Std { .. } => {
                Table::Moments(GroupedMoments::default())
            }
            AggregateFunction::First => Table::Ends(GroupedEnds::first()),
            AggregateFunction::Last => Table::Ends(GroupedEnds::last()),
            AggregateFunction::Quantile(_) => Table::Quantile(GroupedQuantile::default()),
        };
        Self { function, table }
    }

    /// Takes a batch in: row `i` belongs to group `ids[i]`.
    ///
    /// # Panics
    /// If `ids`, `values` and `nulls` differ in length.
    pub fn update(&mut self, ids: &[u32], values: &[f64], nulls: Option<&NullBuffer>) {
        assert_eq!(ids.len(), values.len(), "ids length");
        assert!(
            nulls.is_none_or(|nulls| nulls.len() == values.len()),
            "validity length"
        );
        let nulls = nulls.filter(|nulls| nulls.null_count() > 0);
        match &mut self.table {
            Table::Sum(table) => table.update(ids, values, nulls),
            Table::Extremum(table) => table.update(ids, values, nulls),
            Table::Moments(table) => table.update(ids, values, nulls),
            Table::Ends(table) => table.update(ids, values, nulls),
            Table::Quantile(table) => table.update(ids, values, nulls),
        }
    }

    /// The result of one group, `None` where it is undefined or the group was never seen.
    pub fn value(&self, id: u32) -> Option<f64> {
        let id = id as usize;
        match (&self.table, self.function) {
            (Table::Sum(table), AggregateFunction::Sum) => table.sum(id),
            (Table::Sum(table), AggregateFunction::Mean) => table.mean(id),
            (Table::Sum(table), _) => Some(table.count(id) as f64),
            (Table::Extremum(table), _) => table.value(id),
            (Table::Moments(table), AggregateFunction::Var { ddof }) => {
                table.moments(id).variance(ddof)
            }
            (Table::Moments(table), AggregateFunction::Std { ddof }) => {
                table.moments(id).variance(ddof).map(f64::sqrt)
            }
            (Table::Moments(_), _) => None,
            (Table::Ends(table), _) => table.value(id),
            (Table::Quantile(table), AggregateFunction::Quantile(quantile)) => {
                table.value(id, quantile)
            }
            (Table::Quantile(_), _) => None,
        }
    }

    /// The results of groups `0..groups`, null where undefined. The state stays as it is.
    pub fn finish(&self, groups: usize) -> Float64Array {
        let groups: Vec<u32> = (0..groups).map(|id| id as u32).collect();
        self.results(&groups)
    }

    /// The results of the given groups, null where undefined, of a group never seen too.
    pub fn results(&self, groups: &[u32]) -> Float64Array {
        if let (Table::Sum(table), AggregateFunction::Mean) = (&self.table, self.function)
            && let Some(means) = table.means(groups)
        {
            return means.into();
        }
        groups.iter().map(|&group| self.value(group)).collect()
    }

    /// Keeps these groups alone, which get the ids 0, 1, 2, ...
    pub fn keep(&mut self, groups: &[u32]) {
        match &mut self.table {
            Table::Sum(table) => table.keep(groups),
            Table::Extremum(table) => table.keep(groups),
            Table::Moments(table) => table.keep(groups),
            Table::Ends(table) => table.keep(groups),
            Table::Quantile(table) => table.keep(groups),
        }
    }

    /// Forgets all groups, keeping the memory.
    pub fn clear(&mut self) {
        match &mut self.table {
            Table::Sum(table) => table.clear(),
            Table::Extremum(table) => table.clear(),
            Table::Moments(table) => table.clear(),
            Table::Ends(table) => table.clear(),
            Table::Quantile(table) => table.clear(),
        }
    }

    /// The state as bytes. Cost: linear in the groups.
    pub fn snapshot(&self) -> Vec<u8> {
        match &self.table {
            Table::Sum(table) => table.snapshot(),
            Table::Extremum(table) => table.snapshot(),
            Table::Moments(table) => table.snapshot(),
            Table::Ends(table) => table.snapshot(),
            Table::Quantile(table) => table.snapshot(),
        }
    }

    /// Takes up the state that `bytes` hold, for the same function.
    ///
    /// # Errors
    /// [`KernelError::CorruptState`] if `bytes` are no such state; the kernel is then unchanged.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), KernelError> {
        match &mut self.table {
            Table::Sum(table) => table.restore(bytes),
            Table::Extremum(table) => table.restore(bytes),
            Table::Moments(table) => table.restore(bytes),
            Table::Ends(table) => table.restore(bytes),
            Table::Quantile(table) => table.restore(bytes),
        }
    }
}
