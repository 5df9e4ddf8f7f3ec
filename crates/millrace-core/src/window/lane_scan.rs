//! The vector loops of the block-scan windows.
//!
//! Rows are looked at as a matrix of [`LANES`] columns. Everything here works down the columns, so
//! that a vector register holds adjacent rows and nothing is shuffled; written as plain loops over
//! fixed-size arrays, which the compiler turns into vector code for each instruction set. No
//! operation is reordered: the results have the same bits on all of them.

use std::cell::Cell;

use multiversion::multiversion;

/// Columns of the matrix: a register of 256 bits. More would shorten the chains, which other work
/// hides, and lengthen the trees over adjacent columns, which nothing hides.
pub(super) const LANES: usize = 4;
/// Rows before a tile that the loops look back at: two rows of the matrix.
pub(super) const LOOK_BACK: usize = 2 * LANES;
/// Rows handled at once, so that what lies between two loops stays in the second-level cache. Of
/// 512, which the first-level cache holds, a row took 10 % (std) to 18 % (min) longer: each loop
/// over a tile must begin anew, and so must the hardware's reading ahead.
pub(super) const TILE: usize = 2048;

/// A tile with the rows before it.
pub(super) type Extended = [f64; LOOK_BACK + TILE];

/// One row of the matrix.
pub(super) type Lanes = [f64; LANES];

/// A commutative and associative operation on floats with a neutral element.
pub(super) trait Operation: Copy + std::fmt::Debug {
    const IDENTITY: f64;
    fn combine(a: f64, b: f64) -> f64;
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Add;
#[derive(Debug, Clone, Copy)]
pub(super) struct Least;
#[derive(Debug, Clone, Copy)]
pub(super) struct Most;

impl Operation for Add {
    const IDENTITY: f64 = 0.0;
    #[inline(always)]
    fn combine(a: f64, b: f64) -> f64 {
        a + b
    }
}

/// Of numbers only: one machine instruction, where NaN would need four.
impl Operation for Least {
    const IDENTITY: f64 = f64::INFINITY;
    #[inline(always)]
    fn combine(a: f64, b: f64) -> f64 {
        if a < b { a } else { b }
    }
}

impl Operation for Most {
    const IDENTITY: f64 = f64::NEG_INFINITY;
    #[inline(always)]
    fn combine(a: f64, b: f64) -> f64 {
        if a > b { a } else { b }
    }
}

#[inline(always)]
pub(super) fn combine_lanes<O: Operation>(a: &Lanes, b: &Lanes) -> Lanes {
    let mut result = [0.0; LANES];
    for lane in 0..LANES {
        result[lane] = O::combine(a[lane], b[lane]);
    }
    result
}

/// Moves the column windows over `rows`, which lie in one block.
///
/// On entry `block[..position]` holds the rows of this block so far and `block[position..]` the
/// column suffixes of the block before it; one row of identities follows. Row `i` of `columns`
/// receives the aggregate of the `block.len() - 1` rows of its column that end with it.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
pub(super) fn advance<O: Operation>(
    block: &mut [Lanes],
    prefix: &mut Lanes,
    position: usize,
    rows: &[f64],
    columns: &mut [f64],
) {
    let lane = position % LANES;
    let head = if lane == 0 {
        0
    } else {
        (LANES - lane).min(rows.len())
    };
    let (head_rows, rows) = rows.split_at(head);
    let (head_columns, columns) = columns.split_at_mut(head);
    advance_part::<O>(block, prefix, position, head_rows, head_columns);

    let (chunks, tail) = rows.as_chunks::<LANES>();
    let (column_chunks, tail_columns) = columns.as_chunks_mut::<LANES>();
    let start = (position + head) / LANES;
    let mut running = *prefix;
    // Cells, because the loop reads one row ahead of the one it writes.
    let block_part = &mut block[start..start + chunks.len() + 1];
    let block_part = Cell::from_mut(block_part).as_slice_of_cells();
    let steps = block_part
        .iter()
        .zip(&block_part[1..])
        .zip(chunks)
        .zip(column_chunks);
    for (((here, next), chunk), column) in steps {
        running = combine_lanes::<O>(&running, chunk);
        *column = combine_lanes::<O>(&next.get(), &running);
        here.set(*chunk);
    }
    *prefix = running;
    let position = (start + chunks.len()) * LANES;
    advance_part::<O>(block, prefix, position, tail, tail_columns);
}

/// [`advance`] over less than one row of the matrix.
#[inline(always)]
fn advance_part<O: Operation>(
    block: &mut [Lanes],
    prefix: &mut Lanes,
    position: usize,
    rows: &[f64],
    columns: &mut [f64],
) {
    for (index, (&value, column)) in rows.iter().zip(columns).enumerate() {
        let (row, lane) = ((position + index) / LANES, (position + index) % LANES);
        prefix[lane] = O::combine(prefix[lane], value);
        *column = O::combine(block[row + 1][lane], prefix[lane]);
        block[row][lane] = value;
    }
}

/// Turns the rows of a full block into the suffixes of its columns.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
pub(super) fn turn<O: Operation>(block: &mut [Lanes]) {
    let mut suffix = [O::IDENTITY; LANES];
    for row in block.iter_mut().rev() {
        suffix = combine_lanes::<O>(row, &suffix);
        for lane in 0..LANES {
            // Without the addition this is a conditional store, ten times slower.
            row[lane] = suffix[lane] + 0.0;
        }
    }
}

/// Room for what lies between the loops below, kept so that it need not be cleared.
#[derive(Debug, Clone)]
pub(super) struct Scratch(Box<[Extended; 2]>);

impl Default for Scratch {
    fn default() -> Self {
        Self(Box::new([[0.0; LOOK_BACK + TILE]; 2]))
    }
}

/// `pairs[i]` becomes the aggregate of rows `i - width` and `i`, from row `width` to `end`.
#[inline(always)]
fn double<O: Operation>(rows: &Extended, width: usize, end: usize, pairs: &mut Extended) {
    let pairs = &mut pairs[width..end];
    for ((pair, &a), &b) in pairs
        .iter_mut()
        .zip(&rows[..end - width])
        .zip(&rows[width..end])
    {
        *pair = O::combine(a, b);
    }
}

/// The aggregate of `columns[i - delay - 3..=i - delay]`, for `i` from `LOOK_BACK` on: the last
/// rows of the matrix, wherever they begin.
#[inline(always)]
fn last_lanes<O: Operation>(
    columns: &Extended,
    delay: usize,
    rows: usize,
) -> impl Fn(usize) -> f64 {
    let back = |by: usize| &columns[LOOK_BACK - delay - by..][..rows];
    let (c0, c1, c2, c3) = (back(0), back(1), back(2), back(3));
    move |index| {
        let newer = O::combine(c1[index], c0[index]);
        O::combine(O::combine(c3[index], c2[index]), newer) + 0.0
    }
}

/// Combines each row with the `LANES - 1` rows before it, looking `delay` rows back, and divides
/// by `divisor` if `DIVIDE`. Zeros of either sign come out as +0.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
pub(super) fn across<O: Operation, const DIVIDE: bool>(
    columns: &Extended,
    delay: usize,
    divisor: f64,
    out: &mut [f64],
) {
    let whole = last_lanes::<O>(columns, delay, out.len());
    for (index, slot) in out.iter_mut().enumerate() {
        *slot = if DIVIDE {
            whole(index) / divisor
        } else {
            whole(index)
        };
    }
}

/// Combines into `out` the aggregate of the last `count` rows, by doubling: windows of 1, 2 and
/// 4 rows, of which those are taken that the bits of `count` name.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
pub(super) fn recent<O: Operation>(
    rows: &Extended,
    count: usize,
    scratch: &mut Scratch,
    out: &mut [f64],
) {
    let end = LOOK_BACK + out.len();
    let [even, odd] = &mut *scratch.0;
    let mut taken = 0;
    let mut take = |windows: &Extended, width: usize| {
        if count & width != 0 {
            let part = &windows[LOOK_BACK - taken..end - taken];
            for (slot, &value) in out.iter_mut().zip(part) {
                *slot = O::combine(value, *slot) + 0.0;
            }
            taken += width;
        }
    };
    take(rows, 1);
    if count >= 2 {
        double::<O>(rows, 1, end, even);
        take(even, 2);
    }
    if count >= 4 {
        double::<O>(even, 2, end, odd);
        take(odd, 4);
    }
}

/// Divides each row by `divisor`.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
pub(super) fn divide(rows: &mut [f64], divisor: f64) {
    for row in rows {
        *row /= divisor;
    }
}

/// Whether a NaN is among the rows.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
pub(super) fn has_nan(rows: &[f64]) -> bool {
    rows.iter()
        .fold(0_u64, |found, row| found | u64::from(row.is_nan()))
        != 0
}
