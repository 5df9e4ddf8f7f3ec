//! How often each value occurs.

use crate::group::groups_of;
use crate::kernel_error::KernelError;
use crate::state::{StateReader, StateWriter};

/// Counts by dense id; the ids come from a [`crate::dictionary`].
///
/// # Examples
/// ```
/// use millrace_core::frequencies::Frequencies;
///
/// let mut frequencies = Frequencies::new();
/// frequencies.update(&[0, 1, 0]);
/// assert_eq!(frequencies.counts(), [2, 1]);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frequencies {
    counts: Vec<u64>,
}

impl Frequencies {
    /// No counts yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts a batch of ids.
    pub fn update(&mut self, ids: &[u32]) {
        let groups = groups_of(ids);
        if groups > self.counts.len() {
            self.counts.resize(groups, 0);
        }
        for &id in ids {
            self.counts[id as usize] += 1;
        }
    }

    /// Keeps the counts of these ids alone, which become 0, 1, 2, ...
    pub fn keep(&mut self, ids: &[u32]) {
        crate::group::keep(&mut self.counts, ids, &0);
    }

    /// The counts in the order of the ids.
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// The state as bytes. Cost: linear in the ids.
    pub fn snapshot(&self) -> Vec<u8> {
        StateWriter::new(1).u64s(&self.counts).finish()
    }

    /// Takes up the state that `bytes` hold.
    ///
    /// # Errors
    /// [`KernelError::CorruptState`] if `bytes` are no such state; the counts are then unchanged.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), KernelError> {
        let mut state = StateReader::new("Frequencies", 1, bytes)?;
        let counts = state.u64s()?;
        state.finish()?;
        self.counts = counts;
        Ok(())
    }
}
