//! Columns, aggregates, windows, kernels and plans: the computing part of millrace.
//!
//! No N-API, no clock and no I/O here: everything is a pure function of the batches pushed in.
#![forbid(unsafe_code)]
