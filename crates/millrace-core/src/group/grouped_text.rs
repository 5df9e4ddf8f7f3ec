//! The first, last, least or greatest text per group.

use super::groups_of;
use crate::aggregate::AggregateFunction;
use crate::kernel_error::KernelError;
use crate::state::{StateReader, StateWriter};

/// One text per group: the first, the last, or the least or greatest in order of its UTF-8 bytes.
///
/// # Examples
/// ```
/// use millrace_core::aggregate::AggregateFunction;
/// use millrace_core::group::GroupedText;
///
/// let mut least = GroupedText::new(AggregateFunction::Min)?;
/// least.update(&[0, 1, 0], [Some("b"), None, Some("a")].into_iter());
/// assert_eq!((least.value(0), least.value(1)), (Some("a"), None));
/// # Ok::<(), millrace_core::kernel_error::KernelError>(())
/// ```
#[derive(Debug, Clone)]
pub struct GroupedText {
    function: AggregateFunction,
    values: Vec<Option<String>>,
}

impl GroupedText {
    /// An aggregate with no groups yet.
    ///
    /// # Errors
    /// [`KernelError::InvalidArgument`] if the result of `function` is no text.
    pub fn new(function: AggregateFunction) -> Result<Self, KernelError> {
        check_text(function)?;
        Ok(Self {
            function,
            values: Vec::new(),
        })
    }

    /// Takes a batch in: row `i` belongs to group `ids[i]`; `None` is a missing value.
    pub fn update<'a>(&mut self, ids: &[u32], rows: impl Iterator<Item = Option<&'a str>>) {
        let groups = groups_of(ids).max(self.values.len());
        self.values.resize(groups, None);
        for (&id, row) in ids.iter().zip(rows) {
            let Some(text) = row else { continue };
            let slot = &mut self.values[id as usize];
            let better = slot.as_deref().is_none_or(|kept| match self.function {
                AggregateFunction::Min => text < kept,
                AggregateFunction::Max => text > kept,
                AggregateFunction::Last => true,
                _ => false,
            });
            if better {
                let kept = slot.get_or_insert_default();
                kept.clear();
                kept.push_str(text);
            }
        }
    }

    /// The result of a group, `None` if no text was seen.
    pub fn value(&self, id: u32) -> Option<&str> {
        self.values.get(id as usize)?.as_deref()
    }

    /// Keeps these groups alone, which get the ids 0, 1, 2, ...
    pub fn keep(&mut self, groups: &[u32]) {
        super::keep(&mut self.values, groups, &None);
    }

    /// Forgets all groups.
    pub fn clear(&mut self) {
        self.values.clear();
    }

    /// The state as bytes.
    pub fn snapshot(&self) -> Vec<u8> {
        let mut state = StateWriter::new(1);
        state.texts(self.values.iter().map(Option::as_deref));
        state.finish()
    }

    /// Takes up the state that `bytes` hold, for the same function.
    ///
    /// # Errors
    /// [`KernelError::CorruptState`] if `bytes` are no such state; the kernel is then unchanged.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), KernelError> {
        let mut state = StateReader::new("GroupedText", 1, bytes)?;
        let texts = state.texts()?;
        state.finish()?;
        self.values = texts
            .into_iter()
            .map(|text| text.map(str::to_owned))
            .collect();
        Ok(())
    }
}

/// Refuses a function whose result is no text.
pub(super) fn check_text(function: AggregateFunction) -> Result<(), KernelError> {
    use AggregateFunction::{First, Last, Max, Min};
    match function {
        First | Last | Min | Max => Ok(()),
        other => Err(KernelError::InvalidArgument(format!(
            "Cannot aggregate text: the function must be first, last, min or max, got {other:?}"
        ))),
    }
}
