//! Prefix sums of d and d², and the variances of windows as differences of them.
//!
//! The vector loops of [`prefix_moments`](super::prefix_moments): as in
//! [`lane_scan`](super::lane_scan), plain loops over slices, none of which reorders operations.

use multiversion::multiversion;

use super::lane_scan::{Extended, LANES, LOOK_BACK, Lanes, TILE};
use super::merged_moments::is_missing;
use crate::kernel_error::KernelError;
use crate::state::{StateReader, StateWriter};

/// The share of n·Σd² that must be left for a result to be taken.
const SOUND: f64 = 1.0 / 64.0;

/// How a variance is made of the moments of a window.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deviation {
    pub(super) ddof: u32,
    pub(super) root: bool,
}

/// Sums of d and d² up to each row of the window; row `i` at `i mod n`.
#[derive(Debug, Clone)]
pub(super) struct PrefixSums {
    first: Vec<f64>,
    second: Vec<f64>,
    /// The running sums of [`LANES`] columns: these shorten the chain of dependent additions to a
    /// quarter.
    columns: Columns,
    /// The running sums of its column and of that before at each row of a tile, and of the rows before
    /// it: two of these, two rows apart, make the sum over all columns.
    first_pairs: Box<Extended>,
    second_pairs: Box<Extended>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Columns {
    first: Lanes,
    second: Lanes,
    /// The column of the next row.
    next: usize,
}

impl PrefixSums {
    pub(super) fn new(window: usize) -> Self {
        Self {
            first: vec![0.0; window],
            second: vec![0.0; window],
            columns: Columns::default(),
            first_pairs: Box::new([0.0; LOOK_BACK + TILE]),
            second_pairs: Box::new([0.0; LOOK_BACK + TILE]),
        }
    }

    /// Rows of the window.
    pub(super) fn window(&self) -> usize {
        self.first.len()
    }

    /// Begins at nothing.
    pub(super) fn clear(&mut self) {
        self.columns = Columns::default();
        self.first_pairs[..LOOK_BACK].fill(0.0);
        self.second_pairs[..LOOK_BACK].fill(0.0);
    }

    /// Runs the columns on over at most [`TILE`] rows.
    pub(super) fn scan(&mut self, rows: &[f64], shift: f64, gaps: bool) {
        let first = &mut self.first_pairs[LOOK_BACK..LOOK_BACK + rows.len()];
        let second = &mut self.second_pairs[LOOK_BACK..LOOK_BACK + rows.len()];
        if gaps {
            sum_columns::<true>(rows, shift, &mut self.columns, first, second);
        } else {
            sum_columns::<false>(rows, shift, &mut self.columns, first, second);
        }
    }

    /// The results at `rows` rows that were scanned, the first of which goes to `place`; whether
    /// all are sound. The others are NaN.
    pub(super) fn slide(
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
            let first_pairs = &self.first_pairs[start..];
            let second_pairs = &self.second_pairs[start..];
            let out = &mut out[start..start + count];
            sound &= match counts {
                None => {
                    let count = window as f64;
                    deviations(
                        first_pairs,
                        second_pairs,
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
                        first_pairs,
                        second_pairs,
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
        self.keep_pairs(rows);
        sound
    }

    /// The prefix sums of rows, at `place` and after.
    pub(super) fn replace(&mut self, place: usize, rows: &[f64], shift: f64) {
        let mut place = place;
        for tile in rows.chunks(TILE) {
            self.scan(tile, shift, true);
            let range = place..place + tile.len();
            totals(&self.first_pairs, &mut self.first[range.clone()]);
            totals(&self.second_pairs, &mut self.second[range]);
            self.keep_pairs(tile.len());
            place += tile.len();
        }
    }

    /// Keeps the last of `rows` pairs in front of those to come.
    fn keep_pairs(&mut self, rows: usize) {
        self.first_pairs.copy_within(rows..rows + LOOK_BACK, 0);
        self.second_pairs.copy_within(rows..rows + LOOK_BACK, 0);
    }

    /// The sums of d and d² of the rows after that at `place`, and that of d² of all.
    pub(super) fn since(&self, place: usize) -> ([f64; 2], f64) {
        let total = self.columns.second.iter().sum::<f64>();
        let first = self.columns.first.iter().sum::<f64>() - self.first[place];
        ([first, total - self.second[place]], total)
    }

    pub(super) fn write(&self, state: &mut StateWriter) {
        state
            .u64(self.columns.next as u64)
            .f64s(&self.first)
            .f64s(&self.second)
            .f64s(&self.columns.first)
            .f64s(&self.columns.second)
            .f64s(&self.first_pairs[..LOOK_BACK])
            .f64s(&self.second_pairs[..LOOK_BACK]);
    }

    pub(super) fn read(&mut self, state: &mut StateReader<'_>) -> Result<(), KernelError> {
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
            &mut self.first_pairs[..LOOK_BACK],
            &mut self.second_pairs[..LOOK_BACK],
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

/// Runs the sums of the columns on over `rows`; `first` and `second` receive those of its own
/// column and the one before at each row.
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
    sum_rows::<GAPS>(head_rows, shift, columns, first_head, second_head);

    let (chunks, tail) = rows.as_chunks::<LANES>();
    let (first_chunks, first_tail) = first.as_chunks_mut::<LANES>();
    let (second_chunks, second_tail) = second.as_chunks_mut::<LANES>();
    let (mut sums, mut squares) = (columns.first, columns.second);
    for ((chunk, first), second) in chunks.iter().zip(first_chunks).zip(second_chunks) {
        let (sum_before, square_before) = (sums[LANES - 1], squares[LANES - 1]);
        // Plain loops: functions over arrays are not always inlined here.
        for lane in 0..LANES {
            let distance = distance::<GAPS>(chunk[lane], shift);
            sums[lane] += distance;
            squares[lane] += distance * distance;
        }
        *first = pairs(sum_before, &sums);
        *second = pairs(square_before, &squares);
    }
    (columns.first, columns.second) = (sums, squares);
    sum_rows::<GAPS>(tail, shift, columns, first_tail, second_tail);
}

/// The sums of neighbouring columns, of which `before` stands in front of the first.
#[inline(always)]
fn pairs(before: f64, [a, b, c, d]: &Lanes) -> Lanes {
    [before + a, a + b, b + c, c + d]
}

/// [`sum_columns`] of less than one row of each column.
#[inline(always)]
fn sum_rows<const GAPS: bool>(
    rows: &[f64],
    shift: f64,
    columns: &mut Columns,
    first: &mut [f64],
    second: &mut [f64],
) {
    for ((&row, first), second) in rows.iter().zip(first).zip(second) {
        let lane = columns.next;
        let distance = distance::<GAPS>(row, shift);
        columns.first[lane] += distance;
        columns.second[lane] += distance * distance;
        let before = (lane + LANES - 1) % LANES;
        *first = columns.first[before] + columns.first[lane];
        *second = columns.second[before] + columns.second[lane];
        columns.next = (lane + 1) % LANES;
    }
}

/// The pairs at `rows` rows, after those of the [`LOOK_BACK`] rows before, and the pairs two rows
/// before each: together the sums over all columns.
#[inline(always)]
fn halves(pairs: &[f64], rows: usize) -> (&[f64], &[f64]) {
    let back = |by: usize| &pairs[LOOK_BACK - by..][..rows];
    (back(2), back(0))
}

#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
fn totals(pairs: &Extended, out: &mut [f64]) {
    let (older, newer) = halves(pairs, out.len());
    for ((slot, older), newer) in out.iter_mut().zip(older).zip(newer) {
        *slot = older + newer;
    }
}

/// The results of windows whose oldest rows fall out of the prefix sums `first` and `second`,
/// which the new ones replace; NaN where too much was lost. `weights` are the number of rows and
/// what n² times the variance is multiplied by.
///
/// The slices come one by one, for the compiler takes those in a tuple for overlapping.
#[inline(always)]
fn deviate<const ROOT: bool>(
    first_pairs: &[f64],
    second_pairs: &[f64],
    first: &mut [f64],
    second: &mut [f64],
    weights: impl Fn(usize) -> (f64, f64),
    out: &mut [f64],
) -> bool {
    let rows = out.len();
    let (first_older, first_newer) = halves(first_pairs, rows);
    let (second_older, second_newer) = halves(second_pairs, rows);
    let (first, second) = (&mut first[..rows], &mut second[..rows]);
    let mut unsound = 0_u64;
    // By index: of slices of one length known here, none is checked in the loop.
    for row in 0..rows {
        let sum = first_older[row] + first_newer[row];
        let squares = second_older[row] + second_newer[row];
        let (sum_of_window, squares_of_window) = (sum - first[row], squares - second[row]);
        first[row] = sum;
        second[row] = squares;
        let (count, scale) = weights(row);
        let spread = count * squares_of_window - sum_of_window * sum_of_window;
        // False for NaN too, which infinite sums give.
        let sound = spread >= count * SOUND * squares;
        let variance = spread * scale;
        let result = if ROOT { variance.sqrt() } else { variance };
        out[row] = if sound { result } else { f64::NAN };
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
    first_pairs: &[f64],
    second_pairs: &[f64],
    first: &mut [f64],
    second: &mut [f64],
    count: f64,
    Deviation { ddof, root }: Deviation,
    out: &mut [f64],
) -> bool {
    let scale = scale(count, ddof);
    let weights = |_| (count, scale);
    if root {
        deviate::<true>(first_pairs, second_pairs, first, second, weights, out)
    } else {
        deviate::<false>(first_pairs, second_pairs, first, second, weights, out)
    }
}

/// The results of windows of which some rows are missing; whether all are sound.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
fn counted_deviations(
    first_pairs: &[f64],
    second_pairs: &[f64],
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
        deviate::<true>(first_pairs, second_pairs, first, second, weights, out)
    } else {
        deviate::<false>(first_pairs, second_pairs, first, second, weights, out)
    }
}
