//! Sum, mean and count per group.

use arrow_buffer::NullBuffer;

use super::groups_of;
use crate::kernel_error::KernelError;
use crate::nulls::is_valid;
use crate::state::{StateReader, StateWriter};

/// Sum and count of one group: beside each other, so that a row touches one cache line.
#[derive(Debug, Clone, Copy, Default)]
struct Entry {
    sum: f64,
    count: u64,
}

/// Sums and counts of floats per group.
#[derive(Debug, Clone, Default)]
pub struct GroupedSum {
    entries: Vec<Entry>,
}

impl GroupedSum {
    /// Takes a batch in: row `i` belongs to group `ids[i]`.
    pub fn update(&mut self, ids: &[u32], values: &[f64], nulls: Option<&NullBuffer>) {
        let groups = groups_of(ids);
        if groups > self.entries.len() {
            self.entries.resize(groups, Entry::default());
        }
        for (index, (&id, &value)) in ids.iter().zip(values).enumerate() {
            if is_valid(nulls, index) {
                let entry = &mut self.entries[id as usize];
                entry.sum += value;
                entry.count += 1;
            }
        }
    }

    /// The sum of a group, `None` if it was never seen; 0 if all its rows are null.
    pub fn sum(&self, id: usize) -> Option<f64> {
        self.entries.get(id).map(|entry| entry.sum)
    }

    /// How many valid rows a group has.
    pub fn count(&self, id: usize) -> u64 {
        self.entries.get(id).map_or(0, |entry| entry.count)
    }

    /// The mean of a group.
    pub fn mean(&self, id: usize) -> Option<f64> {
        let entry = self.entries.get(id).filter(|entry| entry.count > 0)?;
        Some(entry.sum / entry.count as f64)
    }

    /// Forgets all groups.
    pub fn clear(&mut self) {
        self.entries.clear();
    }

    /// The state as bytes.
    pub fn snapshot(&self) -> Vec<u8> {
        let sums: Vec<f64> = self.entries.iter().map(|entry| entry.sum).collect();
        let counts: Vec<u64> = self.entries.iter().map(|entry| entry.count).collect();
        StateWriter::new(1).f64s(&sums).u64s(&counts).finish()
    }

    /// Takes up the state that `bytes` hold.
    ///
    /// # Errors
    /// [`KernelError::CorruptState`] if `bytes` are no such state.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), KernelError> {
        let mut state = StateReader::new("GroupedSum", 1, bytes)?;
        let sums = state.f64s()?;
        let counts = state.u64s()?;
        if sums.len() != counts.len() {
            return Err(state.corrupt("sums and counts differ in length"));
        }
        state.finish()?;
        self.entries = sums
            .into_iter()
            .zip(counts)
            .map(|(sum, count)| Entry { sum, count })
            .collect();
        Ok(())
    }
}
