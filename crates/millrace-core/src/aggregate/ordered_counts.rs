//! A multiset of ordered keys that finds the k-th smallest.
//!
//! Keys lie in buckets of at most [`FULL`], each sorted, the buckets in order. A key is found by
//! binary search over the buckets' greatest keys and then inside one bucket. A cursor remembers
//! one bucket and how many keys lie before it, so that ranks near the last one asked for are found
//! without counting from the start.

use std::cmp::Ordering;

use crate::kernel_error::KernelError;
use crate::state::{StateReader, StateWriter};

/// Keys in a bucket before it is cut in two: moving half of them costs less than a cache miss.
const FULL: usize = 256;
/// Fewer keys than this, and a bucket joins its neighbour.
const SPARSE: usize = FULL / 8;

/// One run of distinct keys and how often each is there.
#[derive(Debug, Clone, Default)]
struct Bucket {
    keys: Vec<u64>,
    counts: Vec<u64>,
    total: u64,
}

impl Bucket {
    /// The key of a rank within the bucket.
    fn select(&self, mut rank: u64) -> u64 {
        if self.total == self.keys.len() as u64 {
            return self.keys[rank as usize];
        }
        for (&key, &count) in self.keys.iter().zip(&self.counts) {
            if rank < count {
                return key;
            }
            rank -= count;
        }
        unreachable!("a rank is below the total")
    }
}

/// A multiset of keys. Cost of each operation: logarithmic in the number of distinct keys, and at
/// most a bucket. Memory: 16 bytes per distinct key, up to twice that in buckets half full.
#[derive(Debug, Clone, Default)]
pub(crate) struct OrderedCounts {
    buckets: Vec<Bucket>,
    /// The greatest key of each bucket.
    greatest: Vec<u64>,
    len: u64,
    /// A bucket, and how many keys lie in those before it.
    cursor: (usize, u64),
}

impl OrderedCounts {
    /// The multiset of sorted keys.
    pub(crate) fn from_sorted(keys: &[u64]) -> Self {
        let runs = keys.chunk_by(|a, b| a == b);
        Self::from_runs(runs.map(|run| (run[0], run.len() as u64)))
    }

    /// The multiset of distinct keys in ascending order, with their counts.
    fn from_runs(runs: impl Iterator<Item = (u64, u64)>) -> Self {
        let mut whole = Self::default();
        for (key, count) in runs {
            if whole
                .buckets
                .last()
                .is_none_or(|bucket| bucket.keys.len() >= FULL / 2)
            {
                whole.buckets.push(Bucket::default());
                whole.greatest.push(key);
            }
            if let (Some(bucket), Some(greatest)) =
                (whole.buckets.last_mut(), whole.greatest.last_mut())
            {
                bucket.keys.push(key);
                bucket.counts.push(count);
                bucket.total += count;
                *greatest = key;
            }
            whole.len += count;
        }
        whole
    }

    /// How many keys there are, repeated ones counted again.
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// How many distinct keys there are.
    #[cfg(test)]
    pub(crate) fn distinct(&self) -> usize {
        self.buckets.iter().map(|bucket| bucket.keys.len()).sum()
    }

    /// Adds a key.
    pub(crate) fn insert(&mut self, key: u64) {
        if self.buckets.is_empty() {
            *self = Self::from_runs(std::iter::once((key, 1)));
            return;
        }
        let last = self.buckets.len() - 1;
        let at = self
            .greatest
            .partition_point(|&greatest| greatest < key)
            .min(last);
        let bucket = &mut self.buckets[at];
        match bucket.keys.binary_search(&key) {
            Ok(index) => bucket.counts[index] += 1,
            Err(index) => {
                bucket.keys.insert(index, key);
                bucket.counts.insert(index, 1);
                self.greatest[at] = self.greatest[at].max(key);
            }
        }
        bucket.total += 1;
        self.len += 1;
        let full = bucket.keys.len() > FULL;
        self.cursor.1 += u64::from(at < self.cursor.0);
        if full {
            self.split(at);
        }
    }

    /// Takes one of a key away; nothing happens where there is none.
    pub(crate) fn remove(&mut self, key: u64) {
        let at = self.greatest.partition_point(|&greatest| greatest < key);
        let Some(bucket) = self.buckets.get_mut(at) else {
            return;
        };
        let Ok(index) = bucket.keys.binary_search(&key) else {
            return;
        };
        bucket.counts[index] -= 1;
        bucket.total -= 1;
        self.len -= 1;
        self.cursor.1 -= u64::from(at < self.cursor.0);
        if bucket.counts[index] == 0 {
            bucket.keys.remove(index);
            bucket.counts.remove(index);
            if let Some(&greatest) = bucket.keys.last() {
                self.greatest[at] = greatest;
            }
            if bucket.keys.len() < SPARSE {
                self.join(at);
            }
        }
    }

    /// Cuts a bucket in two.
    fn split(&mut self, at: usize) {
        let bucket = &mut self.buckets[at];
        let keys = bucket.keys.split_off(FULL / 2);
        let counts = bucket.counts.split_off(FULL / 2);
        let total = counts.iter().sum();
        bucket.total -= total;
        self.greatest.insert(at, bucket.keys[FULL / 2 - 1]);
        let new = Bucket {
            keys,
            counts,
            total,
        };
        self.buckets.insert(at + 1, new);
        self.cursor.0 += usize::from(at < self.cursor.0);
    }

    /// Joins a sparse bucket to a neighbour.
    fn join(&mut self, at: usize) {
        if self.buckets.len() == 1 {
            if self.buckets[0].keys.is_empty() {
                *self = Self::default();
            }
            return;
        }
        let left = at.min(self.buckets.len() - 2);
        let right = self.buckets.remove(left + 1);
        self.greatest.remove(left);
        let bucket = &mut self.buckets[left];
        let before = bucket.total;
        bucket.keys.extend(right.keys);
        bucket.counts.extend(right.counts);
        bucket.total += right.total;
        if let Some(&greatest) = bucket.keys.last() {
            self.greatest[left] = greatest;
        }
        let full = bucket.keys.len() > FULL;
        match self.cursor.0.cmp(&(left + 1)) {
            Ordering::Less => {}
            Ordering::Equal => self.cursor = (left, self.cursor.1 - before),
            Ordering::Greater => self.cursor.0 -= 1,
        }
        if full {
            self.split(left);
        }
    }

    /// The bucket of a rank, and how many keys lie before the bucket.
    fn locate(&self, rank: u64) -> (usize, u64) {
        let (mut at, mut below) = self.cursor;
        while rank < below {
            at -= 1;
            below -= self.buckets[at].total;
        }
        while rank >= below + self.buckets[at].total {
            below += self.buckets[at].total;
            at += 1;
        }
        (at, below)
    }

    /// The `rank`-th smallest key, counted from 0, of which there must be as many.
    pub(crate) fn select(&self, rank: u64) -> u64 {
        let (at, below) = self.locate(rank);
        self.buckets[at].select(rank - below)
    }

    /// Moves the cursor to a rank: those near it are then found without a search.
    pub(crate) fn seek(&mut self, rank: u64) {
        self.cursor = self.locate(rank);
    }

    /// Appends the state, which does not tell how the keys came.
    pub(crate) fn write(&self, state: &mut StateWriter) {
        let keys: Vec<u64> = self.buckets.iter().flat_map(|b| &b.keys).copied().collect();
        let counts: Vec<u64> = self
            .buckets
            .iter()
            .flat_map(|b| &b.counts)
            .copied()
            .collect();
        state.u64s(&keys).u64s(&counts);
    }

    /// The multiset that [`Self::write`] wrote.
    pub(crate) fn read(state: &mut StateReader<'_>) -> Result<Self, KernelError> {
        let (keys, counts) = (state.u64s()?, state.u64s()?);
        let total = counts
            .iter()
            .try_fold(0_u64, |total, &count| total.checked_add(count));
        if keys.len() != counts.len()
            || counts.contains(&0)
            || total.is_none()
            || !keys.is_sorted_by(|a, b| a < b)
        {
            return Err(state.corrupt("values must ascend, each with a count"));
        }
        Ok(Self::from_runs(keys.into_iter().zip(counts)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sorted(set: &OrderedCounts) -> Vec<u64> {
        (0..set.len()).map(|rank| set.select(rank)).collect()
    }

    proptest! {
        #[test]
        fn equals_a_sorted_list(
            steps in prop::collection::vec((0_u64..2000, prop::bool::weighted(0.6), any::<prop::sample::Index>()), 0..3000),
            spread in 1_u64..2000,
        ) {
            let mut set = OrderedCounts::default();
            let mut twin: Vec<u64> = Vec::new();
            for (key, adds, index) in steps {
                let key = key % spread;
                if adds || twin.is_empty() {
                    set.insert(key);
                    twin.insert(twin.partition_point(|&other| other < key), key);
                } else {
                    set.remove(twin.remove(index.index(twin.len())));
                    set.remove(spread);
                }
                if !twin.is_empty() {
                    let rank = index.index(twin.len());
                    set.seek(rank as u64);
                    prop_assert_eq!(set.select(rank as u64), twin[rank]);
                }
                prop_assert_eq!(set.len(), twin.len() as u64);
            }
            prop_assert_eq!(sorted(&set), twin.clone());
            prop_assert_eq!(sorted(&OrderedCounts::from_sorted(&twin)), twin.clone());
            let mut state = StateWriter::new(1);
            set.write(&mut state);
            let bytes = state.finish();
            let mut reader = StateReader::new("test", 1, &bytes).expect("a state");
            let again = OrderedCounts::read(&mut reader).expect("the state of a set");
            prop_assert_eq!(sorted(&again), twin.clone());
            twin.dedup();
            prop_assert_eq!(again.distinct(), twin.len());
        }
    }
}
