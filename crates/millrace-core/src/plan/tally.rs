//! What each node of a plan has done so far, for whoever asks where the time goes.

use std::time::{Duration, Instant};

/// The work of one node.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NodeTally {
    /// Batches that it ran for.
    pub batches: u64,
    /// Rows that it yielded.
    pub rows: u64,
    /// Time that it took, with the expressions that it was the first to need.
    pub time: Duration,
}

impl NodeTally {
    /// Counts a batch that began at `start`; gives the time at its end, when the next node begins.
    ///
    /// Reading the clock costs some 25 ns per node and batch.
    pub(super) fn add(&mut self, rows: usize, start: Instant) -> Instant {
        let end = Instant::now();
        self.count(rows, end - start);
        end
    }

    /// Counts a batch that took some time.
    pub(super) fn count(&mut self, rows: usize, time: Duration) {
        self.batches += 1;
        self.rows += rows as u64;
        self.time += time;
    }
}
