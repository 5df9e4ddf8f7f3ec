//! Aggregates per group, indexed by dense group ids.
//!
//! Keys become ids once, in a [`crate::dictionary`]; from there on a group is an index.

mod group_rolling;
mod group_shift;
mod grouped_aggregate;
mod grouped_ends;
mod grouped_extremum;
mod grouped_integer;
mod grouped_moments;
mod grouped_sum;
mod ring_sums;

pub use group_rolling::GroupRolling;
pub use group_shift::{GroupShift, Shiftable};
pub use grouped_aggregate::GroupedAggregate;
pub use grouped_ends::GroupedEnds;
pub use grouped_extremum::GroupedExtremum;
pub use grouped_integer::GroupedInteger;
pub use grouped_moments::GroupedMoments;
pub use grouped_sum::GroupedSum;

/// How many groups a table needs to hold every id of a batch.
pub(crate) fn groups_of(ids: &[u32]) -> usize {
    if ids.is_empty() {
        0
    } else {
        largest(ids) as usize + 1
    }
}

#[multiversion::multiversion(targets("x86_64+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
fn largest(ids: &[u32]) -> u32 {
    ids.iter().fold(0, |most, &id| most.max(id))
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
