//! Exact aggregates of integers per group.

use arrow_array::Int64Array;
use arrow_buffer::NullBuffer;

use super::groups_of;
use crate::aggregate::AggregateFunction;
use crate::aggregate::{checked, not_integer};
use crate::kernel_error::KernelError;
use crate::nulls::is_valid;
use crate::state::{StateReader, StateWriter};

#[derive(Debug, Clone, Copy, Default)]
struct Entry {
    /// The sum, or the value chosen so far, whichever the function keeps.
    state: i128,
    count: u64,
}

/// An exact aggregate of integers per group: sum, count, min, max, first or last.
///
/// # Examples
/// ```
/// use millrace_core::aggregate::AggregateFunction;
/// use millrace_core::group::GroupedInteger;
///
/// let mut sums = GroupedInteger::new(AggregateFunction::Sum)?;
/// sums.update(&[0, 1, 0], &[1 << 60, 5, 1], None);
/// assert_eq!(sums.value(0), Ok(Some((1 << 60) + 1)));
/// # Ok::<(), millrace_core::kernel_error::KernelError>(())
/// ```
#[derive(Debug, Clone)]
pub struct GroupedInteger {
    function: AggregateFunction,
    entries: Vec<Entry>,
}

impl GroupedInteger {
    /// An aggregate with no groups yet.
    ///
    /// # Errors
    /// [`KernelError::InvalidArgument`] if the result of `function` is no integer.
    pub fn new(function: AggregateFunction) -> Result<Self, KernelError> {
        match function {
            AggregateFunction::Mean
            | AggregateFunction::Var { .. }
            | AggregateFunction::Std { .. } => Err(not_integer(function)),
            _ => Ok(Self {
                function,
                entries: Vec::new(),
            }),
        }
    }

    /// Takes a batch in: row `i` belongs to group `ids[i]`.
    ///
    /// # Panics
    /// If `ids`, `values` and `nulls` differ in length.
    pub fn update(&mut self, ids: &[u32], values: &[i64], nulls: Option<&NullBuffer>) {
        assert_eq!(ids.len(), values.len(), "ids length");
        assert!(
            nulls.is_none_or(|nulls| nulls.len() == values.len()),
            "validity length"
        );
        let groups = groups_of(ids);
        if groups > self.entries.len() {
            self.entries.resize(groups, Entry::default());
        }
        match self.function {
            AggregateFunction::Sum => self.fold(ids, values, nulls, |_, sum, value| sum + value),
            AggregateFunction::Min => self.choose(ids, values, nulls, |best, value| value < best),
            AggregateFunction::Max => self.choose(ids, values, nulls, |best, value| value > best),
            AggregateFunction::Last => self.choose(ids, values, nulls, |_, _| true),
            _ => self.choose(ids, values, nulls, |_, _| false),
        }
    }

    fn choose(
        &mut self,
        ids: &[u32],
        values: &[i64],
        nulls: Option<&NullBuffer>,
        prefer: impl Fn(i128, i128) -> bool,
    ) {
        self.fold(ids, values, nulls, |count, best, value| {
            if count == 0 || prefer(best, value) {
                value
            } else {
                best
            }
        });
    }

    #[inline(always)]
    fn fold(
        &mut self,
        ids: &[u32],
        values: &[i64],
        nulls: Option<&NullBuffer>,
        next: impl Fn(u64, i128, i128) -> i128,
    ) {
        for (index, (&id, &value)) in ids.iter().zip(values).enumerate() {
            if is_valid(nulls, index) {
                let entry = &mut self.entries[id as usize];
                entry.state = next(entry.count, entry.state, i128::from(value));
                entry.count += 1;
            }
        }
    }

    /// The result of one group, `None` where it is undefined or the group was never seen.
    ///
    /// # Errors
    /// [`KernelError::Overflow`] if the sum is outside `i64`.
    pub fn value(&self, id: u32) -> Result<Option<i64>, KernelError> {
        let Some(entry) = self.entries.get(id as usize) else {
            return Ok(None);
        };
        match self.function {
            AggregateFunction::Count => Ok(Some(entry.count.cast_signed())),
            AggregateFunction::Sum => checked(entry.state).map(Some),
            _ if entry.count == 0 => Ok(None),
            _ => checked(entry.state).map(Some),
        }
    }

    /// The results of groups `0..groups`, null where undefined. The state stays as it is.
    ///
    /// # Errors
    /// [`KernelError::Overflow`] if a sum is outside `i64`.
    pub fn finish(&self, groups: usize) -> Result<Int64Array, KernelError> {
        (0..groups).map(|id| self.value(id as u32)).collect()
    }

    /// Keeps these groups alone, which get the ids 0, 1, 2, ...
    pub fn keep(&mut self, groups: &[u32]) {
        super::keep(&mut self.entries, groups, &Entry::default());
    }

    /// Forgets all groups, keeping the memory.
    pub fn clear(&mut self) {
        self.entries.clear();
    }

    /// The state as bytes. Cost: linear in the groups.
    pub fn snapshot(&self) -> Vec<u8> {
        let counts: Vec<u64> = self.entries.iter().map(|entry| entry.count).collect();
        let states: Vec<u8> = self
            .entries
            .iter()
            .flat_map(|entry| entry.state.to_le_bytes())
            .collect();
        StateWriter::new(1).u64s(&counts).bytes(&states).finish()
    }

    /// Takes up the state that `bytes` hold, for the same function.
    ///
    /// # Errors
    /// [`KernelError::CorruptState`] if `bytes` are no such state; the kernel is then unchanged.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), KernelError> {
        let mut state = StateReader::new("GroupedInteger", 1, bytes)?;
        let counts = state.u64s()?;
        let (states, []) = state.bytes()?.as_chunks::<16>() else {
            return Err(state.corrupt("a group must have 16 bytes"));
        };
        if states.len() != counts.len() {
            return Err(state.corrupt("states and counts differ in length"));
        }
        state.finish()?;
        self.entries = states
            .iter()
            .zip(counts)
            .map(|(&state, count)| Entry {
                state: i128::from_le_bytes(state),
                count,
            })
            .collect();
        Ok(())
    }
}
