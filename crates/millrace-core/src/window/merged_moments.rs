//! The moments of a window by merging, where sums of squares would lose too many digits.
//!
//! | requires | time per row asked for | space |
//! |---|---|---|
//! | numbers | one merge of [`Moments`], amortised | n, and 3n more from the first row asked for on |
//!
//! A window is the suffix of a block of n rows and the prefix of the next (as in
//! [`van_herk`](super::van_herk)); moments merge without cancellation (Chan, Golub & LeVeque 1979).
//! Both are scanned when first wanted, so rows that nobody asks for only cost their copy.

use crate::aggregate::{Moments, ShiftedMoments};
use crate::kernel_error::KernelError;
use crate::state::{StateReader, StateWriter};

/// What a missing row holds: a NaN that no arithmetic produces. Rows that are NaN come in as
/// [`f64::NAN`].
pub(super) const MISSING: f64 = f64::from_bits(0x7ff8_6e75_6c6c_0001);

#[inline(always)]
pub(super) fn is_missing(value: f64) -> bool {
    value.to_bits() == MISSING.to_bits()
}

/// The last `n` rows, and the moments of the window that ends with the newest.
#[derive(Debug, Clone)]
pub(super) struct MergedMoments {
    /// Row `i` at `i mod n`, and where the next one goes.
    rows: Vec<f64>,
    next: usize,
    /// Moments of the suffixes of the last block, around the shift that all of them have; empty
    /// unless scanned since this block began.
    suffixes: Vec<Moments>,
    suffix_shift: f64,
    prefix: ShiftedMoments,
    prefix_rows: usize,
}

impl MergedMoments {
    /// A window of `window` missing rows.
    pub(super) fn new(window: usize) -> Self {
        Self {
            rows: vec![MISSING; window],
            next: 0,
            suffixes: Vec::new(),
            suffix_shift: 0.0,
            prefix: ShiftedMoments::default(),
            prefix_rows: 0,
        }
    }

    /// Where the next row goes, from 0 to n − 1: the rows before this place are those of this
    /// block, the others the end of the last one.
    pub(super) fn next(&self) -> usize {
        self.next
    }

    /// The rows of the window in order, in two parts.
    pub(super) fn rows(&self) -> [&[f64]; 2] {
        let (newer, older) = self.rows.split_at(self.next);
        [older, newer]
    }

    /// Takes rows in.
    pub(super) fn extend(&mut self, rows: &[f64]) {
        let mut rest = rows;
        while !rest.is_empty() {
            let count = (self.rows.len() - self.next).min(rest.len());
            let (part, after) = rest.split_at(count);
            self.rows[self.next..self.next + count].copy_from_slice(part);
            self.step(count);
            rest = after;
        }
    }

    /// Takes one row in; gives the moments of the window that ends with it, around one of its rows.
    pub(super) fn push(&mut self, row: f64) -> Moments {
        self.rows[self.next] = row;
        let moments = self.merge();
        self.step(1);
        moments
    }

    fn step(&mut self, rows: usize) {
        self.next += rows;
        if self.next == self.rows.len() {
            self.begin_block();
        }
    }

    fn begin_block(&mut self) {
        self.next = 0;
        self.suffixes.clear();
        self.prefix = ShiftedMoments::default();
        self.prefix_rows = 0;
    }

    /// The moments of the window that ends with the row at `next`, around one of its rows.
    fn merge(&mut self) -> Moments {
        let (next, window) = (self.next, self.rows.len());
        for &row in &self.rows[self.prefix_rows..=next] {
            if !is_missing(row) {
                self.prefix.push(row);
            }
        }
        self.prefix_rows = next + 1;
        if self.suffixes.is_empty() {
            self.suffixes.resize(window + 1, Moments::default());
            let mut suffix = ShiftedMoments::default();
            for index in (next + 1..window).rev() {
                if !is_missing(self.rows[index]) {
                    suffix.push(self.rows[index]);
                }
                self.suffixes[index] = suffix.distances;
            }
            self.suffix_shift = suffix.shift;
        }
        let suffix = ShiftedMoments {
            shift: self.suffix_shift,
            distances: self.suffixes[next + 1],
        };
        suffix.merge(self.prefix).distances
    }

    /// Appends the state: the rows, from which the rest follows.
    pub(super) fn write(&self, state: &mut StateWriter) {
        state.u64(self.next as u64).f64s(&self.rows);
    }

    /// Takes up the state that [`Self::write`] wrote, for the same window.
    pub(super) fn read(&mut self, state: &mut StateReader<'_>) -> Result<(), KernelError> {
        let next = state.u64()? as usize;
        let rows = state.f64s()?;
        if rows.len() != self.rows.len() {
            return Err(state.corrupt("the state is of another window"));
        }
        if next >= rows.len() {
            return Err(state.corrupt("a position is outside the window"));
        }
        self.begin_block();
        self.rows.copy_from_slice(&rows);
        self.next = next;
        Ok(())
    }
}
