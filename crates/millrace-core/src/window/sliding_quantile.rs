//! A quantile of the last `n` rows, by ranks.
//!
//! | requires | time per row | space |
//! |---|---|---|
//! | an order | constant after a radix sort, amortised, in batches of n/4 rows or more; log n in smaller ones | 9n |
//!
//! A batch together with the n rows before it is sorted once, which gives every row a rank. The rows
//! of the window are then a set of ranks, one bit each, and the quantile is one of these bits: a row
//! that comes sets its bit, one that leaves clears it, and the quantile moves to the next or the
//! previous set bit, or stays. (Moving a pointer over a sorted list goes back to Suomela, "Median
//! filtering is equivalent to sorting", 2014; there the list is linked.)
//!
//! Where a batch is short, sorting the whole window for it would cost more than it saves; then the
//! window is kept as [`OrderedValues`]. Both select the same rows, so the results do not tell which
//! was used.

use super::rank_set::{ABSENT, Cursor, RankSet};
use crate::aggregate::{OrderedValues, Quantile, mix, order_key};
use crate::kernel_error::KernelError;
use crate::state::{StateReader, StateWriter};

/// Fewer rows than this are sorted by comparison: clearing the radix sort's counters costs more.
const FEW: usize = 1024;
/// The share of a window that a batch must bring for ranks to pay.
const LEAST_SHARE: usize = 4;

/// A quantile of the last `window` rows at each row; NaN stands for a row that is not there.
#[derive(Debug, Clone)]
pub(super) struct SlidingQuantile {
    quantile: Quantile,
    window: usize,
    /// The last rows, at most `window`: the oldest at `oldest` once all places are taken.
    rows: Vec<f64>,
    oldest: usize,
    /// The rows of the window in order, while batches are short.
    ordered: Option<OrderedValues>,
    scratch: Scratch,
}

/// What is computed anew for each batch.
#[derive(Debug, Clone, Default)]
struct Scratch {
    /// Rows of the window and of the batch, in the order in which they came.
    values: Vec<f64>,
    /// The leading bits of each row's key above, its index below.
    items: Vec<u64>,
    spare: Vec<u64>,
    /// The rank of each row.
    ranks: Vec<u32>,
    /// The values by rank.
    sorted: Vec<f64>,
    present: RankSet,
}

impl SlidingQuantile {
    pub(super) fn new(quantile: Quantile, window: usize) -> Self {
        Self {
            quantile,
            window,
            rows: Vec::new(),
            oldest: 0,
            ordered: None,
            scratch: Scratch::default(),
        }
    }

    /// How many rows are best handled at once.
    pub(super) fn tile(&self) -> usize {
        (LEAST_SHARE * self.window).max(8192)
    }

    /// Moves the window over a tile; what no row is there for is NaN.
    pub(super) fn push_tile(&mut self, tile: &[f64], out: &mut [f64]) {
        if tile.len() * LEAST_SHARE < self.window {
            self.push_ordered(tile, out);
        } else {
            self.ordered = None;
            self.push_ranked(tile, out);
            self.keep(tile);
        }
    }

    fn push_ordered(&mut self, tile: &[f64], out: &mut [f64]) {
        let mut ordered = self.ordered.take().unwrap_or_else(|| {
            let there = self.rows.iter().filter(|value| !value.is_nan());
            OrderedValues::of(there.copied())
        });
        for (&value, slot) in tile.iter().zip(out) {
            if let Some(oldest) = self.replace(value).filter(|oldest| !oldest.is_nan()) {
                ordered.remove(oldest);
            }
            if !value.is_nan() {
                ordered.insert(value);
            }
            *slot = ordered.follow(self.quantile).unwrap_or(f64::NAN);
        }
        self.ordered = Some(ordered);
    }

    /// Keeps a row; returns the one whose place it took.
    fn replace(&mut self, value: f64) -> Option<f64> {
        if self.rows.len() < self.window {
            self.rows.push(value);
            return None;
        }
        let left = std::mem::replace(&mut self.rows[self.oldest], value);
        self.oldest += 1;
        if self.oldest == self.window {
            self.oldest = 0;
        }
        Some(left)
    }

    /// Keeps the last rows of a tile.
    fn keep(&mut self, tile: &[f64]) {
        if tile.len() >= self.window {
            self.rows.clear();
            self.rows
                .extend_from_slice(&tile[tile.len() - self.window..]);
            self.oldest = 0;
        } else {
            for &value in tile {
                self.replace(value);
            }
        }
    }

    fn push_ranked(&mut self, tile: &[f64], out: &mut [f64]) {
        let scratch = &mut self.scratch;
        scratch.values.clear();
        scratch.values.extend_from_slice(&self.rows[self.oldest..]);
        scratch.values.extend_from_slice(&self.rows[..self.oldest]);
        scratch.values.extend_from_slice(tile);
        scratch.rank();
        let before = self.rows.len();
        let all_there = scratch.items.len() == scratch.values.len();
        scratch
            .present
            .fill(&scratch.ranks[..before], scratch.items.len());
        if before == self.window && all_there {
            let (leaving, coming) = (&scratch.ranks[..tile.len()], &scratch.ranks[before..]);
            let place = self.quantile.place(self.window);
            scratch
                .present
                .slide(place, leaving, coming, &scratch.sorted, out);
            return;
        }
        let mut cursor = Cursor::new(&scratch.present, self.quantile);
        for (index, slot) in out.iter_mut().enumerate() {
            let row = before + index;
            cursor.add(&mut scratch.present, scratch.ranks[row]);
            if row >= self.window {
                cursor.take(&mut scratch.present, scratch.ranks[row - self.window]);
            }
            *slot = match cursor.find(&scratch.present, self.quantile) {
                None => f64::NAN,
                Some((rank, 0.0)) => scratch.sorted[rank] + 0.0,
                Some((rank, part)) => {
                    let next = scratch.present.next(rank);
                    mix(scratch.sorted[rank], scratch.sorted[next], part)
                }
            };
        }
    }

    /// Appends the state: the rows, oldest first.
    pub(super) fn write(&self, state: &mut StateWriter) {
        let mut rows = self.rows.clone();
        rows.rotate_left(self.oldest);
        state.f64s(&rows);
    }

    /// Takes up the state that [`Self::write`] wrote, for the same window.
    pub(super) fn read(&mut self, state: &mut StateReader<'_>) -> Result<(), KernelError> {
        self.rows = state.f64s()?;
        if self.rows.len() > self.window {
            return Err(state.corrupt("more rows than the window has"));
        }
        self.oldest = 0;
        self.ordered = None;
        Ok(())
    }
}

impl Scratch {
    /// Gives each row its rank among all that are there.
    fn rank(&mut self) {
        let keys = || self.values.iter().map(|&value| order_key(value));
        let (mut least, mut most) = (u64::MAX, 0);
        let mut absent = false;
        for (key, value) in keys().zip(&self.values) {
            let there = !value.is_nan();
            least = least.min(if there { key } else { u64::MAX });
            most = most.max(if there { key } else { 0 });
            absent |= !there;
        }
        // What all keys have in common is cut off, so that the upper half tells most of them apart.
        let shift = most.saturating_sub(least).leading_zeros().min(63);
        let item = |(index, key): (usize, u64)| {
            ((key.wrapping_sub(least) << shift) & !u64::from(u32::MAX)) | index as u64
        };
        self.items.clear();
        if absent {
            let there = keys()
                .enumerate()
                .filter(|&(index, _)| !self.values[index].is_nan());
            self.items.extend(there.map(item));
        } else {
            self.items.extend(keys().enumerate().map(item));
        }
        sort_items(&mut self.items, &mut self.spare);
        self.sort_ties();
        self.ranks.clear();
        self.ranks.resize(self.values.len(), ABSENT);
        self.sorted.clear();
        for (rank, &item) in self.items.iter().enumerate() {
            let index = row_of(item);
            self.ranks[index] = rank as u32;
            self.sorted.push(self.values[index]);
        }
    }

    /// Orders rows whose leading bits are the same by their whole value.
    fn sort_ties(&mut self) {
        let tied = |a: &u64, b: &u64| a >> 32 == b >> 32;
        let found = self
            .items
            .windows(2)
            .fold(false, |found, pair| found | tied(&pair[0], &pair[1]));
        if !found {
            return;
        }
        let values = &self.values;
        for run in self.items.chunk_by_mut(tied) {
            if run.len() > 1 {
                run.sort_unstable_by_key(|&item| (order_key(values[row_of(item)]), item));
            }
        }
    }
}

/// The row that an item is of.
#[inline(always)]
fn row_of(item: u64) -> usize {
    (item & u64::from(u32::MAX)) as usize
}

/// Sorts items by their upper halves; those of few rows by the lower ones too, which ascend anyway.
fn sort_items(items: &mut Vec<u64>, spare: &mut Vec<u64>) {
    if items.len() < FEW {
        items.sort_unstable();
        return;
    }
    const BITS: usize = 11;
    const SHIFTS: [usize; 3] = [32, 32 + BITS, 32 + 2 * BITS];
    const DIGITS: usize = 1 << BITS;
    let digit = |item: u64, pass: usize| (item >> SHIFTS[pass]) as usize & (DIGITS - 1);
    let mut starts = [[0_u32; DIGITS]; SHIFTS.len()];
    for &item in items.iter() {
        for (pass, starts) in starts.iter_mut().enumerate() {
            starts[digit(item, pass)] += 1;
        }
    }
    spare.clear();
    spare.resize(items.len(), 0);
    for (pass, starts) in starts.iter_mut().enumerate() {
        let mut total = 0;
        for start in starts.iter_mut() {
            total += std::mem::replace(start, total);
        }
        for &item in items.iter() {
            let start = &mut starts[digit(item, pass)];
            spare[*start as usize] = item;
            *start += 1;
        }
        std::mem::swap(items, spare);
    }
}
