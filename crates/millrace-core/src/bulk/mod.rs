//! Kernels over whole columns: the work that a GPU may take over, here on the CPU.
//!
//! A [`Chain`] of [`Step`]s takes batches of columns and yields columns. The same chain, written as
//! the same JSON text, runs on a GPU in `millrace-gpu`; a snapshot of one is restored by the other, so
//! that a plan whose device is lost goes on here.
//!
//! - Rows of f32 are summed in f64 here, in f32 blocks on a GPU: the tolerance of each step says how
//!   far the two may be apart. What only moves or compares values is the same to the bit.
//! - Results do not depend on how the rows were cut into batches, up to that tolerance.
//! - A NaN is a value: it orders after +∞, and makes what is computed from it NaN. Of the zeros a
//!   minimum, maximum or order statistic yields +0; sorting keeps both, −0 first.
//! - A step over windows yields a row for each full window, and nothing before the first.

mod chain;
mod column;
mod copy;
mod correlation;
mod cumulative;
mod histogram;
mod lookback;
mod map;
mod nearest;
mod order;
mod points;
mod power_spectrum;
mod reduce;
mod rolling;
mod segments;
mod sort;
mod step;
mod top_k;
mod weighted;

pub use chain::{Chain, read_states, write_states};
pub use column::{Column, ColumnKind, wrong_count, wrong_kind};
pub use correlation::RowWindows;
pub use cumulative::{Cumulative, CumulativeFunction};
pub use histogram::{Bins, Counts};
pub use lookback::Lookback;
pub use map::{Element, ElementProgram, Elements, check_columns};
pub use nearest::check_nearest;
pub use order::{order_key, value_of_key};
pub use points::Points;
pub use power_spectrum::{check_segment, roots};
pub use reduce::{Reduce, Reduction, Summary};
pub use rolling::{RollingFunction, check_rows, rank_of};
pub use segments::Segments;
pub use step::{Kernel, Step, steps_from_json};
pub use weighted::check_taps;
