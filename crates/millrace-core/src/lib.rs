//! Columns, aggregates, windows, kernels and plans: the computing part of millrace.
//!
//! No N-API, no clock and no I/O here: everything is a pure function of the batches pushed in.
//!
//! # Kernels
//!
//! A kernel takes slices and an optional [`NullBuffer`](arrow_buffer::NullBuffer) and knows
//! nothing of plans. All share these rules:
//!
//! - **Splits do not matter.** Results are bit-identical however the rows were cut into batches:
//!   whatever has blocks or lanes anchors them at the absolute row index.
//! - **Null is missing, NaN is a value.** Aggregates skip nulls. A NaN makes sums, means and
//!   variances NaN, and min, max and quantiles too, as long as it is in the window. A zero that min or max
//!   returns is +0, whichever zeros went in.
//! - **Undefined is null**: the mean of no rows, the variance of `ddof` rows or fewer. The sum of
//!   no rows is 0. In an output slice a null row holds NaN.
//! - **State** goes out by `snapshot()` as little-endian bytes behind a version byte and comes back
//!   by `restore(&bytes)` on a kernel built with the same parameters; continuing afterwards gives
//!   the same bits.
//!
//! | kernel | one line |
//! |---|---|
//! | [`aggregate::RunningAggregate`] | `new(&[AggregateFunction])`, `update(&[f64], nulls)`, `value(index) -> Option<f64>` |
//! | [`aggregate::RunningInteger`] | the same over `i64`: exact sum (checked), min, max, first, last, count |
//! | [`window::Rolling`] | `new(function, window, min_periods)`, `push(&[f64], nulls, &mut [f64]) -> Option<NullBuffer>` |
//! | [`window::RollingInteger`] | the same over `i64`: exact sum, min, max, first, last, count; `over_span(function, nanoseconds, min_periods)` with `push_timed` for spans of time |
//! | [`window::Partition`] | `new(function, n)`, `push(&[f64], nulls, &mut Vec<f64>) -> Option<NullBuffer>`, a row per completed partition |
//! | [`group::GroupedAggregate`] | `new(function)`, `update(&[u32], &[f64], nulls)`, `value(id)`, `finish(groups) -> Float64Array` |
//! | [`group::GroupedInteger`] | the same over `i64` |
//! | [`group::GroupRolling`] | `new(function, window, min_periods)`, or `over_span` with `push_timed`; `push(&[u32], &[f64], nulls, &mut [f64]) -> Option<NullBuffer>` |
//! | [`group::RollingValues`] | exact integers, text and distinct values over the last rows of each group: `integers`, `texts`, `distinct`, with `push_integers` and its kin |
//! | [`group::GroupShift`] | `new(n)`, `push(&[u32], &[T], nulls, &mut [T]) -> Option<NullBuffer>` for `f64` and `i64` |
//! | [`dictionary::Dictionary`] | strings to dense ids: `intern_array(&StringArray, &mut Vec<u32>)`, `intern_dictionary(&DictionaryArray<K>, &mut Vec<u32>)`, `to_array()` |
//! | [`dictionary::IntegerDictionary`] | the same over `i64`: `intern_slice(&[i64], nulls, &mut Vec<u32>)`, `count(&[N], &mut Vec<i64>)` |
//! | [`dictionary::RowDictionary`] | rows of ids to dense ids: `intern(&[&[u32]], &mut Vec<u32>)` |
//! | [`frequencies::Frequencies`] | `update(&[u32])`, `counts() -> &[u64]` by id |
//! | [`take::take`] | the rows of a column at given places |
//! | [`words::each_word`] | the words of a text, for `plan::Plan::words` |
//! | [`cumulative::Cumulative`] | `new(function)`, `push(&[f64], nulls, &mut [f64])`; nulls stay null |
//! | [`ewm::Ewm`] | `new(Decay, EwmFunction)`, `push(&[f64], nulls, &mut [f64]) -> Option<NullBuffer>` |
#![forbid(unsafe_code)]

pub mod aggregate;
pub mod batch;
pub mod bulk;
pub mod column_type;
pub mod cumulative;
pub mod dictionary;
pub mod error;
pub mod ewm;
mod expression;
pub mod frequencies;
pub mod group;
pub mod kernel_error;
mod nulls;
pub mod plan;
mod state;
pub mod take;
pub mod text;
pub mod window;
pub mod words;
