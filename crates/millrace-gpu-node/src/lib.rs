//! The N-API binding of the GPU: converts, calls once, converts back. No algorithm lives here.

mod chain;
mod gpu;
