//! The kinds of nodes, one per file.

pub(super) mod aggregate;
pub(super) mod aside;
pub(super) mod bounded_group_by;
pub(super) mod cumulative;
pub(super) mod ewm;
pub(super) mod filter;
pub(super) mod forward_fill;
pub(super) mod group_by;
pub(super) mod group_shift;
mod grouped_kernel;
pub(super) mod input;
pub(super) mod integer_counts;
pub(super) mod partition_group_by;
pub(super) mod project;
pub(super) mod reorder;
pub(super) mod rolling;
mod row_kernel;
pub(super) mod shift;
pub(super) mod sink;
pub(super) mod sliding_window;
pub(super) mod window;
mod window_kernel;
