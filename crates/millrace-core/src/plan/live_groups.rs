//! Groups that end: the keys that are there now, and which group each stands for.
//!
//! A key that comes again after its group has ended begins a new one, with a higher id: ids ascend
//! in the order in which groups began, and what ended keeps its results until the next cleaning.

use arrow_array::ArrayRef;

use super::dictionaries::PlanDictionary;
use super::keys::GroupKeys;
use super::operator::{Context, expect_parts};
use crate::error::PlanError;
use crate::kernel_error::KernelError;
use crate::state::{StateReader, StateWriter};

/// No group.
const NONE: u32 = u32::MAX;
/// How many groups may have ended before they are cleaned away, if there are not more alive.
const ENDED: usize = 1024;

/// The groups by id, and the keys of them.
#[derive(Debug)]
pub(crate) struct LiveGroups {
    pub(crate) keys: GroupKeys,
    /// By key: the last group that began with it, `NONE` before the first.
    latest: Vec<u32>,
    /// By group: its key.
    key_of: Vec<u32>,
    alive: Vec<bool>,
    living: usize,
    scratch: Vec<u32>,
}

impl LiveGroups {
    pub(crate) fn new(keys: GroupKeys) -> Self {
        Self {
            keys,
            latest: Vec::new(),
            key_of: Vec::new(),
            alive: Vec::new(),
            living: 0,
            scratch: Vec::new(),
        }
    }

    /// The key columns of this batch.
    pub(crate) fn arrays(
        &self,
        context: &mut Context<'_>,
        rows: usize,
    ) -> Result<Vec<ArrayRef>, PlanError> {
        self.keys.arrays(context, rows)
    }

    /// The key of each row; [`Self::group`] makes groups of them.
    pub(crate) fn intern(&mut self, arrays: &[ArrayRef], rows: usize) -> Vec<u32> {
        let mut keys = std::mem::take(&mut self.scratch);
        keys.clear();
        self.keys.intern(arrays, rows, &mut keys);
        self.latest.resize(self.keys.len(), NONE);
        keys
    }

    /// Gives the memory of [`Self::intern`] back.
    pub(crate) fn reuse(&mut self, keys: Vec<u32>) {
        self.scratch = keys;
    }

    /// The group of a key that is alive.
    pub(crate) fn find(&self, key: u32) -> Option<u32> {
        let group = *self.latest.get(key as usize)?;
        (group != NONE && self.is_alive(group)).then_some(group)
    }

    /// Begins the group of a key that has none.
    pub(crate) fn begin(&mut self, key: u32) -> Result<u32, PlanError> {
        let group = u32::try_from(self.key_of.len())
            .ok()
            .filter(|&group| group != NONE)
            .ok_or_else(|| PlanError::Overflow("Cannot group by: 2^32 groups".to_owned()))?;
        self.key_of.push(key);
        self.alive.push(true);
        self.living += 1;
        self.latest[key as usize] = group;
        Ok(group)
    }

    /// Ends a group.
    pub(crate) fn end(&mut self, group: u32) {
        self.alive[group as usize] = false;
        self.living -= 1;
    }

    /// How many groups are alive.
    pub(crate) fn living(&self) -> usize {
        self.living
    }

    /// How many ids were given.
    pub(crate) fn len(&self) -> usize {
        self.key_of.len()
    }

    pub(crate) fn is_alive(&self, group: u32) -> bool {
        self.alive[group as usize]
    }

    /// Whether the key of a group has begun another since.
    pub(crate) fn is_succeeded(&self, group: u32) -> bool {
        self.latest[self.key_of[group as usize] as usize] != group
    }

    /// Appends the groups that are alive, in the order in which they began.
    pub(crate) fn all(&self, groups: &mut Vec<u32>) {
        let ids = (0..).zip(&self.alive);
        groups.extend(ids.filter(|&(_, &alive)| alive).map(|(id, _)| id));
    }

    /// The key columns of the given groups.
    pub(crate) fn columns(
        &self,
        groups: &[u32],
        dictionaries: &[PlanDictionary],
    ) -> Result<Vec<ArrayRef>, PlanError> {
        let keys: Vec<u32> = groups
            .iter()
            .map(|&group| self.key_of[group as usize])
            .collect();
        self.keys.columns(&keys, dictionaries)
    }

    /// Where more groups have ended than are worth keeping, forgets them: the groups that are left,
    /// which have become 0, 1, 2, ...
    pub(crate) fn clean(&mut self) -> Option<Vec<u32>> {
        if self.key_of.len() - self.living <= self.living.max(ENDED) {
            return None;
        }
        let mut kept = Vec::with_capacity(self.living);
        self.all(&mut kept);
        let keys: Vec<u32> = kept.iter().map(|&id| self.key_of[id as usize]).collect();
        self.keys.keep(&keys);
        self.set_order((0..).take(kept.len()).collect(), vec![true; kept.len()]);
        Some(kept)
    }

    fn set_order(&mut self, key_of: Vec<u32>, alive: Vec<bool>) {
        self.latest.clear();
        self.latest.resize(self.keys.len(), NONE);
        self.living = 0;
        for ((id, &key), &alive) in (0..).zip(&key_of).zip(&alive) {
            self.latest[key as usize] = id;
            self.living += usize::from(alive);
        }
        self.key_of = key_of;
        self.alive = alive;
    }

    /// How many parts the state has.
    pub(crate) fn parts(&self) -> usize {
        self.keys.parts() + 1
    }

    pub(crate) fn snapshot(&self) -> Vec<Vec<u8>> {
        let mut parts = self.keys.snapshot();
        let keys: Vec<u64> = self.key_of.iter().map(|&key| u64::from(key)).collect();
        parts.push(StateWriter::new(1).u64s(&keys).bools(&self.alive).finish());
        parts
    }

    pub(crate) fn restore(&mut self, state: &[&[u8]]) -> Result<(), PlanError> {
        expect_parts(state, self.parts())?;
        let (keys, groups) = state.split_at(self.keys.parts());
        let mut reader = StateReader::new("groups", 1, groups[0])?;
        let (key_of, alive) = (reader.u64s()?, reader.bools()?);
        reader.finish()?;
        self.keys.restore(keys)?;
        let known = self.keys.len() as u64;
        let fits = key_of.len() == alive.len() && key_of.iter().all(|&key| key < known);
        if !fits {
            return Err(KernelError::CorruptState {
                kernel: "groups",
                detail: "a group of a key that is not there".to_owned(),
            }
            .into());
        }
        let key_of = key_of
            .into_iter()
            .map_while(|key| key.try_into().ok())
            .collect();
        self.set_order(key_of, alive);
        Ok(())
    }
}
