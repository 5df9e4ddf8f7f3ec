//! The N-API binding: converts, calls once, converts back. No algorithm lives here.
