//! Aggregates per group, indexed by dense group ids.
//!
//! Keys become ids once, in a [`crate::dictionary`]; from there on a group is an index.

mod group_rolling;
mod group_shift;
mod group_windows;
mod grouped_aggregate;
mod grouped_distinct;
mod grouped_ends;
mod grouped_extremum;
mod grouped_integer;
mod grouped_moments;
mod grouped_quantile;
mod grouped_sum;
mod grouped_text;
mod ring_sums;
mod rolling_quantiles;
mod rolling_values;
mod touched;
mod window_state;
mod windows;

pub use group_rolling::GroupRolling;
pub use group_shift::{GroupShift, Shiftable};
pub use group_windows::Moves;
pub use grouped_aggregate::GroupedAggregate;
pub use grouped_distinct::GroupedDistinct;
pub use grouped_ends::GroupedEnds;
pub use grouped_extremum::GroupedExtremum;
pub use grouped_integer::GroupedInteger;
pub use grouped_moments::GroupedMoments;
use grouped_quantile::GroupedQuantile;
pub use grouped_sum::GroupedSum;
pub use grouped_text::GroupedText;
pub use rolling_values::{Placed, RollingValues};
pub(crate) use touched::Touched;
pub use windows::{DistinctWindows, FloatWindows, IntegerWindows, TextWindows};

/// How many groups a table needs to hold every id of a batch.
pub(crate) fn groups_of(ids: &[u32]) -> usize {
    if ids.is_empty() {
        0
    } else {
        largest(ids) as usize + 1
    }
}

#[multiversion::multiversion(targets("x86_64+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
pub(crate) fn largest(ids: &[u32]) -> u32 {
    ids.iter().fold(0, |most, &id| most.max(id))
}

/// Keeps the entries of `groups` alone, which get the ids 0, 1, 2, ...; those that are not there are
/// `empty`.
pub(crate) fn keep<T: Clone>(entries: &mut Vec<T>, groups: &[u32], empty: &T) {
    let kept = groups
        .iter()
        .map(|&group| match entries.get_mut(group as usize) {
            Some(entry) => std::mem::replace(entry, empty.clone()),
            None => empty.clone(),
        });
    *entries = kept.collect();
}

/// Refuses a count of 0.
pub(crate) fn check_positive(
    action: &str,
    n: usize,
) -> Result<(), crate::kernel_error::KernelError> {
    if n == 0 {
        return Err(crate::kernel_error::KernelError::InvalidArgument(format!(
            "Cannot create {action}: n must be a positive integer, got 0"
        )));
    }
    Ok(())
}
