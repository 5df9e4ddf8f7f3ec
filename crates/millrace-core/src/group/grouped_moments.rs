//! Variance and standard deviation per group.
//!
//! Welford 1962: each row moves the mean of its group and adds to the sum of squared deviations.
//! All of it around the first row of the group: see [`ShiftedMoments`].

use arrow_buffer::NullBuffer;

use super::groups_of;
use crate::aggregate::{Moments, ShiftedMoments};
use crate::kernel_error::KernelError;
use crate::nulls::is_valid;
use crate::state::{StateReader, StateWriter};

/// Count, mean and squared deviations of floats per group.
#[derive(Debug, Clone, Default)]
pub struct GroupedMoments {
    entries: Vec<ShiftedMoments>,
}

impl GroupedMoments {
    /// Takes a batch in: row `i` belongs to group `ids[i]`.
    pub fn update(&mut self, ids: &[u32], values: &[f64], nulls: Option<&NullBuffer>) {
        let groups = groups_of(ids);
        if groups > self.entries.len() {
            self.entries.resize(groups, ShiftedMoments::default());
        }
        for (index, (&id, &value)) in ids.iter().zip(values).enumerate() {
            if is_valid(nulls, index) {
                self.entries[id as usize].push(value);
            }
        }
    }

    /// The moments of a group, those of no rows if it was never seen.
    pub fn moments(&self, id: usize) -> Moments {
        let entry = self.entries.get(id).copied().unwrap_or_default();
        Moments {
            mean: entry.distances.mean + entry.shift,
            ..entry.distances
        }
    }

    /// Keeps these groups alone, which get the ids 0, 1, 2, ...
    pub fn keep(&mut self, groups: &[u32]) {
        super::keep(&mut self.entries, groups, &ShiftedMoments::default());
    }

    /// Forgets all groups.
    pub fn clear(&mut self) {
        self.entries.clear();
    }

    /// The state as bytes.
    pub fn snapshot(&self) -> Vec<u8> {
        let fields = |entry: &ShiftedMoments| {
            let Moments {
                count,
                mean,
                squares,
            } = entry.distances;
            [entry.shift, count, mean, squares]
        };
        let fields: Vec<f64> = self.entries.iter().flat_map(fields).collect();
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
            return Err(state.corrupt("a group must have four fields"));
        };
        state.finish()?;
        self.entries = entries
            .iter()
            .map(|&[shift, count, mean, squares]| ShiftedMoments {
                shift,
                distances: Moments {
                    count,
                    mean,
                    squares,
                },
            })
            .collect();
        Ok(())
    }
}
