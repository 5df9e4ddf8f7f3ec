//! Keys that are strings of a dictionary of the plan, seen by their ids.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{Array, ArrayRef, Int32Array};

use super::dictionaries::PlanDictionary;
use crate::dictionary::IntegerDictionary;
use crate::error::PlanError;
use crate::group::largest;

/// No group yet, in the table of groups by dictionary id.
const UNSEEN: u32 = u32::MAX;

/// The strings that were seen as keys, in first-seen order: each is a group.
///
/// A row is numbered by its group or, which saves a look-up for every row, by the id of its string.
#[derive(Debug)]
pub(super) struct StringKeys {
    dictionary: usize,
    /// Ids of the plan's dictionary.
    keys: IntegerDictionary,
    /// Group of each of these ids, `UNSEEN` where it has none yet: a table saves the hash of every
    /// row. Made again from `keys` as rows come.
    groups: Vec<u32>,
    /// The column of all keys as it was last made. Keys and strings only grow, so it stands for as
    /// long as there are as many.
    all: Option<ArrayRef>,
    by_id: bool,
}

impl StringKeys {
    pub(super) fn new(dictionary: usize) -> Self {
        Self {
            dictionary,
            keys: IntegerDictionary::new(),
            groups: Vec::new(),
            all: None,
            by_id: false,
        }
    }

    /// The plan's dictionary.
    pub(super) fn dictionary(&self) -> usize {
        self.dictionary
    }

    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether rows are numbered by the ids of their strings. A missing key has none.
    pub(super) fn is_by_id(&self) -> bool {
        self.by_id && self.keys.null_id().is_none()
    }

    /// Has rows numbered by the ids of their strings from now on, or by their groups.
    pub(super) fn number_by_id(&mut self, by_id: bool) {
        self.by_id = by_id;
    }

    /// Appends the numbers of the groups from group `from` on.
    pub(super) fn numbers(&self, from: usize, numbers: &mut Vec<u32>) {
        #[expect(clippy::cast_possible_truncation, reason = "ids and groups are u32")]
        if self.is_by_id() {
            numbers.extend(self.keys.keys()[from..].iter().map(|&key| key as u32));
        } else {
            numbers.extend((from..self.keys.len()).map(|group| group as u32));
        }
    }

    /// Takes note of ids that are there for the first time; of none once all of `strings` were.
    pub(super) fn note(&mut self, ids: &[u32], strings: usize) {
        if self.keys.len() >= strings {
            return;
        }
        let table = &self.groups[..];
        let group = |&id: &u32| table.get(id as usize).copied().unwrap_or(UNSEEN);
        if ids.iter().map(group).fold(0, u32::max) < UNSEEN {
            return;
        }
        for &id in ids {
            group_of(id.cast_signed(), &mut self.keys, &mut self.groups);
        }
    }

    /// Appends the group of each row.
    pub(super) fn intern(&mut self, array: &Int32Array, ids: &mut Vec<u32>) {
        let Self { keys, groups, .. } = self;
        if array.null_count() == 0 {
            groups_of(array.values(), keys, groups, ids);
        } else {
            ids.extend(array.iter().map(|key| match key {
                Some(key) => group_of(key, keys, groups),
                None => keys.intern_null(),
            }));
        }
    }

    /// As [`Self::take`] of all groups, in order.
    pub(super) fn take_all(
        &mut self,
        numbers: &[u32],
        dictionaries: &[PlanDictionary],
    ) -> Result<ArrayRef, PlanError> {
        if let Some(all) = &self.all
            && all.len() == numbers.len()
            && all.as_dictionary::<Int32Type>().values().len()
                == dictionaries[self.dictionary].strings().len()
        {
            return Ok(Arc::clone(all));
        }
        let made = self.take(numbers, dictionaries)?;
        self.all = Some(Arc::clone(&made));
        Ok(made)
    }

    /// The keys of groups, given by their numbers.
    pub(super) fn take(
        &self,
        numbers: &[u32],
        dictionaries: &[PlanDictionary],
    ) -> Result<ArrayRef, PlanError> {
        let all = self.keys.keys();
        #[expect(clippy::cast_possible_truncation, reason = "these keys came from i32")]
        let ids: Int32Array = if self.is_by_id() {
            let ids = numbers.iter().map(|id| id.cast_signed());
            ids.collect::<Vec<_>>().into()
        } else if self.keys.null_id().is_some() {
            let keys = numbers.iter().map(|&group| self.keys.get(group));
            keys.map(|key| key.map(|key| key as i32)).collect()
        } else {
            let ids = numbers.iter().map(|&group| all[group as usize] as i32);
            ids.collect::<Vec<_>>().into()
        };
        Ok(Arc::new(dictionaries[self.dictionary].column(ids)?))
    }

    /// Keeps these groups alone, which get the ids 0, 1, 2, ...
    pub(super) fn keep(&mut self, groups: &[u32]) {
        self.keys.keep(groups);
        self.forget_tables();
    }

    pub(super) fn clear(&mut self) {
        self.keys = IntegerDictionary::new();
        self.forget_tables();
    }

    pub(super) fn snapshot(&self) -> Vec<u8> {
        self.keys.snapshot()
    }

    pub(super) fn restore(&mut self, bytes: &[u8]) -> Result<(), PlanError> {
        self.keys.restore(bytes)?;
        self.forget_tables();
        Ok(())
    }

    fn forget_tables(&mut self) {
        self.groups.clear();
        self.all = None;
    }
}

/// Appends the groups of ids of the plan's dictionary. New keys are rare, so a first pass only looks
/// up, which leaves the loop free of calls; a second one runs over the rows that had none.
fn groups_of(
    rows: &[i32],
    keys: &mut IntegerDictionary,
    groups: &mut Vec<u32>,
    ids: &mut Vec<u32>,
) {
    let start = ids.len();
    let table = &groups[..];
    // An id below 0 is an index beyond any table.
    let look_up = |&key: &i32| table.get(key as usize).copied().unwrap_or(UNSEEN);
    ids.extend(rows.iter().map(look_up));
    let found = &mut ids[start..];
    if largest(found) < UNSEEN {
        return;
    }
    for (group, &key) in found.iter_mut().zip(rows) {
        if *group == UNSEEN {
            *group = group_of(key, keys, groups);
        }
    }
}

/// The group of an id of the plan's dictionary.
#[inline]
fn group_of(key: i32, keys: &mut IntegerDictionary, groups: &mut Vec<u32>) -> u32 {
    match usize::try_from(key)
        .ok()
        .and_then(|index| groups.get(index))
    {
        Some(&group) if group != UNSEEN => group,
        _ => new_group(key, keys, groups),
    }
}

#[cold]
fn new_group(key: i32, keys: &mut IntegerDictionary, groups: &mut Vec<u32>) -> u32 {
    let group = keys.intern(i64::from(key));
    // An id is an index of the dictionary, so the table is never longer than that.
    if let Ok(index) = usize::try_from(key) {
        if index >= groups.len() {
            groups.resize(index + 1, UNSEEN);
        }
        groups[index] = group;
    }
    group
}
