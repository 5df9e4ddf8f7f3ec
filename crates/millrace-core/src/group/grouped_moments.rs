//! Variance and standard deviation per group.
//!
//! Welford 1962: each row moves the mean of its group and adds to the sum of squared deviations.

use arrow_buffer::NullBuffer;

use super::groups_of;
use crate::aggregate::Moments;
use crate::kernel_error::KernelError;
use crate::nulls::is_valid;
use crate::state::{StateReader, StateWriter};

/// Count, mean and squared deviations of floats per group.
#[derive(Debug, Clone, Default)]
pub struct GroupedMoments {
    entries: Vec<Moments>,
}

impl GroupedMoments {
    /// Takes a batch in: row `i` belongs to group `ids[i]`.
    pub fn update(&mut self, ids: &[u32], values: &[f64], nulls: Option<&NullBuffer>) {
        let groups = groups_of(ids);
        if groups > self.entries.len() {
            self.entries.resize(groups, Moments::default());
        }
        for (index, (&id, &value)) in ids.iter().zip(values).enumerate() {
            if is_valid(nulls, index) {
                let entry = &mut self.entries[id as usize];
                *entry = entry.with(value);
            }
        }
    }

    /// The moments of a group, those of no rows if it was never seen.
    pub fn moments(&self, id: usize) -> Moments {
        self.entries.get(id).copied().unwrap_or_default()
    }

    /// Forgets all groups.
    pub fn clear(&mut self) {
        self.entries.clear();
    }

    /// The state as bytes.
    pub fn snapshot(&self) -> Vec<u8> {
        let fields: Vec<f64> = self
            .entries
            .iter()
            .flat_map(|entry| [entry.count, entry.mean, entry.squares])
            .collect();
        StateWriter::new(1).f64s(&fields).finish()
    }

    /// Takes up the state that `bytes` hold.
    ///
    /// # Errors
    /// [`KernelError::CorruptState`] if `bytes` are no such state.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), KernelError> {
        let mut state = StateReader::new("GroupedMoments", 1, bytes)?;
        let fields = state.f64s()?;
        let (entries, []) = fields.as_chunks() else {
            return Err(state.corrupt("a group must have three fields"));
        };
        state.finish()?;
        self.entries = entries
            .iter()
            .map(|&[count, mean, squares]| Moments {
                count,
                mean,
                squares,
            })
            .collect();
        Ok(())
    }
}
