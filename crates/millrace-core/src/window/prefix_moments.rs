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

use multiversion::multiversion;

use super::lane_scan::{Extended, LANES, LOOK_BACK, Lanes, TILE};
use super::merged_moments::{MergedMoments, is_missing};
use crate::kernel_error::KernelError;
use crate::state::{StateReader, StateWriter};

/// Rows after which an epoch may end: few enough that the sums of the epoch do not outgrow those of
/// the window, many enough to be worth the rows that are scanned again.
fn stretch(window: usize) -> usize {
    window.max(1024).min(8 * window)
}

/// Rows of an epoch, at most, for each row of the window.
const EPOCH: usize = 8;
/// The share of n·Σd² that must be left for a result to be taken.
const SOUND: f64 = 1.0 / 64.0;
/// The share that must be left at a checkpoint for the epoch to go on.
const GOOD: f64 = 1.0 / 16.0;

/// How a variance is made of the moments of a window.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deviation {
    pub(super) ddof: u32,
    pub(super) root: bool,
}

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
        self.sums.first.len()
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
                self.mend(rows, deviation, out);
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
    fn mend(&mut self, rows: &[f64], deviation: Deviation, out: &mut [f64]) {
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

/// Sums of d and d² up to each row of the window; row `i` at `i mod n`.
#[derive(Debug, Clone)]
struct PrefixSums {
    first: Vec<f64>,
    second: Vec<f64>,
    /// The running sums of [`LANES`] columns: these shorten the chain of dependent additions to a
    /// quarter.
    columns: Columns,
    /// The running sum of its column at each row of a tile, and of the rows before it.
    first_columns: Box<Extended>,
    second_columns: Box<Extended>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Columns {
    first: Lanes,
    second: Lanes,
    /// The column of the next row.
    next: usize,
}

impl PrefixSums {
    fn new(window: usize) -> Self {
        Self {
            first: vec![0.0; window],
            second: vec![0.0; window],
            columns: Columns::default(),
            first_columns: Box::new([0.0; LOOK_BACK + TILE]),
            second_columns: Box::new([0.0; LOOK_BACK + TILE]),
        }
    }

    /// Begins at nothing.
    fn clear(&mut self) {
        self.columns = Columns::default();
        self.first_columns[..LOOK_BACK].fill(0.0);
        self.second_columns[..LOOK_BACK].fill(0.0);
    }

    /// Runs the columns on over at most [`TILE`] rows.
    fn scan(&mut self, rows: &[f64], shift: f64, gaps: bool) {
        let first = &mut self.first_columns[LOOK_BACK..LOOK_BACK + rows.len()];
        let second = &mut self.second_columns[LOOK_BACK..LOOK_BACK + rows.len()];
        if gaps {
            sum_columns::<true>(rows, shift, &mut self.columns, first, second);
        } else {
            sum_columns::<false>(rows, shift, &mut self.columns, first, second);
        }
    }

    /// The results at `rows` rows that were scanned, the first of which goes to `place`; whether
    /// all are sound. The others are NaN.
    fn slide(
        &mut self,
        mut place: usize,
        rows: usize,
        counts: Option<&[f64]>,
        deviation: Deviation,
        out: &mut [f64],
    ) -> bool {
        let window = self.first.len();
        let mut sound = true;
        let mut start = 0;
        while start < rows {
            let count = (window - place).min(rows - start);
            let first = &mut self.first[place..place + count];
            let second = &mut self.second[place..place + count];
            let first_columns = &self.first_columns[start..];
            let second_columns = &self.second_columns[start..];
            let out = &mut out[start..start + count];
            sound &= match counts {
                None => {
                    let count = window as f64;
                    deviations(
                        first_columns,
                        second_columns,
                        first,
                        second,
                        count,
                        deviation,
                        out,
                    )
                }
                Some(counts) => {
                    let counts = &counts[start..start + count];
                    counted_deviations(
                        first_columns,
                        second_columns,
                        first,
                        second,
                        counts,
                        deviation,
                        out,
                    )
                }
            };
            place = if place + count == window {
                0
            } else {
                place + count
            };
            start += count;
        }
        self.keep_columns(rows);
        sound
    }

    /// The prefix sums of rows, at `place` and after.
    fn replace(&mut self, place: usize, rows: &[f64], shift: f64) {
        let mut place = place;
        for tile in rows.chunks(TILE) {
            self.scan(tile, shift, true);
            let range = place..place + tile.len();
            totals(&self.first_columns, &mut self.first[range.clone()]);
            totals(&self.second_columns, &mut self.second[range]);
            self.keep_columns(tile.len());
            place += tile.len();
        }
    }

    /// Keeps the last of `rows` sums in front of those to come.
    fn keep_columns(&mut self, rows: usize) {
        self.first_columns.copy_within(rows..rows + LOOK_BACK, 0);
        self.second_columns.copy_within(rows..rows + LOOK_BACK, 0);
    }

    /// The sums of d and d² of the rows after that at `place`, and that of d² of all.
    fn since(&self, place: usize) -> ([f64; 2], f64) {
        let total = self.columns.second.iter().sum::<f64>();
        let first = self.columns.first.iter().sum::<f64>() - self.first[place];
        ([first, total - self.second[place]], total)
    }

    fn write(&self, state: &mut StateWriter) {
        state
            .u64(self.columns.next as u64)
            .f64s(&self.first)
            .f64s(&self.second)
            .f64s(&self.columns.first)
            .f64s(&self.columns.second)
            .f64s(&self.first_columns[..LOOK_BACK])
            .f64s(&self.second_columns[..LOOK_BACK]);
    }

    fn read(&mut self, state: &mut StateReader<'_>) -> Result<(), KernelError> {
        let column = state.u64()? as usize;
        if column >= LANES {
            return Err(state.corrupt("a position is outside the window"));
        }
        self.columns.next = column;
        let targets: [&mut [f64]; 6] = [
            &mut self.first,
            &mut self.second,
            &mut self.columns.first,
            &mut self.columns.second,
            &mut self.first_columns[..LOOK_BACK],
            &mut self.second_columns[..LOOK_BACK],
        ];
        for target in targets {
            let part = state.f64s()?;
            if target.len() != part.len() {
                return Err(state.corrupt("the state is of another window"));
            }
            target.copy_from_slice(&part);
        }
        Ok(())
    }
}

/// How far a row is from the shift; nothing if it is missing, which it only may be with `GAPS`.
#[inline(always)]
fn distance<const GAPS: bool>(value: f64, shift: f64) -> f64 {
    if GAPS && is_missing(value) {
        0.0
    } else {
        value - shift
    }
}

/// Runs the sums of the columns on over `rows`; `first` and `second` receive that of its own
/// column at each row.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
fn sum_columns<const GAPS: bool>(
    rows: &[f64],
    shift: f64,
    columns: &mut Columns,
    first: &mut [f64],
    second: &mut [f64],
) {
    let head = ((LANES - columns.next) % LANES).min(rows.len());
    let (head_rows, rows) = rows.split_at(head);
    let (first_head, first) = first.split_at_mut(head);
    let (second_head, second) = second.split_at_mut(head);
    sum_rows(head_rows, shift, columns, first_head, second_head);

    let (chunks, tail) = rows.as_chunks::<LANES>();
    let (first_chunks, first_tail) = first.as_chunks_mut::<LANES>();
    let (second_chunks, second_tail) = second.as_chunks_mut::<LANES>();
    let mut sums = (columns.first, columns.second);
    for ((chunk, first), second) in chunks.iter().zip(first_chunks).zip(second_chunks) {
        let distances = chunk.map(|value| distance::<GAPS>(value, shift));
        let sums_and_distances = sums.0.iter_mut().zip(&mut sums.1).zip(distances);
        for ((first, second), distance) in sums_and_distances {
            *first += distance;
            *second += distance * distance;
        }
        (*first, *second) = sums;
    }
    (columns.first, columns.second) = sums;
    sum_rows(tail, shift, columns, first_tail, second_tail);
}

/// [`sum_columns`] of less than one row of each column.
#[inline(always)]
fn sum_rows(
    rows: &[f64],
    shift: f64,
    columns: &mut Columns,
    first: &mut [f64],
    second: &mut [f64],
) {
    for ((&row, first), second) in rows.iter().zip(first).zip(second) {
        let lane = columns.next;
        let distance = distance::<true>(row, shift);
        columns.first[lane] += distance;
        columns.second[lane] += distance * distance;
        (*first, *second) = (columns.first[lane], columns.second[lane]);
        columns.next = (lane + 1) % LANES;
    }
}

/// The sums over all columns at each of `rows` rows, of which `columns` holds that of its own
/// column, after those of the [`LOOK_BACK`] rows before.
#[inline(always)]
fn total(columns: &[f64], rows: usize) -> impl Fn(usize) -> f64 {
    let back = |by: usize| &columns[LOOK_BACK - by..][..rows];
    let (c0, c1, c2, c3) = (back(0), back(1), back(2), back(3));
    move |row| (c3[row] + c2[row]) + (c1[row] + c0[row])
}

#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
fn totals(columns: &Extended, out: &mut [f64]) {
    let total = total(columns, out.len());
    for (row, slot) in out.iter_mut().enumerate() {
        *slot = total(row);
    }
}

/// The results of windows whose oldest rows fall out of the prefix sums `first` and `second`,
/// which the new ones replace; NaN where too much was lost. `weights` are the number of rows and
/// what n² times the variance is multiplied by.
///
/// The slices come one by one, for the compiler takes those in a tuple for overlapping.
#[inline(always)]
fn deviate<const ROOT: bool>(
    first_columns: &[f64],
    second_columns: &[f64],
    first: &mut [f64],
    second: &mut [f64],
    weights: impl Fn(usize) -> (f64, f64),
    out: &mut [f64],
) -> bool {
    let first_total = total(first_columns, out.len());
    let second_total = total(second_columns, out.len());
    let (first, second) = (&mut first[..out.len()], &mut second[..out.len()]);
    let mut unsound = 0_u64;
    for (row, slot) in out.iter_mut().enumerate() {
        let (sum, squares) = (first_total(row), second_total(row));
        let (sum_of_window, squares_of_window) = (sum - first[row], squares - second[row]);
        first[row] = sum;
        second[row] = squares;
        let (count, scale) = weights(row);
        let spread = count * squares_of_window - sum_of_window * sum_of_window;
        // False for NaN too, which infinite sums give.
        let sound = spread >= count * SOUND * squares;
        let variance = spread * scale;
        let result = if ROOT { variance.sqrt() } else { variance };
        *slot = if sound { result } else { f64::NAN };
        unsound |= u64::from(!sound);
    }
    unsound == 0
}

/// What n² times a variance is multiplied by.
#[inline(always)]
fn scale(count: f64, ddof: u32) -> f64 {
    1.0 / (count * (count - f64::from(ddof)))
}

/// The results of full windows; whether all are sound.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
fn deviations(
    first_columns: &[f64],
    second_columns: &[f64],
    first: &mut [f64],
    second: &mut [f64],
    count: f64,
    Deviation { ddof, root }: Deviation,
    out: &mut [f64],
) -> bool {
    let scale = scale(count, ddof);
    let weights = |_| (count, scale);
    if root {
        deviate::<true>(first_columns, second_columns, first, second, weights, out)
    } else {
        deviate::<false>(first_columns, second_columns, first, second, weights, out)
    }
}

/// The results of windows of which some rows are missing; whether all are sound.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
fn counted_deviations(
    first_columns: &[f64],
    second_columns: &[f64],
    first: &mut [f64],
    second: &mut [f64],
    counts: &[f64],
    Deviation { ddof, root }: Deviation,
    out: &mut [f64],
) -> bool {
    // Scaled as a full window is, for a row must not know whether its tile was full.
    let weights = |row: usize| {
        let count: f64 = counts[row];
        let scale = if count > f64::from(ddof) {
            scale(count, ddof)
        } else {
            f64::NAN
        };
        (count, scale)
    };
    if root {
        deviate::<true>(first_columns, second_columns, first, second, weights, out)
    } else {
        deviate::<false>(first_columns, second_columns, first, second, weights, out)
    }
}
