//! How a window moves. What is aggregated is the other axis: see [`crate::aggregate`].

mod kept_rows;
mod lane_scan;
mod merged_moments;
mod partition;
mod prefix_moments;
mod prefix_sums;
mod rank_set;
mod recompute;
mod rolling;
mod rolling_integer;
mod sliding_quantile;
mod subtract_on_evict;
mod two_stacks;
mod van_herk;

pub use kept_rows::Extent;
pub(crate) use kept_rows::KeptRows;
pub use partition::Partition;
pub use recompute::{Recompute, aggregate_rows};
pub use rolling::Rolling;
pub use rolling_integer::RollingInteger;
pub use subtract_on_evict::SubtractOnEvict;
pub use two_stacks::TwoStacks;

use crate::aggregate::Aggregate;
use crate::kernel_error::KernelError;

/// A first-in first-out window over rows, of which some may be missing.
///
/// The classic interface of sliding-window aggregation (Tangwongsan, Hirzel & Schneider): any
/// algorithm that implements it can be held against [`Recompute`].
pub trait FifoWindow<A: Aggregate> {
    /// An empty window.
    fn new(aggregate: A) -> Self;
    /// Appends the newest row; `None` is a missing value, which takes up a place.
    fn push(&mut self, row: Option<A::Input>);
    /// Drops the oldest row; nothing happens to an empty window.
    fn pop(&mut self);
    /// The aggregate of the valid rows, oldest first.
    fn query(&self) -> Option<A::Output>;
    /// How many rows are in the window, missing ones included.
    fn len(&self) -> usize;
    /// Whether no row is in the window.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Refuses a window of no rows, and more required rows than the window has.
pub(crate) fn check_window(
    action: &str,
    window: usize,
    min_periods: usize,
) -> Result<(), KernelError> {
    check_extent(action, Extent::Rows(window))?;
    if min_periods > window {
        return Err(KernelError::InvalidArgument(format!(
            "Cannot create {action}: minPeriods must be at most n = {window}, got {min_periods}"
        )));
    }
    Ok(())
}

/// Refuses a window of no rows or of no time.
pub(crate) fn check_extent(action: &str, extent: Extent) -> Result<(), KernelError> {
    let refusal = match extent {
        Extent::Rows(0) => "n must be a positive integer, got 0".to_owned(),
        Extent::Span(span) if span <= 0 => {
            format!("the span must be above zero, got {span} nanoseconds")
        }
        _ => return Ok(()),
    };
    Err(KernelError::InvalidArgument(format!(
        "Cannot create {action}: {refusal}"
    )))
}
