//! The N-API binding: converts, calls once, converts back. No algorithm lives here.
//!
//! Every call takes the memory that its results go to: `control`, a `Float64Array` of numbers
//! that describe the results, and `slab`, the bytes of their columns. JavaScript makes its views
//! from these without another crossing. A slab is never written again below the offset that the
//! last call left in `control[0]`.

mod chain;
mod emit;
mod failure;
mod intake;
mod kafka;
mod plan;
mod reader;
mod rows;
#[cfg_attr(
    test,
    allow(dead_code, reason = "tests are built without what is exported")
)]
mod writer;
