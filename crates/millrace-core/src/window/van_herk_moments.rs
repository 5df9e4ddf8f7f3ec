//! Block scans of the sums of d and d² around a shift, for the variance of a window.
//!
//! | requires | time per row | space |
//! |---|---|---|
//! | numbers | two [`VanHerk`](super::van_herk) windows; where a window is ill-conditioned, one merge of [`Moments`], amortised | 3n, and 3n more from the first ill-conditioned window on |
//!
//! The sums run over d = x − shift. Every [`EPOCH`] rows, at the end of a block, the shift becomes
//! the row that ended it: the suffixes of that block are scanned anew around it anyway, so all sums
//! of a window have one shift. Around a nearby shift n·Σd² − (Σd)² loses next to nothing, and
//! whole numbers give exact sums.
//!
//! Each result says itself how much it lost: the difference against n·Σd². Where more than 6 bits
//! went (a level shift, an outlier as shift, a constant window, anything not finite), the window
//! is computed again by merging moments (Chan, Golub & LeVeque 1979) of a suffix and a prefix of
//! blocks of n rows, which are scanned when first wanted. That choice depends on the window only,
//! so results do not depend on how the rows were cut into batches.

use std::cell::Cell;

use multiversion::multiversion;

use super::lane_scan::{
    Add, Extended, LANES, LOOK_BACK, Lanes, Scratch, TILE, across, across_deviations,
    combine_lanes, is_sound, recent,
};
use super::van_herk::split_window;
use crate::aggregate::Moments;
use crate::kernel_error::KernelError;
use crate::state::{StateReader, StateWriter};

/// Rows after which the shift may change.
const EPOCH: usize = 1024;
/// What a missing row holds: a NaN that no arithmetic produces. Rows that are NaN come in as
/// [`f64::NAN`].
pub(super) const MISSING: f64 = f64::from_bits(0x7ff8_6e75_6c6c_0001);

#[inline(always)]
fn is_missing(value: f64) -> bool {
    value.to_bits() == MISSING.to_bits()
}

/// How a variance is made of the moments of a window.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deviation {
    pub(super) ddof: u32,
    pub(super) root: bool,
}

/// The sums of d and of d².
#[derive(Debug, Clone, Copy, Default)]
struct Powers {
    first: Lanes,
    second: Lanes,
}

impl Powers {
    #[inline(always)]
    fn add<const GAPS: bool>(&mut self, row: &Lanes, shift: f64) {
        let distances = row.map(|value| distance::<GAPS>(value, shift));
        for (sum, distance) in self.first.iter_mut().zip(distances) {
            *sum += distance;
        }
        for (sum, distance) in self.second.iter_mut().zip(distances) {
            *sum += distance * distance;
        }
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

/// The variance of the last `n` rows at each row.
#[derive(Debug, Clone)]
pub(super) struct VanHerkMoments {
    window: usize,
    remainder: usize,
    /// Suffixes of the columns of the last block, and one row of zeros.
    first: Vec<Lanes>,
    second: Vec<Lanes>,
    prefix: Powers,
    position: usize,
    /// The last row of the matrix of the block before this one.
    last_row: Lanes,
    shift: Option<f64>,
    epoch_left: usize,
    /// The last `n` rows, row `i` at `i mod n`, and where the next one goes.
    history: Vec<f64>,
    next: usize,
    rows: [f64; LOOK_BACK],
    first_columns: Box<Extended>,
    second_columns: Box<Extended>,
    /// Rows since the last one that was missing.
    rows_without_gap: usize,
    scratch: Scratch,
    stable: Stable,
}

/// Moments of the suffixes of the last `n`-block and of the prefix of this one, as far as wanted.
///
/// Each scan is around the first number it meets: the mean of rows far from zero would be rounded
/// more coarsely than the rows differ.
#[derive(Debug, Clone, Default)]
struct Stable {
    /// Empty unless scanned since the block began.
    suffixes: Vec<Moments>,
    suffix_shift: Option<f64>,
    prefix: Moments,
    prefix_shift: Option<f64>,
    prefix_rows: usize,
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

impl VanHerkMoments {
    /// A window of `window` missing rows.
    pub(super) fn new(window: usize) -> Self {
        let (height, remainder) = split_window(window);
        let sums = if height == 0 {
            Vec::new()
        } else {
            vec![[0.0; LANES]; height + 1]
        };
        let mut new = Self {
            window,
            remainder,
            first: sums.clone(),
            second: sums,
            prefix: Powers::default(),
            position: 0,
            last_row: [MISSING; LANES],
            shift: None,
            epoch_left: 0,
            history: vec![MISSING; window],
            next: 0,
            rows: [MISSING; LOOK_BACK],
            first_columns: Box::new([0.0; LOOK_BACK + TILE]),
            second_columns: Box::new([0.0; LOOK_BACK + TILE]),
            rows_without_gap: 0,
            scratch: Scratch::default(),
            stable: Stable::default(),
        };
        new.epoch_left = new.epoch();
        new
    }

    /// Whether a row that is still held may be missing. Only says which loop is run.
    fn gaps(&self) -> bool {
        self.rows_without_gap < 2 * self.window
    }

    /// Rows in a block.
    fn block(&self) -> usize {
        self.first.len().saturating_sub(1) * LANES
    }

    /// Whole blocks of at least [`EPOCH`] rows.
    fn epoch(&self) -> usize {
        match self.block() {
            0 => EPOCH,
            block => EPOCH.div_ceil(block) * block,
        }
    }

    /// Moves the window over a tile of at most [`TILE`] rows, missing ones marked if there are
    /// `gaps`, and writes the result at each. `counts` says how many rows of each window are there, `None` that all are.
    /// A result is NaN where it is undefined.
    pub(super) fn push_tile(
        &mut self,
        tile: &[f64],
        gaps: bool,
        counts: Option<&[f64]>,
        deviation: Deviation,
        out: &mut [f64],
    ) {
        if gaps {
            self.rows_without_gap = 0;
        }
        if self.shift.is_none() {
            // So far there was nothing, or nothing finite: the sums do not depend on the shift.
            self.shift = tile.iter().copied().find(|value| value.is_finite());
        }
        let mut start = 0;
        while start < tile.len() {
            let count = self.epoch_left.min(tile.len() - start);
            let range = start..start + count;
            let counts = counts.map(|counts| &counts[range.clone()]);
            self.push_within_epoch(&tile[range.clone()], counts, deviation, &mut out[range]);
            start += count;
        }
        self.rows_without_gap = self.rows_without_gap.saturating_add(tile.len());
    }

    fn push_within_epoch(
        &mut self,
        tile: &[f64],
        counts: Option<&[f64]>,
        deviation: Deviation,
        out: &mut [f64],
    ) {
        self.epoch_left -= tile.len();
        if !self.first.is_empty() {
            self.push_columns(tile);
        }
        // The sums themselves are only wanted where something remains to be done with them.
        let sound = if self.remainder == 0 && counts.is_none() {
            let (first, second) = (&self.first_columns, &self.second_columns);
            let (count, ddof) = (self.window as f64, f64::from(deviation.ddof));
            match deviation.root {
                true => across_deviations::<true>(first, second, count, ddof, out),
                false => across_deviations::<false>(first, second, count, ddof, out),
            }
        } else {
            let [first, second] = &self.sums(tile);
            let (first, second) = (&first[..tile.len()], &second[..tile.len()]);
            match counts {
                None => deviations(first, second, self.window as f64, deviation, out),
                Some(counts) => counted_deviations(first, second, counts, deviation, out),
            }
        };
        let sums = (!sound).then(|| self.sums(tile));
        self.keep_rows(tile);
        match sums {
            None => self.remember(tile),
            Some(sums) => self.mend(tile, &sums, counts, deviation, out),
        }
        if !self.first.is_empty() {
            let newest = tile.len()..tile.len() + LOOK_BACK;
            self.first_columns.copy_within(newest.clone(), 0);
            self.second_columns.copy_within(newest, 0);
        }
        if self.epoch_left == 0 {
            self.begin_epoch();
        }
    }

    /// The sums of d and d² of the window of each row of a tile whose columns are pushed.
    fn sums(&mut self, tile: &[f64]) -> [[f64; TILE]; 2] {
        let mut sums = [[0.0; TILE]; 2];
        let [first, second] = &mut sums;
        let (first, second) = (&mut first[..tile.len()], &mut second[..tile.len()]);
        let scratch = &mut self.scratch;
        if !self.first.is_empty() {
            across::<Add, false>(&self.first_columns, self.remainder, 1.0, first);
            across::<Add, false>(&self.second_columns, self.remainder, 1.0, second);
        }
        if self.remainder > 0 {
            let shift = self.shift.unwrap_or(0.0);
            let mut distances = [0.0; LOOK_BACK + TILE];
            for (slot, &value) in distances.iter_mut().zip(self.rows.iter().chain(tile)) {
                *slot = distance::<true>(value, shift);
            }
            recent::<Add>(&distances, self.remainder, scratch, first);
            for slot in &mut distances {
                *slot *= *slot;
            }
            recent::<Add>(&distances, self.remainder, scratch, second);
        }
        sums
    }

    fn push_columns(&mut self, tile: &[f64]) {
        let block = self.block();
        let gaps = self.gaps();
        let shift = self.shift.unwrap_or(0.0);
        let mut start = 0;
        while start < tile.len() {
            if self.position == block {
                self.turn(shift);
            }
            let count = (block - self.position).min(tile.len() - start);
            let range = LOOK_BACK + start..LOOK_BACK + start + count;
            let advance = if gaps {
                advance::<true>
            } else {
                advance::<false>
            };
            advance(
                (&mut self.first, &self.second),
                &mut self.prefix,
                self.position,
                shift,
                &tile[start..start + count],
                (
                    &mut self.first_columns[range.clone()],
                    &mut self.second_columns[range],
                ),
            );
            self.position += count;
            start += count;
        }
    }

    /// Begins the next block around `shift`; the sums of its columns, without and with the last
    /// row.
    fn turn(&mut self, shift: f64) -> [Powers; 2] {
        let gaps = self.gaps();
        let (Some((_, first)), Some((_, second))) =
            (self.first.split_last_mut(), self.second.split_last_mut())
        else {
            return [Powers::default(); 2];
        };
        self.last_row = first.last().copied().unwrap_or([MISSING; LANES]);
        self.prefix = Powers::default();
        self.position = 0;
        if gaps {
            turn::<true>(first, second, shift)
        } else {
            turn::<false>(first, second, shift)
        }
    }

    /// Takes the last row as shift, if it is a number, for all that windows to come will need.
    fn begin_epoch(&mut self) {
        let newest = self.rows[LOOK_BACK - 1];
        if newest.is_finite() {
            self.shift = Some(newest);
        }
        self.epoch_left = self.epoch();
        if self.first.is_empty() {
            return;
        }
        let shift = self.shift.unwrap_or(0.0);
        // The columns that the next rows look back at: the one of the last row spans this block,
        // the one before it all rows but the last and one of the block before.
        let mut before = Powers::default();
        before.add::<true>(&self.last_row, shift);
        let [but_last, whole] = self.turn(shift);
        for lane in 0..LANES {
            self.first_columns[lane] = but_last.first[lane] + before.first[lane];
            self.second_columns[lane] = but_last.second[lane] + before.second[lane];
        }
        self.first_columns[LANES..LOOK_BACK].copy_from_slice(&whole.first);
        self.second_columns[LANES..LOOK_BACK].copy_from_slice(&whole.second);
    }

    /// Keeps the rows of a tile whose results all stand.
    fn remember(&mut self, tile: &[f64]) {
        let mut rest = tile;
        while !rest.is_empty() {
            let count = (self.window - self.next).min(rest.len());
            let (part, after) = rest.split_at(count);
            self.history[self.next..self.next + count].copy_from_slice(part);
            self.step(count);
            rest = after;
        }
    }

    fn step(&mut self, rows: usize) {
        self.next += rows;
        if self.next == self.window {
            self.next = 0;
            let mut suffixes = std::mem::take(&mut self.stable.suffixes);
            suffixes.clear();
            self.stable = Stable {
                suffixes,
                ..Stable::default()
            };
        }
    }

    /// Keeps the rows of a tile and computes again what is ill-conditioned.
    #[cold]
    fn mend(
        &mut self,
        tile: &[f64],
        [first, second]: &[[f64; TILE]; 2],
        counts: Option<&[f64]>,
        deviation: Deviation,
        out: &mut [f64],
    ) {
        for (index, &value) in tile.iter().enumerate() {
            self.history[self.next] = value;
            let count = counts.map_or(self.window as f64, |counts| counts[index]);
            if !is_sound(count, first[index], second[index]).1 {
                let moments = self.stable_moments();
                let variance = moments.variance(deviation.ddof).unwrap_or(f64::NAN);
                out[index] = if deviation.root {
                    variance.sqrt()
                } else {
                    variance
                };
            }
            self.step(1);
        }
    }

    /// The moments of the window that ends with the row at `next`.
    fn stable_moments(&mut self) -> Moments {
        let (next, stable) = (self.next, &mut self.stable);
        for &value in &self.history[stable.prefix_rows..=next] {
            stable.prefix = with_row(stable.prefix, &mut stable.prefix_shift, value);
        }
        stable.prefix_rows = next + 1;
        if stable.suffixes.is_empty() {
            stable.suffixes.resize(self.window + 1, Moments::default());
            for index in (next + 1..self.window).rev() {
                let suffix = stable.suffixes[index + 1];
                stable.suffixes[index] =
                    with_row(suffix, &mut stable.suffix_shift, self.history[index]);
            }
        }
        let mut suffix = stable.suffixes[next + 1];
        if let (Some(from), Some(to)) = (stable.suffix_shift, stable.prefix_shift) {
            suffix.mean += from - to;
        }
        suffix.merge(stable.prefix)
    }

    /// Appends the state; what [`Stable`] holds follows from it.
    pub(super) fn write(&self, state: &mut StateWriter) {
        state
            .u64(self.position as u64)
            .u64(self.epoch_left as u64)
            .u64(self.next as u64);
        state
            .bools(&[self.shift.is_some()])
            .f64(self.shift.unwrap_or_default());
        state
            .f64s(self.first.as_flattened())
            .f64s(self.second.as_flattened());
        state.f64s(&self.prefix.first).f64s(&self.prefix.second);
        state
            .f64s(&self.last_row)
            .f64s(&self.history)
            .f64s(&self.rows);
        state
            .f64s(&self.first_columns[..LOOK_BACK])
            .f64s(&self.second_columns[..LOOK_BACK]);
    }

    /// Takes up the state that [`Self::write`] wrote, for the same window.
    pub(super) fn read(&mut self, state: &mut StateReader<'_>) -> Result<(), KernelError> {
        let position = state.u64()? as usize;
        let epoch_left = state.u64()? as usize;
        let next = state.u64()? as usize;
        if position > self.block()
            || next >= self.window
            || !(1..=self.epoch()).contains(&epoch_left)
        {
            return Err(state.corrupt("a position is outside the window"));
        }
        let shifted = state.bools()? == [true];
        let shift = state.f64()?;
        let targets: [&mut [f64]; 9] = [
            self.first.as_flattened_mut(),
            self.second.as_flattened_mut(),
            &mut self.prefix.first,
            &mut self.prefix.second,
            &mut self.last_row,
            &mut self.history,
            &mut self.rows,
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
        self.position = position;
        self.epoch_left = epoch_left;
        self.next = next;
        self.shift = shifted.then_some(shift);
        self.rows_without_gap = 0;
        self.stable = Stable::default();
        Ok(())
    }

    fn keep_rows(&mut self, tile: &[f64]) {
        if tile.len() >= LOOK_BACK {
            self.rows.copy_from_slice(&tile[tile.len() - LOOK_BACK..]);
        } else {
            self.rows.copy_within(tile.len().., 0);
            self.rows[LOOK_BACK - tile.len()..].copy_from_slice(tile);
        }
    }
}

/// Moves both column windows over `rows`, which lie in one block, as
/// [`lane_scan::advance`](super::lane_scan::advance) does for one. The rows themselves go where
/// the suffixes of d were.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
fn advance<const GAPS: bool>(
    (first, second): (&mut [Lanes], &[Lanes]),
    prefix: &mut Powers,
    position: usize,
    shift: f64,
    rows: &[f64],
    (first_columns, second_columns): (&mut [f64], &mut [f64]),
) {
    let head = (position.next_multiple_of(LANES) - position).min(rows.len());
    let (head_rows, rows) = rows.split_at(head);
    let (first_head, first_columns) = first_columns.split_at_mut(head);
    let (second_head, second_columns) = second_columns.split_at_mut(head);
    advance_part(
        (first, second),
        prefix,
        position,
        shift,
        head_rows,
        (first_head, second_head),
    );

    let (chunks, tail) = rows.as_chunks::<LANES>();
    let (first_chunks, first_tail) = first_columns.as_chunks_mut::<LANES>();
    let (second_chunks, second_tail) = second_columns.as_chunks_mut::<LANES>();
    let start = (position + head) / LANES;
    let rows_of_block = start..start + chunks.len() + 1;
    let first_part = &mut first[rows_of_block.clone()];
    let first_part = Cell::from_mut(first_part).as_slice_of_cells();
    let second_part = &second[rows_of_block];
    let mut running = *prefix;
    let suffixes = first_part[1..].iter().zip(&second_part[1..]);
    let columns = first_chunks.iter_mut().zip(second_chunks);
    let steps = first_part.iter().zip(suffixes).zip(chunks).zip(columns);
    for (((here, suffix), chunk), column) in steps {
        running.add::<GAPS>(chunk, shift);
        *column.0 = combine_lanes::<Add>(&suffix.0.get(), &running.first);
        *column.1 = combine_lanes::<Add>(suffix.1, &running.second);
        here.set(*chunk);
    }
    *prefix = running;
    let position = (start + chunks.len()) * LANES;
    advance_part(
        (first, second),
        prefix,
        position,
        shift,
        tail,
        (first_tail, second_tail),
    );
}

/// [`advance`] over less than one row of the matrix.
#[inline(always)]
fn advance_part(
    (first, second): (&mut [Lanes], &[Lanes]),
    prefix: &mut Powers,
    position: usize,
    shift: f64,
    rows: &[f64],
    (first_columns, second_columns): (&mut [f64], &mut [f64]),
) {
    for (index, &value) in rows.iter().enumerate() {
        let (row, lane) = ((position + index) / LANES, (position + index) % LANES);
        let distance = distance::<true>(value, shift);
        prefix.first[lane] += distance;
        prefix.second[lane] += distance * distance;
        first_columns[index] = first[row + 1][lane] + prefix.first[lane];
        second_columns[index] = second[row + 1][lane] + prefix.second[lane];
        first[row][lane] = value;
    }
}

/// Turns the rows of a full block, held in `first`, into the suffixes of its columns around
/// `shift`; returns the sums of whole columns, without and with their last row.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
fn turn<const GAPS: bool>(first: &mut [Lanes], second: &mut [Lanes], shift: f64) -> [Powers; 2] {
    let mut whole = Powers::default();
    let mut but_last = Powers::default();
    let mut rows = first.iter_mut().zip(second).rev();
    if let Some((first, second)) = rows.next() {
        whole.add::<GAPS>(first, shift);
        (*first, *second) = (whole.first, whole.second);
    }
    for (first, second) in rows {
        let row = *first;
        whole.add::<GAPS>(&row, shift);
        but_last.add::<GAPS>(&row, shift);
        (*first, *second) = (whole.first, whole.second);
    }
    [but_last, whole]
}

/// The results of full windows; whether all are sound.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
fn deviations(
    first: &[f64],
    second: &[f64],
    count: f64,
    deviation: Deviation,
    out: &mut [f64],
) -> bool {
    let scale = 1.0 / (count * (count - f64::from(deviation.ddof)));
    let mut unsound = 0_u64;
    if deviation.root {
        for ((slot, &first), &second) in out.iter_mut().zip(first).zip(second) {
            let (spread, sound) = is_sound(count, first, second);
            *slot = (spread * scale).sqrt();
            unsound |= u64::from(!sound);
        }
    } else {
        for ((slot, &first), &second) in out.iter_mut().zip(first).zip(second) {
            let (spread, sound) = is_sound(count, first, second);
            *slot = spread * scale;
            unsound |= u64::from(!sound);
        }
    }
    unsound == 0
}

/// The results of windows of which some rows are missing; whether all are sound.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
fn counted_deviations(
    first: &[f64],
    second: &[f64],
    counts: &[f64],
    deviation: Deviation,
    out: &mut [f64],
) -> bool {
    let ddof = f64::from(deviation.ddof);
    let mut all_sound = true;
    for (index, slot) in out.iter_mut().enumerate() {
        let count = counts[index];
        let (spread, sound) = is_sound(count, first[index], second[index]);
        // Scaled as a full window is, for a row must not know whether its tile was full.
        let variance = spread * (1.0 / (count * (count - ddof)));
        let variance = if count > ddof { variance } else { f64::NAN };
        *slot = if deviation.root {
            variance.sqrt()
        } else {
            variance
        };
        all_sound &= sound;
    }
    all_sound
}
