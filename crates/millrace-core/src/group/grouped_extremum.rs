//! Min or max per group.

use arrow_buffer::NullBuffer;

use super::groups_of;
use crate::aggregate::{maximum, minimum};
use crate::kernel_error::KernelError;
use crate::nulls::is_valid;
use crate::state::{StateReader, StateWriter};

/// The smallest or largest float per group; NaN if one is NaN.
#[derive(Debug, Clone)]
pub struct GroupedExtremum {
    /// The value that no row can be worse than.
    neutral: f64,
    best: Vec<f64>,
    /// Tells an infinity that was seen from a group that was not.
    seen: Vec<bool>,
}

impl GroupedExtremum {
    /// A table of smallest values.
    pub fn min() -> Self {
        Self {
            neutral: f64::INFINITY,
            best: Vec::new(),
            seen: Vec::new(),
        }
    }

    /// A table of largest values.
    pub fn max() -> Self {
        Self {
            neutral: f64::NEG_INFINITY,
            best: Vec::new(),
            seen: Vec::new(),
        }
    }

    /// Takes a batch in: row `i` belongs to group `ids[i]`.
    pub fn update(&mut self, ids: &[u32], values: &[f64], nulls: Option<&NullBuffer>) {
        let groups = groups_of(ids);
        if groups > self.best.len() {
            self.best.resize(groups, self.neutral);
            self.seen.resize(groups, false);
        }
        if self.neutral > 0.0 {
            self.fold(ids, values, nulls, minimum);
        } else {
            self.fold(ids, values, nulls, maximum);
        }
    }

    #[inline(always)]
    fn fold(
        &mut self,
        ids: &[u32],
        values: &[f64],
        nulls: Option<&NullBuffer>,
        better: impl Fn(f64, f64) -> f64,
    ) {
        let best = &mut self.best[..];
        let seen = &mut self.seen[..best.len()];
        for (index, (&id, &value)) in ids.iter().zip(values).enumerate() {
            if is_valid(nulls, index) {
                let id = id as usize;
                best[id] = better(best[id], value);
                seen[id] = true;
            }
        }
    }

    /// The result of a group, `None` if no valid row was seen.
    pub fn value(&self, id: usize) -> Option<f64> {
        (*self.seen.get(id)?).then(|| self.best[id] + 0.0)
    }

    /// Keeps these groups alone, which get the ids 0, 1, 2, ...
    pub fn keep(&mut self, groups: &[u32]) {
        super::keep(&mut self.best, groups, &self.neutral);
        super::keep(&mut self.seen, groups, &false);
    }

    /// Forgets all groups.
    pub fn clear(&mut self) {
        self.best.clear();
        self.seen.clear();
    }

    /// The state as bytes.
    pub fn snapshot(&self) -> Vec<u8> {
        StateWriter::new(1)
            .f64s(&self.best)
            .bools(&self.seen)
            .finish()
    }

    /// Takes up the state that `bytes` hold.
    ///
    /// # Errors
    /// [`KernelError::CorruptState`] if `bytes` are no such state.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), KernelError> {
        let mut state = StateReader::new("GroupedExtremum", 1, bytes)?;
        let best = state.f64s()?;
        let seen = state.bools()?;
        if best.len() != seen.len() {
            return Err(state.corrupt("values and flags differ in length"));
        }
        state.finish()?;
        self.best = best;
        self.seen = seen;
        Ok(())
    }
}
