//! The moments of a window by merging, where sums of squares would lose too many digits.
//!
//! | requires | time per row asked for | space |
//! |---|---|---|
//! | numbers | one merge of [`Moments`], amortised | n, and 3n more from the first row asked for on |
//!
//! A window is the suffix of a block of n rows and the prefix of the next (as in
//! [`van_herk`](super::van_herk)); moments merge without cancellation (Chan, Golub & LeVeque 1979).
//! Both are scanned when first wanted, so rows that nobody asks for only cost their copy.

use crate::aggregate::Moments;
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
    /// Moments of the suffixes of the last block; empty unless scanned since this block began.
    suffixes: Vec<Moments>,
    prefix: Moments,
    prefix_rows: usize,
    // Each scan is around the first number it meets: the mean of rows far from zero would be
    // rounded more coarsely than the rows differ.
    suffix_shift: Option<f64>,
    prefix_shift: Option<f64>,
}

/// The moments with one more row, around the shift, which is the first number met.
#[inline(always)]
fn with_row(moments: Moments, shift: &mut Option<f64>, value: f64) -> Moments {
    if is_missing(value) {
        return moments;
    }
    if shift.is_none() && value.is_finite() {
        *shift = Some(value);
    }
    moments.with(value - shift.unwrap_or(0.0))
}

impl MergedMoments {
    /// A window of `window` missing rows.
    pub(super) fn new(window: usize) -> Self {
        Self {
            rows: vec![MISSING; window],
            next: 0,
            suffixes: Vec::new(),
            prefix: Moments::default(),
            prefix_rows: 0,
            suffix_shift: None,
            prefix_shift: None,
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

    /// Takes one row in; gives the moments of the window that ends with it.
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
        self.suffix_shift = None;
        self.prefix = Moments::default();
        self.prefix_shift = None;
        self.prefix_rows = 0;
    }

    /// The moments of the window that ends with the row at `next`.
    fn merge(&mut self) -> Moments {
        let (next, window) = (self.next, self.rows.len());
        for &row in &self.rows[self.prefix_rows..=next] {
            self.prefix = with_row(self.prefix, &mut self.prefix_shift, row);
        }
        self.prefix_rows = next + 1;
        if self.suffixes.is_empty() {
            self.suffixes.resize(window + 1, Moments::default());
            for index in (next + 1..window).rev() {
                let suffix = self.suffixes[index + 1];
                self.suffixes[index] = with_row(suffix, &mut self.suffix_shift, self.rows[index]);
            }
        }
        let mut suffix = self.suffixes[next + 1];
        if let (Some(from), Some(to)) = (self.suffix_shift, self.prefix_shift) {
            suffix.mean += from - to;
        }
        suffix.merge(self.prefix)
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
