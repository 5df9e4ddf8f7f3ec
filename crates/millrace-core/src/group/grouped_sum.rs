//! Sum, mean and count per group.
//!
//! Where the same group comes again within a few rows, an addition waits for the store of the one
//! before it. So each group has [`LANES`] accumulators and row `i` goes to lane `i mod LANES`,
//! counted from row 0: the order of additions is fixed, no split into batches shows, and the lanes
//! of a group lie in one cache line.

use arrow_buffer::NullBuffer;

use super::groups_of;
use crate::kernel_error::KernelError;
use crate::nulls::is_valid;
use crate::state::{StateReader, StateWriter};

const LANES: usize = 2;
/// Groups whose results are computed together.
const BLOCK: usize = 64;
const EMPTY: [Entry; LANES] = [Entry {
    sum: 0.0,
    count: 0.0,
}; LANES];

/// Sum and count of one group in one lane: beside each other, so that a row touches one line, and
/// both floats, so that one addition of two lanes does for it. Counts are exact up to 2^53.
#[derive(Debug, Clone, Copy, Default)]
struct Entry {
    sum: f64,
    count: f64,
}

/// Sums and counts of floats per group.
#[derive(Debug, Clone, Default)]
pub struct GroupedSum {
    entries: Vec<[Entry; LANES]>,
    /// The lane of the next row.
    lane: usize,
}

impl GroupedSum {
    /// Takes a batch in: row `i` belongs to group `ids[i]`.
    pub fn update(&mut self, ids: &[u32], values: &[f64], nulls: Option<&NullBuffer>) {
        let groups = groups_of(ids);
        if groups > self.entries.len() {
            self.entries.resize(groups, Default::default());
        }
        let head = (self.lane.next_multiple_of(LANES) - self.lane).min(ids.len());
        let tail = head + (ids.len() - head) / LANES * LANES;
        self.update_rows(ids, values, nulls, 0..head);
        match nulls {
            None => self.update_pairs(&ids[head..tail], &values[head..tail]),
            Some(_) => self.update_rows(ids, values, nulls, head..tail),
        }
        self.update_rows(ids, values, nulls, tail..ids.len());
        self.lane = (self.lane + ids.len()) % LANES;
    }

    /// Rows that begin with lane 0, none of them null.
    fn update_pairs(&mut self, ids: &[u32], values: &[f64]) {
        let entries = &mut self.entries[..];
        let (ids, values) = (ids.as_chunks::<LANES>().0, values.as_chunks::<LANES>().0);
        for (ids, values) in ids.iter().zip(values) {
            for lane in 0..LANES {
                entries[ids[lane] as usize][lane].add(values[lane]);
            }
        }
    }

    fn update_rows(
        &mut self,
        ids: &[u32],
        values: &[f64],
        nulls: Option<&NullBuffer>,
        rows: std::ops::Range<usize>,
    ) {
        for row in rows {
            if is_valid(nulls, row) {
                self.entries[ids[row] as usize][(self.lane + row) % LANES].add(values[row]);
            }
        }
    }

    fn total(&self, id: usize) -> Option<Entry> {
        let [a, b] = *self.entries.get(id)?;
        Some(Entry {
            sum: a.sum + b.sum,
            count: a.count + b.count,
        })
    }

    /// The sum of a group, `None` if it was never seen; 0 if all its rows are null.
    pub fn sum(&self, id: usize) -> Option<f64> {
        self.total(id).map(|entry| entry.sum)
    }

    /// How many valid rows a group has.
    pub fn count(&self, id: usize) -> u64 {
        self.total(id).map_or(0, |entry| entry.count as u64)
    }

    /// The mean of a group.
    pub fn mean(&self, id: usize) -> Option<f64> {
        let entry = self.total(id).filter(|entry| entry.count > 0.0)?;
        Some(entry.sum / entry.count)
    }

    /// The means of groups, if all of them have one: without a branch for each, the divisions
    /// several at a time.
    pub fn means(&self, groups: &[u32]) -> Option<Vec<f64>> {
        let mut means = Vec::with_capacity(groups.len());
        let mut counts = [0.0; BLOCK];
        for block in groups.chunks(BLOCK) {
            let (start, counts) = (means.len(), &mut counts[..block.len()]);
            means.extend(block.iter().zip(&mut *counts).map(|(&group, count)| {
                let [a, b] = *self.entries.get(group as usize).unwrap_or(&EMPTY);
                *count = a.count + b.count;
                a.sum + b.sum
            }));
            let mut are_counted = true;
            for (mean, &count) in means[start..].iter_mut().zip(&*counts) {
                are_counted &= count > 0.0;
                *mean /= count;
            }
            if !are_counted {
                return None;
            }
        }
        Some(means)
    }

    /// Keeps these groups alone, which get the ids 0, 1, 2, ...
    pub fn keep(&mut self, groups: &[u32]) {
        super::keep(&mut self.entries, groups, &Default::default());
    }

    /// Forgets all groups.
    pub fn clear(&mut self) {
        self.entries.clear();
        self.lane = 0;
    }

    /// The state as bytes.
    pub fn snapshot(&self) -> Vec<u8> {
        let lanes = self.entries.as_flattened();
        let sums: Vec<f64> = lanes.iter().map(|entry| entry.sum).collect();
        let counts: Vec<u64> = lanes.iter().map(|entry| entry.count as u64).collect();
        StateWriter::new(1)
            .u64(self.lane as u64)
            .f64s(&sums)
            .u64s(&counts)
            .finish()
    }

    /// Takes up the state that `bytes` hold.
    ///
    /// # Errors
    /// [`KernelError::CorruptState`] if `bytes` are no such state.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), KernelError> {
        let mut state = StateReader::new("GroupedSum", 1, bytes)?;
        let lane = state.u64()? as usize;
        let sums = state.f64s()?;
        let counts = state.u64s()?;
        let lanes: Vec<Entry> = sums
            .iter()
            .zip(&counts)
            .map(|(&sum, &count)| Entry {
                sum,
                count: count as f64,
            })
            .collect();
        let (entries, []) = lanes.as_chunks() else {
            return Err(state.corrupt(format!("a group must have {LANES} lanes")));
        };
        if sums.len() != counts.len() || lane >= LANES {
            return Err(state.corrupt("sums, counts and lanes do not fit"));
        }
        state.finish()?;
        self.entries = entries.to_vec();
        self.lane = lane;
        Ok(())
    }
}

impl Entry {
    #[inline(always)]
    fn add(&mut self, value: f64) {
        self.sum += value;
        self.count += 1.0;
    }
}
