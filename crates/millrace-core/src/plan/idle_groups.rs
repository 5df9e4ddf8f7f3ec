//! Groups in the order of their last rows, so that the one that has been idle longest is at hand.

use crate::error::PlanError;
use crate::kernel_error::KernelError;
use crate::state::{StateReader, StateWriter};

/// No group: the end of the list.
const NONE: u32 = u32::MAX;

#[derive(Debug, Clone, Copy)]
struct Link {
    before: u32,
    after: u32,
    /// The time when its last row came.
    touched: i64,
}

/// A list of groups, the longest idle first. Constant cost for each change.
#[derive(Debug)]
pub(crate) struct IdleGroups {
    links: Vec<Link>,
    first: u32,
    last: u32,
}

impl IdleGroups {
    pub(crate) fn new() -> Self {
        Self {
            links: Vec::new(),
            first: NONE,
            last: NONE,
        }
    }

    /// Appends a group that begins, whose id is the next.
    pub(crate) fn begin(&mut self, now: i64) {
        let group = self.links.len() as u32;
        self.links.push(Link {
            before: NONE,
            after: NONE,
            touched: now,
        });
        self.append(group);
    }

    /// A row of a group has come.
    pub(crate) fn touch(&mut self, group: u32, now: i64) {
        self.links[group as usize].touched = now;
        if self.last != group {
            self.end(group);
            self.append(group);
        }
    }

    /// Says that the last rows of all groups came at this time.
    pub(crate) fn restamp(&mut self, now: i64) {
        self.links.iter_mut().for_each(|link| link.touched = now);
    }

    /// Takes a group out.
    pub(crate) fn end(&mut self, group: u32) {
        let Link { before, after, .. } = self.links[group as usize];
        match before {
            NONE => self.first = after,
            before => self.links[before as usize].after = after,
        }
        match after {
            NONE => self.last = before,
            after => self.links[after as usize].before = before,
        }
    }

    /// The group that has been idle longest, and since when.
    pub(crate) fn longest(&self) -> Option<(u32, i64)> {
        let link = self.links.get(self.first as usize)?;
        Some((self.first, link.touched))
    }

    fn append(&mut self, group: u32) {
        let link = &mut self.links[group as usize];
        (link.before, link.after) = (self.last, NONE);
        match self.last {
            NONE => self.first = group,
            last => self.links[last as usize].after = group,
        }
        self.last = group;
    }

    fn in_order(&self) -> Vec<(u32, i64)> {
        let mut order = Vec::new();
        let mut at = self.first;
        while let Some(link) = self.links.get(at as usize) {
            order.push((at, link.touched));
            at = link.after;
        }
        order
    }

    /// Keeps these groups alone, which get the ids 0, 1, 2, ...; all others must be out.
    pub(crate) fn keep(&mut self, groups: &[u32]) {
        let mut places = vec![NONE; self.links.len()];
        for (place, &group) in (0..).zip(groups) {
            places[group as usize] = place;
        }
        let order = self.in_order().into_iter();
        self.set(
            groups.len(),
            order.map(|(group, touched)| (places[group as usize], touched)),
        );
    }

    fn set(&mut self, groups: usize, order: impl Iterator<Item = (u32, i64)>) {
        *self = Self::new();
        let unlinked = Link {
            before: NONE,
            after: NONE,
            touched: 0,
        };
        self.links.resize(groups, unlinked);
        for (group, touched) in order {
            self.links[group as usize].touched = touched;
            self.append(group);
        }
    }

    /// The state as bytes.
    pub(crate) fn snapshot(&self) -> Vec<u8> {
        let (groups, times): (Vec<u64>, Vec<i64>) = self
            .in_order()
            .into_iter()
            .map(|(group, touched)| (u64::from(group), touched))
            .unzip();
        StateWriter::new(1)
            .u64(self.links.len() as u64)
            .u64s(&groups)
            .i64s(&times)
            .finish()
    }

    /// Takes up a state of as many groups as there are, those that are alive in the list.
    pub(crate) fn restore(
        &mut self,
        bytes: &[u8],
        groups: usize,
        is_alive: impl Fn(u32) -> bool,
    ) -> Result<(), PlanError> {
        let mut state = StateReader::new("idle groups", 1, bytes)?;
        let (count, ids, times) = (state.u64()?, state.u64s()?, state.i64s()?);
        state.finish()?;
        let mut listed = vec![false; groups];
        for &id in &ids {
            match listed.get_mut(id as usize) {
                Some(slot) if !*slot => *slot = true,
                _ => return Err(corrupt()),
            }
        }
        let fits = (0..)
            .zip(&listed)
            .all(|(id, &listed)| listed == is_alive(id));
        if count != groups as u64 || ids.len() != times.len() || !fits {
            return Err(corrupt());
        }
        let order = ids
            .into_iter()
            .map_while(|id| id.try_into().ok())
            .zip(times);
        self.set(groups, order);
        Ok(())
    }
}

fn corrupt() -> PlanError {
    KernelError::CorruptState {
        kernel: "idle groups",
        detail: "the list must have every group that is alive, once".to_owned(),
    }
    .into()
}
