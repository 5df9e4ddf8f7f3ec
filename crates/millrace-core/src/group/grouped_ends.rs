//! The first or last value per group.

use arrow_buffer::NullBuffer;

use super::groups_of;
use crate::kernel_error::KernelError;
use crate::nulls::is_valid;
use crate::state::{StateReader, StateWriter};

/// The oldest or newest valid float per group.
#[derive(Debug, Clone)]
pub struct GroupedEnds {
    newest: bool,
    values: Vec<f64>,
    seen: Vec<bool>,
}

impl GroupedEnds {
    /// A table of oldest values.
    pub fn first() -> Self {
        Self {
            newest: false,
            values: Vec::new(),
            seen: Vec::new(),
        }
    }

    /// A table of newest values.
    pub fn last() -> Self {
        Self {
            newest: true,
            values: Vec::new(),
            seen: Vec::new(),
        }
    }

    /// Takes a batch in: row `i` belongs to group `ids[i]`.
    pub fn update(&mut self, ids: &[u32], values: &[f64], nulls: Option<&NullBuffer>) {
        let groups = groups_of(ids);
        if groups > self.values.len() {
            self.values.resize(groups, 0.0);
            self.seen.resize(groups, false);
        }
        for (index, (&id, &value)) in ids.iter().zip(values).enumerate() {
            let id = id as usize;
            if is_valid(nulls, index) && (self.newest || !self.seen[id]) {
                self.values[id] = value;
                self.seen[id] = true;
            }
        }
    }

    /// The result of a group, `None` if no valid row was seen.
    pub fn value(&self, id: usize) -> Option<f64> {
        (*self.seen.get(id)?).then(|| self.values[id])
    }

    /// Keeps these groups alone, which get the ids 0, 1, 2, ...
    pub fn keep(&mut self, groups: &[u32]) {
        super::keep(&mut self.values, groups, &0.0);
        super::keep(&mut self.seen, groups, &false);
    }

    /// Forgets all groups.
    pub fn clear(&mut self) {
        self.values.clear();
        self.seen.clear();
    }

    /// The state as bytes.
    pub fn snapshot(&self) -> Vec<u8> {
        StateWriter::new(1)
            .f64s(&self.values)
            .bools(&self.seen)
            .finish()
    }

    /// Takes up the state that `bytes` hold.
    ///
    /// # Errors
    /// [`KernelError::CorruptState`] if `bytes` are no such state.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), KernelError> {
        let mut state = StateReader::new("GroupedEnds", 1, bytes)?;
        let values = state.f64s()?;
        let seen = state.bools()?;
        if values.len() != seen.len() {
            return Err(state.corrupt("values and flags differ in length"));
        }
        state.finish()?;
        self.values = values;
        self.seen = seen;
        Ok(())
    }
}
