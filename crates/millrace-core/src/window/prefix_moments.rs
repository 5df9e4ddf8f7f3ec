//! Sums of d and d² over all rows since the epoch began, for the variance of a window.
//!
//! | requires | time per row | space |
//! |---|---|---|
//! | numbers | two prefix sums and two subtractions on vectors; where a window is ill-conditioned, one merge of [`MergedMoments`] | 3n, and 3n more from the first ill-conditioned window on |
//!
//! The sums run over d = x − shift, where the shift is a row near the mean. A window's sums are the
//! difference of two prefix sums, and n·Σd² − (Σd)² is n² times its variance. Around a nearby shift
//! that loses next to nothing, and whole numbers give exact sums.
//!
//! Each result says itself how much it lost: the difference against n times the Σd² of the whole
//! epoch, which no rounding error exceeds by much. Where more than 6 bits went (a level shift, an
//! outlier that has left the window, a constant window, anything not finite), the window is
//! computed again by [`MergedMoments`].
//!
//! An epoch ends after [`EPOCH`] windows, or at an earlier checkpoint if too much would be lost: the
//! prefix sums of the rows in the window are then computed again, around a new shift. All of this
//! depends on the rows only, so results do not depend on how they were cut into batches.
//!
//! A suffix and a prefix scan of blocks, as for the other aggregates, took 1.9 ns per row where
//! this takes 1.5 (std, 1,000 rows, AVX2), and 4.4 where the window is no multiple of four.

use super::lane_scan::LOOK_BACK;
use super::merged_moments::MergedMoments;
use super::prefix_sums::{Deviation, PrefixSums};
use crate::kernel_error::KernelError;
use crate::state::{StateReader, StateWriter};

/// Rows after which an epoch may end: few enough that the sums of the epoch do not outgrow those of
/// the window, many enough to be worth the rows that are scanned again.
fn stretch(window: usize) -> usize {
    window.max(1024).min(8 * window)
}

/// Rows of an epoch, at most, for each row of the window.
const EPOCH: usize = 8;
/// The share that must be left at a checkpoint for the epoch to go on.
const GOOD: f64 = 1.0 / 16.0;

/// The variance of the last `n` rows at each row.
#[derive(Debug, Clone)]
pub(super) struct PrefixMoments {
    shift: Option<f64>,
    sums: PrefixSums,
    stretch_left: usize,
    stretches_left: usize,
    merged: MergedMoments,
}

impl PrefixMoments {
    /// A window of `window` missing rows.
    pub(super) fn new(window: usize) -> Self {
        Self {
            shift: None,
            sums: PrefixSums::new(window),
            stretch_left: stretch(window),
            stretches_left: Self::stretches(window),
            merged: MergedMoments::new(window),
        }
    }

    fn stretches(window: usize) -> usize {
        EPOCH * window / stretch(window)
    }

    fn window(&self) -> usize {
        self.sums.window()
    }

    /// Moves the window over a tile of at most [`TILE`] rows, missing ones marked if there are
    /// `gaps`, and writes the result at each. `counts` says how many rows of each window are
    /// there, `None` that all are. A result is NaN where it is undefined.
    pub(super) fn push_tile(
        &mut self,
        tile: &[f64],
        gaps: bool,
        counts: Option<&[f64]>,
        deviation: Deviation,
        out: &mut [f64],
    ) {
        if self.shift.is_none() {
            // So far there was nothing, or nothing finite: the sums do not depend on the shift.
            self.shift = tile.iter().copied().find(|value| value.is_finite());
        }
        let mut start = 0;
        while start < tile.len() {
            let end = tile.len().min(start + self.stretch_left);
            let (rows, out) = (&tile[start..end], &mut out[start..end]);
            let counts = counts.map(|counts| &counts[start..end]);
            self.sums.scan(rows, self.shift.unwrap_or(0.0), gaps);
            if self
                .sums
                .slide(self.merged.next(), rows.len(), counts, deviation, out)
            {
                self.merged.extend(rows);
            } else {
                self.mend(rows, gaps, deviation, out);
            }
            self.stretch_left -= rows.len();
            if self.stretch_left == 0 {
                self.end_stretch();
            }
            start = end;
        }
    }

    /// Computes again what is ill-conditioned, which is NaN.
    #[cold]
    fn mend(&mut self, rows: &[f64], gaps: bool, deviation: Deviation, out: &mut [f64]) {
        // A NaN leaves nothing sound, so one that could be taken for a missing row is only met here.
        let tamed = |&row: &f64| if row.is_nan() { f64::NAN } else { row };
        let tamed: Option<Vec<f64>> = (!gaps).then(|| rows.iter().map(tamed).collect());
        let rows = tamed.as_deref().unwrap_or(rows);
        let mut kept = 0;
        for (index, slot) in out.iter_mut().enumerate() {
            if slot.is_nan() {
                self.merged.extend(&rows[kept..index]);
                let moments = self.merged.push(rows[index]);
                kept = index + 1;
                let variance = moments.variance(deviation.ddof).unwrap_or(f64::NAN);
                *slot = if deviation.root {
                    variance.sqrt()
                } else {
                    variance
                };
            }
        }
        self.merged.extend(&rows[kept..]);
    }

    /// Goes on with the epoch if it may and should, else begins one.
    fn end_stretch(&mut self) {
        self.stretch_left = stretch(self.window());
        self.stretches_left -= 1;
        let window = self.window() as f64;
        let ([first, second], total) = self.sums.since(self.merged.next());
        let spread = window * second - first * first;
        // False for NaN too.
        let goes_on = self.stretches_left > 0 && spread >= window * total * GOOD;
        if !goes_on {
            self.begin_epoch(self.shift.unwrap_or(0.0) + first / window);
        }
    }

    /// Computes the prefix sums of the rows of the window anew, around a recent row near their
    /// `mean`: a row is no less exact than they are.
    fn begin_epoch(&mut self, mean: f64) {
        self.stretches_left = Self::stretches(self.window());
        let [older, newer] = self.merged.rows();
        let newest = newer.iter().rev().chain(older.iter().rev()).take(LOOK_BACK);
        let nearest = newest
            .copied()
            .filter(|row| row.is_finite())
            .reduce(|best, row| {
                if (row - mean).abs() < (best - mean).abs() {
                    row
                } else {
                    best
                }
            });
        self.shift = nearest.or(self.shift);
        let shift = self.shift.unwrap_or(0.0);
        self.sums.clear();
        self.sums.replace(newer.len(), older, shift);
        self.sums.replace(0, newer, shift);
    }

    /// Appends the state.
    pub(super) fn write(&self, state: &mut StateWriter) {
        state
            .u64(self.stretch_left as u64)
            .u64(self.stretches_left as u64)
            .bools(&[self.shift.is_some()])
            .f64(self.shift.unwrap_or_default());
        self.sums.write(state);
        self.merged.write(state);
    }

    /// Takes up the state that [`Self::write`] wrote, for the same window.
    pub(super) fn read(&mut self, state: &mut StateReader<'_>) -> Result<(), KernelError> {
        let stretch_left = state.u64()? as usize;
        let stretches_left = state.u64()? as usize;
        if !(1..=stretch(self.window())).contains(&stretch_left)
            || !(1..=Self::stretches(self.window())).contains(&stretches_left)
        {
            return Err(state.corrupt("a position is outside the window"));
        }
        let shifted = state.bools()? == [true];
        let shift = state.f64()?;
        self.stretch_left = stretch_left;
        self.stretches_left = stretches_left;
        self.shift = shifted.then_some(shift);
        self.sums.read(state)?;
        self.merged.read(state)
    }
}
