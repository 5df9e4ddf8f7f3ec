//! Resident input for the kernel benches: eight batches of 8,192 rows, the same on every machine.

#![allow(dead_code, reason = "no bench takes all of it")]

pub(crate) const BATCH: usize = 8192;
const BATCHES: usize = 8;

/// A small fixed-seed generator (xorshift64, Marsaglia 2003).
pub(crate) struct Numbers(u64);

impl Numbers {
    pub(crate) fn new() -> Self {
        Self(0x9e37_79b9_7f4a_7c15)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 >> 11
    }
}

/// Floats in [0, 100).
pub(crate) fn values() -> Vec<f64> {
    let mut numbers = Numbers::new();
    let unit = (1_u64 << 53) as f64;
    (0..BATCH * BATCHES)
        .map(|_| numbers.next() as f64 / unit * 100.0)
        .collect()
}

/// Integers below `bound`.
pub(crate) fn integers(bound: u64) -> Vec<u64> {
    let mut numbers = Numbers::new();
    (0..BATCH * BATCHES)
        .map(|_| numbers.next() % bound)
        .collect()
}

/// The rows of the `index`-th batch, round and round.
pub(crate) fn batch(index: usize) -> std::ops::Range<usize> {
    let start = index % BATCHES * BATCH;
    start..start + BATCH
}

/// Asserts that two results agree to rounding.
pub(crate) fn assert_close(got: f64, want: f64) {
    assert!(
        (got - want).abs() <= 1e-9 * want.abs(),
        "got {got}, want {want}"
    );
}
