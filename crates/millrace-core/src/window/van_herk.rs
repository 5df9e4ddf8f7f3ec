//! Van Herk–Gil–Werman block scans, down the columns of a matrix.
//!
//! | requires | time per row | space | first appeared |
//! |---|---|---|---|
//! | a commutative monoid; no inverse | 3 operations on columns and 3 across, all on vectors, amortised | n | van Herk, "A fast algorithm for local minimum and maximum filters on rectangular and octagonal kernels", 1992; Gil & Werman, "Computing 2-D min, median, and max filters", 1993 |
//!
//! The textbook algorithm cuts the rows into blocks of the window's length n. The window that ends
//! j rows into a block is a suffix of the block before it and a prefix of this block; prefixes are
//! scanned as rows come, suffixes when a block is full. Nothing is ever subtracted, so nothing
//! drifts, and an infinity leaves when it leaves the window.
//!
//! A scan is a chain of dependent operations, which here would bind the speed. Two deviations:
//!
//! 1. *Columns.* The rows are a matrix of 4 columns and each column has its own window of
//!    m = ⌊n/4⌋ rows, so a step of the scan is one vector operation on 4 adjacent rows. A window of
//!    4m rows is then the combination of 4 adjacent column windows. This reorders operands, hence
//!    *commutative*.
//! 2. *Remainder.* The newest n mod 4 rows are combined directly, by doubling. A window of fewer
//!    than 8 rows is all remainder.
//!
//! Blocks and columns are anchored at row 0 and the trees over adjacent rows depend on nothing but
//! the row, so each result combines the same operands in the same order however the rows were cut
//! into batches. Rows before the first one count as identities.

use super::lane_scan::{
    Extended, LANES, LOOK_BACK, Lanes, Operation, Scratch, TILE, across, advance, divide, recent,
    turn,
};
use crate::kernel_error::KernelError;
use crate::state::{StateReader, StateWriter};

/// The aggregate of the last `n` rows at each row. Rows must not be NaN for min and max.
#[derive(Debug, Clone)]
pub(super) struct VanHerk<O> {
    /// Rows combined directly.
    remainder: usize,
    /// The rows of this block before `position`, column suffixes of the last block behind it, and
    /// one row of identities; empty when the window is all remainder.
    block: Vec<Lanes>,
    position: usize,
    prefix: Lanes,
    /// The last rows and column windows, in front of where a tile goes.
    rows: Box<Extended>,
    columns: Box<Extended>,
    scratch: Scratch,
    operation: std::marker::PhantomData<O>,
}

/// How many rows of the matrix a window spans, and how many rows remain.
pub(super) fn split_window(window: usize) -> (usize, usize) {
    if window < 2 * LANES {
        (0, window)
    } else {
        (window / LANES, window % LANES)
    }
}

impl<O: Operation> VanHerk<O> {
    /// A window of `window` rows, all identities.
    pub(super) fn new(window: usize) -> Self {
        let (height, remainder) = split_window(window);
        let block = if height == 0 {
            Vec::new()
        } else {
            vec![[O::IDENTITY; LANES]; height + 1]
        };
        Self {
            remainder,
            block,
            position: 0,
            prefix: [O::IDENTITY; LANES],
            rows: Box::new([O::IDENTITY; LOOK_BACK + TILE]),
            columns: Box::new([O::IDENTITY; LOOK_BACK + TILE]),
            scratch: Scratch::default(),
            operation: std::marker::PhantomData,
        }
    }

    /// Moves the window over a tile of at most [`TILE`] rows and writes the aggregate at each,
    /// divided by `divisor` if there is one.
    pub(super) fn push_tile(&mut self, tile: &[f64], divisor: Option<f64>, out: &mut [f64]) {
        let end = LOOK_BACK + tile.len();
        let at_once = divisor.filter(|_| self.remainder == 0);
        if self.block.is_empty() {
            out.fill(O::IDENTITY);
        } else {
            self.push_columns(tile);
            let columns = &self.columns;
            match at_once {
                Some(divisor) => across::<O, true>(columns, 0, divisor, out),
                None => across::<O, false>(columns, self.remainder, 1.0, out),
            }
            self.columns.copy_within(end - LOOK_BACK..end, 0);
        }
        if self.remainder > 0 {
            self.rows[LOOK_BACK..end].copy_from_slice(tile);
            recent::<O>(&self.rows, self.remainder, &mut self.scratch, out);
            self.rows.copy_within(end - LOOK_BACK..end, 0);
            if let Some(divisor) = divisor {
                divide(out, divisor);
            }
        }
    }

    fn push_columns(&mut self, tile: &[f64]) {
        let full = (self.block.len() - 1) * LANES;
        let mut start = 0;
        while start < tile.len() {
            let count = (full - self.position).min(tile.len() - start);
            let columns = &mut self.columns[LOOK_BACK + start..][..count];
            let part = &tile[start..start + count];
            advance::<O>(
                &mut self.block,
                &mut self.prefix,
                self.position,
                part,
                columns,
            );
            self.position += count;
            start += count;
            if self.position == full {
                let (_, rows) = self
                    .block
                    .split_last_mut()
                    .unwrap_or((&mut [0.0; LANES], &mut []));
                turn::<O>(rows);
                self.prefix = [O::IDENTITY; LANES];
                self.position = 0;
            }
        }
    }

    /// Appends the state.
    pub(super) fn write(&self, state: &mut StateWriter) {
        state
            .u64(self.position as u64)
            .f64s(self.block.as_flattened())
            .f64s(&self.prefix);
        state
            .f64s(&self.rows[..LOOK_BACK])
            .f64s(&self.columns[..LOOK_BACK]);
    }

    /// Takes up the state that [`Self::write`] wrote, for the same window.
    pub(super) fn read(&mut self, state: &mut StateReader<'_>) -> Result<(), KernelError> {
        let position = state.u64()? as usize;
        let parts = [state.f64s()?, state.f64s()?, state.f64s()?, state.f64s()?];
        let [block, prefix, rows, columns] = &parts;
        let targets: [&mut [f64]; 4] = [
            self.block.as_flattened_mut(),
            &mut self.prefix,
            &mut self.rows[..LOOK_BACK],
            &mut self.columns[..LOOK_BACK],
        ];
        for (target, part) in targets.into_iter().zip([block, prefix, rows, columns]) {
            if target.len() != part.len() {
                return Err(state.corrupt("the state is of another window"));
            }
            target.copy_from_slice(part);
        }
        if position > 0 && position >= self.block.as_flattened().len().saturating_sub(LANES) {
            return Err(state.corrupt("the position is outside the block"));
        }
        self.position = position;
        Ok(())
    }
}
