//! How many distinct values each group has.

use std::sync::Arc;

use super::groups_of;
use super::window_state::{Distinct, WindowState};
use crate::kernel_error::KernelError;
use crate::state::{StateReader, StateWriter};

#[derive(Debug, Clone)]
enum Sets {
    Numbers(Vec<Distinct<u64>>),
    Texts(Vec<Distinct<Arc<str>>>),
}

/// The number of distinct valid values per group. −0 and 0 are one value, and so are all NaN.
///
/// Cost per row: one probe of a hash table. Memory: every distinct value of every group.
///
/// # Examples
/// ```
/// use millrace_core::group::GroupedDistinct;
///
/// let mut distinct = GroupedDistinct::numbers();
/// distinct.update_integers(&[0, 0, 1], [Some(7), Some(7), None].into_iter());
/// assert_eq!((distinct.value(0), distinct.value(1)), (1, 0));
/// ```
#[derive(Debug, Clone)]
pub struct GroupedDistinct {
    sets: Sets,
}

impl GroupedDistinct {
    /// Counts of floats or integers.
    pub fn numbers() -> Self {
        Self {
            sets: Sets::Numbers(Vec::new()),
        }
    }

    /// Counts of texts.
    pub fn texts() -> Self {
        Self {
            sets: Sets::Texts(Vec::new()),
        }
    }

    /// Takes a batch of floats in: row `i` belongs to group `ids[i]`.
    pub fn update_floats(&mut self, ids: &[u32], rows: impl Iterator<Item = Option<f64>>) {
        self.update_bits(ids, rows.map(|row| row.map(float_bits)));
    }

    /// Takes a batch of integers in.
    pub fn update_integers(&mut self, ids: &[u32], rows: impl Iterator<Item = Option<i64>>) {
        self.update_bits(ids, rows.map(|row| row.map(i64::cast_unsigned)));
    }

    fn update_bits(&mut self, ids: &[u32], rows: impl Iterator<Item = Option<u64>>) {
        let Sets::Numbers(groups) = &mut self.sets else {
            return;
        };
        groups.resize_with(groups_of(ids).max(groups.len()), Distinct::default);
        for (&id, row) in ids.iter().zip(rows) {
            if let Some(value) = row {
                groups[id as usize].push(&value);
            }
        }
    }

    /// Takes a batch of texts in.
    pub fn update_texts<'a>(&mut self, ids: &[u32], rows: impl Iterator<Item = Option<&'a str>>) {
        let Sets::Texts(groups) = &mut self.sets else {
            return;
        };
        groups.resize_with(groups_of(ids).max(groups.len()), Distinct::default);
        for (&id, row) in ids.iter().zip(rows) {
            if let Some(text) = row {
                groups[id as usize].push_text(text);
            }
        }
    }

    /// The result of a group; 0 if it was never seen.
    pub fn value(&self, id: u32) -> i64 {
        let id = id as usize;
        match &self.sets {
            Sets::Numbers(groups) => groups.get(id).map_or(0, Distinct::value),
            Sets::Texts(groups) => groups.get(id).map_or(0, Distinct::value),
        }
    }

    /// Keeps these groups alone, which get the ids 0, 1, 2, ...
    pub fn keep(&mut self, kept: &[u32]) {
        match &mut self.sets {
            Sets::Numbers(groups) => super::keep(groups, kept, &Distinct::default()),
            Sets::Texts(groups) => super::keep(groups, kept, &Distinct::default()),
        }
    }

    /// Forgets all groups.
    pub fn clear(&mut self) {
        match &mut self.sets {
            Sets::Numbers(groups) => groups.clear(),
            Sets::Texts(groups) => groups.clear(),
        }
    }

    /// The state as bytes: the values of each group in order, whatever the order of the tables is.
    pub fn snapshot(&self) -> Vec<u8> {
        let mut state = StateWriter::new(1);
        match &self.sets {
            Sets::Numbers(groups) => {
                state.u64(groups.len() as u64);
                for group in groups {
                    let mut values: Vec<u64> = group.values().copied().collect();
                    values.sort_unstable();
                    state.u64s(&values);
                }
            }
            Sets::Texts(groups) => {
                state.u64(groups.len() as u64);
                for group in groups {
                    let mut values: Vec<&str> = group.values().map(|text| &**text).collect();
                    values.sort_unstable();
                    state.texts(values.into_iter().map(Some));
                }
            }
        }
        state.finish()
    }

    /// Takes up the state that `bytes` hold, for the same kind of values.
    ///
    /// # Errors
    /// [`KernelError::CorruptState`] if `bytes` are no such state; the kernel is then unchanged.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), KernelError> {
        let mut state = StateReader::new("GroupedDistinct", 1, bytes)?;
        let count = state.u64()?;
        let next = match &self.sets {
            Sets::Numbers(_) => {
                let mut groups = Vec::new();
                for _ in 0..count {
                    groups.push(Distinct::default().again(&state.u64s()?, Default::default()));
                }
                Sets::Numbers(groups)
            }
            Sets::Texts(_) => {
                let mut groups = Vec::new();
                for _ in 0..count {
                    let mut group = Distinct::default();
                    for text in state.texts()?.into_iter().flatten() {
                        group.push_text(text);
                    }
                    groups.push(group);
                }
                Sets::Texts(groups)
            }
        };
        state.finish()?;
        self.sets = next;
        Ok(())
    }
}

/// The bits of a float, equal for values that are equal.
pub(super) fn float_bits(value: f64) -> u64 {
    if value.is_nan() {
        f64::NAN.to_bits()
    } else {
        (value + 0.0).to_bits()
    }
}
