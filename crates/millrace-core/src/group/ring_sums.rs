//! Sums over the last `n` rows of each group, for short windows: a ring per group.
//!
//! | requires | time per row | space |
//! |---|---|---|
//! | numbers | 1 while all rows of the window are whole numbers, else n/8 | n per group |
//!
//! Sums of whole numbers are exact, so there leaving rows may be subtracted. As soon as the window
//! holds anything else it is summed anew, in the order of the ring's places: which row lies where
//! depends on how many rows its group had, so no split into batches shows.

use crate::kernel_error::KernelError;
use crate::state::{StateReader, StateWriter};

/// What a null row holds: neutral for sums, and no value, for those come in with zeros as +0.
const VACANT: f64 = -0.0;
const LANES: usize = 8;

#[derive(Debug, Clone, Default)]
struct Ring {
    rows: Vec<f64>,
    next: usize,
    /// The sum of the rows that count as whole.
    whole_sum: f64,
    valid: usize,
    /// How many valid rows do not count as whole.
    other: usize,
}

/// The rings of all groups, by id.
#[derive(Debug, Clone)]
pub(super) struct RingSums {
    window: usize,
    /// Up to here whole numbers have exact sums.
    limit: f64,
    groups: Vec<Ring>,
}

impl RingSums {
    /// The longest window that is worth a ring.
    pub(super) const LONGEST: usize = 128;

    pub(super) fn new(window: usize) -> Self {
        let limit = (1_u64 << 53) as f64 / window as f64;
        Self {
            window,
            limit,
            groups: Vec::new(),
        }
    }

    pub(super) fn grow(&mut self, groups: usize) {
        if groups > self.groups.len() {
            self.groups.resize(groups, Ring::default());
        }
    }

    /// One more row in a group's window: the sum and how many valid rows it is made of.
    #[inline(always)]
    pub(super) fn step(&mut self, id: u32, row: Option<f64>) -> (f64, usize) {
        let ring = &mut self.groups[id as usize];
        let row = row.map_or(VACANT, |value| value + 0.0);
        let limit = self.limit;
        if ring.rows.len() < self.window {
            ring.rows.push(row);
        } else {
            let oldest = std::mem::replace(&mut ring.rows[ring.next], row);
            ring.next = if ring.next + 1 == self.window {
                0
            } else {
                ring.next + 1
            };
            if oldest.to_bits() != VACANT.to_bits() {
                ring.valid -= 1;
                match is_whole(oldest, limit) {
                    true => ring.whole_sum -= oldest,
                    false => ring.other -= 1,
                }
            }
        }
        ring.note(row, limit);
        let sum = if ring.other == 0 {
            ring.whole_sum
        } else {
            sum(&ring.rows)
        };
        (sum, ring.valid)
    }

    pub(super) fn write(&self, state: &mut StateWriter) {
        state.u64(self.groups.len() as u64);
        for ring in &self.groups {
            state.u64(ring.next as u64).f64s(&ring.rows);
        }
    }

    pub(super) fn read(&mut self, state: &mut StateReader<'_>) -> Result<(), KernelError> {
        self.groups.clear();
        for _ in 0..state.u64()? {
            let next = state.u64()? as usize;
            let rows = state.f64s()?;
            if rows.len() > self.window || (next > 0 && next >= rows.len()) {
                return Err(state.corrupt(format!("{} rows in a group", rows.len())));
            }
            let mut ring = Ring {
                next,
                ..Ring::default()
            };
            for &row in &rows {
                ring.note(row, self.limit);
            }
            ring.rows = rows;
            self.groups.push(ring);
        }
        Ok(())
    }
}

impl Ring {
    #[inline(always)]
    fn note(&mut self, row: f64, limit: f64) {
        if row.to_bits() != VACANT.to_bits() {
            self.valid += 1;
            match is_whole(row, limit) {
                true => self.whole_sum += row,
                false => self.other += 1,
            }
        }
    }
}

#[inline(always)]
fn is_whole(value: f64, limit: f64) -> bool {
    value.abs() <= limit && (value as i64) as f64 == value
}

/// The sum in [`LANES`] accumulators by place.
fn sum(rows: &[f64]) -> f64 {
    let (chunks, tail) = rows.as_chunks::<LANES>();
    let mut lanes = [0.0; LANES];
    for chunk in chunks {
        for lane in 0..LANES {
            lanes[lane] += chunk[lane];
        }
    }
    for (lane, value) in lanes.iter_mut().zip(tail) {
        *lane += value;
    }
    let [a, b, c, d, e, f, g, h] = lanes;
    ((a + e) + (c + g)) + ((b + f) + (d + h))
}
