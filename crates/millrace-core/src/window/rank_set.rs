//! Sets of ranks, one bit each, and pointers that move over them.

use crate::aggregate::{Place, Quantile, mix};

/// The rank of a row that is not there.
pub(super) const ABSENT: u32 = u32::MAX;

/// Which ranks are in the window.
#[derive(Debug, Clone, Default)]
pub(super) struct RankSet {
    words: Vec<u64>,
}

impl RankSet {
    /// Holds these ranks and no other, all below `end`.
    pub(super) fn fill(&mut self, ranks: &[u32], end: usize) {
        self.words.clear();
        self.words.resize(end / 64 + 1, 0);
        for &rank in ranks.iter().filter(|&&rank| rank != ABSENT) {
            self.insert(rank);
        }
    }

    #[inline(always)]
    fn insert(&mut self, rank: u32) {
        self.words[(rank / 64) as usize] |= 1 << (rank % 64);
    }

    #[inline(always)]
    fn remove(&mut self, rank: u32) {
        self.words[(rank / 64) as usize] &= !(1 << (rank % 64));
    }

    fn contains(&self, rank: usize) -> bool {
        self.words[rank / 64] >> (rank % 64) & 1 == 1
    }

    fn count(&self) -> usize {
        self.words
            .iter()
            .map(|word| word.count_ones() as usize)
            .sum()
    }

    /// The member that `below` others are smaller than, of which there must be one.
    fn select(&self, mut below: usize) -> usize {
        let mut at = 0;
        loop {
            let ones = self.words[at].count_ones() as usize;
            if below < ones {
                break;
            }
            below -= ones;
            at += 1;
        }
        let mut word = self.words[at];
        for _ in 0..below {
            word &= word - 1;
        }
        at * 64 + word.trailing_zeros() as usize
    }

    /// The smallest member above `rank`, if there is one.
    fn after(&self, rank: usize) -> Option<usize> {
        let mut at = rank / 64;
        let mut word = self.words[at] & above(rank);
        while word == 0 {
            at += 1;
            word = *self.words.get(at)?;
        }
        Some(at * 64 + word.trailing_zeros() as usize)
    }

    /// The smallest member above `rank`, of which there must be one.
    #[inline(always)]
    pub(super) fn next(&self, rank: usize) -> usize {
        let mut at = rank / 64;
        let mut word = self.words[at] & above(rank);
        while word == 0 {
            at += 1;
            word = self.words[at];
        }
        at * 64 + word.trailing_zeros() as usize
    }

    /// The greatest member below `rank`, of which there must be one.
    #[inline(always)]
    fn previous(&self, rank: usize) -> usize {
        let mut at = rank / 64;
        let mut word = self.words[at] & under(rank);
        while word == 0 {
            at -= 1;
            word = self.words[at];
        }
        at * 64 + 63 - word.leading_zeros() as usize
    }

    /// Moves a full window over rows that are all there: at each, one rank comes and one leaves.
    pub(super) fn slide(
        &mut self,
        place: Place,
        leaving: &[u32],
        coming: &[u32],
        sorted: &[f64],
        out: &mut [f64],
    ) {
        let at = self.select(place.rank);
        if place.part == 0.0 {
            self.slide_at(at, leaving, coming, out, |_, at| sorted[at] + 0.0);
        } else {
            self.slide_at(at, leaving, coming, out, |set, at| {
                mix(sorted[at], sorted[set.next(at)], place.part)
            });
        }
    }

    #[inline(always)]
    fn slide_at(
        &mut self,
        mut at: usize,
        leaving: &[u32],
        coming: &[u32],
        out: &mut [f64],
        value: impl Fn(&Self, usize) -> f64,
    ) {
        for ((&leaves, &comes), slot) in leaving.iter().zip(coming).zip(out) {
            self.insert(comes);
            self.remove(leaves);
            let (leaves, comes) = (leaves as usize, comes as usize);
            let up = comes > at && leaves <= at;
            let down = comes < at && leaves >= at;
            // Which way it goes cannot be foretold: both ways are looked at, without a branch.
            let word = self.words[at / 64];
            let (higher, lower) = (word & above(at), word & under(at));
            let base = at & !63;
            if (up && higher == 0) || (down && lower == 0) {
                at = if up { self.next(at) } else { self.previous(at) };
            } else {
                let next = base + higher.trailing_zeros() as usize;
                let previous = (base + 63).wrapping_sub(lower.leading_zeros() as usize);
                let stays = if up { next } else { at };
                at = if down { previous } else { stays };
            }
            *slot = value(self, at);
        }
    }
}

/// The bits of a word above that of `rank`.
#[inline(always)]
fn above(rank: usize) -> u64 {
    !1 << (rank % 64)
}

/// The bits of a word below that of `rank`.
#[inline(always)]
fn under(rank: usize) -> u64 {
    (1 << (rank % 64)) - 1
}

/// A pointer to a quantile of a set that grows and shrinks.
#[derive(Debug)]
pub(super) struct Cursor {
    count: usize,
    at: usize,
    /// How many members are smaller than `at`, which need not be one itself.
    below: usize,
}

impl Cursor {
    /// A pointer near the quantile.
    pub(super) fn new(set: &RankSet, quantile: Quantile) -> Self {
        let count = set.count();
        let below = if count == 0 {
            0
        } else {
            quantile.place(count).rank
        };
        let at = if count == 0 { 0 } else { set.select(below) };
        Self { count, at, below }
    }

    /// Adds a rank to the set, unless it is absent.
    pub(super) fn add(&mut self, set: &mut RankSet, rank: u32) {
        if rank != ABSENT {
            set.insert(rank);
            self.count += 1;
            self.below += usize::from((rank as usize) < self.at);
        }
    }

    /// Takes a rank from the set, unless it is absent.
    pub(super) fn take(&mut self, set: &mut RankSet, rank: u32) {
        if rank != ABSENT {
            set.remove(rank);
            self.count -= 1;
            self.below -= usize::from((rank as usize) < self.at);
        }
    }

    /// Moves to the quantile: its rank, and the part of the way to the next one. `None` where the
    /// set is empty.
    pub(super) fn find(&mut self, set: &RankSet, quantile: Quantile) -> Option<(usize, f64)> {
        if self.count == 0 {
            return None;
        }
        let place = quantile.place(self.count);
        if !set.contains(self.at) {
            if let Some(after) = set.after(self.at) {
                self.at = after;
            } else {
                self.at = set.previous(self.at);
                self.below -= 1;
            }
        }
        while self.below < place.rank {
            self.at = set.next(self.at);
            self.below += 1;
        }
        while self.below > place.rank {
            self.at = set.previous(self.at);
            self.below -= 1;
        }
        Some((self.at, place.part))
    }
}
