//! Variance and standard deviation per group.
//!
//! Welford 1962: each row moves the mean of its group and adds to the sum of squared deviations.
//! All of it around the first number of the group, because the mean of rows far from zero would be
//! rounded more coarsely than the rows differ.

use arrow_buffer::NullBuffer;

use super::groups_of;
use crate::aggregate::Moments;
use crate::kernel_error::KernelError;
use crate::nulls::is_valid;
use crate::state::{StateReader, StateWriter};

/// One group; the shift is NaN until a number comes, whose place nothing finite can have taken.
#[derive(Debug, Clone, Copy)]
struct Entry {
    shift: f64,
    moments: Moments,
}

const EMPTY: Entry = Entry {
    shift: f64::NAN,
    moments: Moments {
        count: 0.0,
        mean: 0.0,
        squares: 0.0,
    },
};

/// Count, mean and squared deviations of floats per group.
#[derive(Debug, Clone, Default)]
pub struct GroupedMoments {
    entries: Vec<Entry>,
}

impl GroupedMoments {
    /// Takes a batch in: row `i` belongs to group `ids[i]`.
    pub fn update(&mut self, ids: &[u32], values: &[f64], nulls: Option<&NullBuffer>) {
        let groups = groups_of(ids);
        if groups > self.entries.len() {
            self.entries.resize(groups, EMPTY);
        }
        for (index, (&id, &value)) in ids.iter().zip(values).enumerate() {
            if is_valid(nulls, index) {
                let entry = &mut self.entries[id as usize];
                if entry.shift.is_nan() && value.is_finite() {
                    entry.shift = value;
                }
                // Rows before the first number, and all after them, give NaN in any case.
                entry.moments = entry.moments.with(value - entry.shift);
            }
        }
    }

    /// The moments of a group, those of no rows if it was never seen.
    pub fn moments(&self, id: usize) -> Moments {
        let Some(entry) = self
            .entries
            .get(id)
            .filter(|entry| entry.moments.count > 0.0)
        else {
            return Moments::default();
        };
        Moments {
            mean: entry.moments.mean + entry.shift,
            ..entry.moments
        }
    }

    /// Keeps these groups alone, which get the ids 0, 1, 2, ...
    pub fn keep(&mut self, groups: &[u32]) {
        super::keep(&mut self.entries, groups, &EMPTY);
    }

    /// Forgets all groups.
    pub fn clear(&mut self) {
        self.entries.clear();
    }

    /// The state as bytes.
    pub fn snapshot(&self) -> Vec<u8> {
        let fields = |entry: &Entry| {
            let Moments {
                count,
                mean,
                squares,
            } = entry.moments;
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
            .map(|&[shift, count, mean, squares]| Entry {
                shift,
                moments: Moments {
                    count,
                    mean,
                    squares,
                },
            })
            .collect();
        Ok(())
    }
}
