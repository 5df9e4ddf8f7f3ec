//! Passes over a part of a block of floats, at vector speed.
//!
//! Row `i` of a block goes to accumulator `i mod LANES`, so the compiler can keep the lanes in vector
//! registers without reordering an addition. A pass may have a mask: all ones for a row that counts,
//! zero for one that does not. A row that does not count adds nothing and is never chosen.

use multiversion::multiversion;

/// Rows per block: 8 KiB, so the passes of one block find it in the first-level cache.
pub(crate) const BLOCK: usize = 1024;
/// Independent accumulators: enough vectors in flight to hide the latency of an addition.
pub(crate) const LANES: usize = 32;
/// Accumulators of a choice, whose latency is shorter.
const CHOICES: usize = 16;

/// Rows of a block, and which of them count.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rows<'a> {
    pub(crate) values: &'a [f64],
    /// All ones or zero for each row; all rows count without.
    pub(crate) mask: Option<&'a [u64]>,
}

impl Rows<'_> {
    /// Whether a row counts.
    pub(crate) fn counts(&self, row: usize) -> bool {
        self.mask.is_none_or(|mask| mask[row] != 0)
    }

    /// How many rows count.
    pub(crate) fn count(&self) -> usize {
        self.mask.map_or(self.values.len(), |mask| {
            mask.iter().map(|&keep| (keep & 1) as usize).sum()
        })
    }

    /// Adds the rows to the lanes, from row `at` of the block on.
    pub(crate) fn sum(&self, sums: &mut [f64; LANES], at: usize) {
        match self.mask {
            None => sum_all(sums, at, self.values),
            Some(mask) => sum_kept(sums, at, self.values, mask),
        }
    }

    /// The smallest number, NaN left aside; infinity for none.
    pub(crate) fn min(&self) -> f64 {
        match self.mask {
            None => min_all(self.values),
            Some(mask) => min_kept(self.values, mask),
        }
    }

    /// The largest number, NaN left aside; negative infinity for none.
    pub(crate) fn max(&self) -> f64 {
        match self.mask {
            None => max_all(self.values),
            Some(mask) => max_kept(self.values, mask),
        }
    }

    /// Whether a NaN counts.
    pub(crate) fn has_nan(&self) -> bool {
        let nans = self.values.iter().enumerate();
        nans.filter(|(_, value)| value.is_nan())
            .any(|(row, _)| self.counts(row))
    }

    /// Adds the distances from `shift`, and their squares, to the lanes.
    pub(crate) fn powers(&self, powers: [&mut [f64; LANES]; 2], at: usize, shift: f64) {
        let [first, second] = powers;
        match self.mask {
            None => powers_all(first, second, at, shift, self.values),
            Some(mask) => powers_kept(first, second, at, shift, self.values, mask),
        }
    }
}

/// The value where it is kept, else zero.
#[inline(always)]
pub(crate) fn kept(value: f64, keep: u64) -> f64 {
    f64::from_bits(value.to_bits() & keep)
}

/// The value where it is kept, else `fill`.
#[inline(always)]
fn kept_or(value: f64, keep: u64, fill: f64) -> f64 {
    f64::from_bits((value.to_bits() & keep) | (fill.to_bits() & !keep))
}

/// Folds lanes pairwise: halves onto halves.
pub(crate) fn fold(lanes: &[f64; LANES]) -> f64 {
    let mut lanes = *lanes;
    let mut width = LANES / 2;
    while width > 0 {
        for lane in 0..width {
            lanes[lane] += lanes[lane + width];
        }
        width /= 2;
    }
    lanes[0]
}

/// Splits a chunk that starts at row `at` of its block into the rest of a begun run of lanes, whole
/// runs, and the begin of the next. The first of the results is the lane of the first row.
#[inline(always)]
pub(crate) fn aligned<T>(at: usize, chunk: &[T]) -> (usize, &[T], &[[T; LANES]], &[T]) {
    let lane = at % LANES;
    let head = if lane == 0 {
        0
    } else {
        (LANES - lane).min(chunk.len())
    };
    let (head, rest) = chunk.split_at(head);
    let (runs, tail) = rest.as_chunks();
    (lane, head, runs, tail)
}

#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
fn sum_all(sums: &mut [f64; LANES], at: usize, chunk: &[f64]) {
    let (lane, head, runs, tail) = aligned(at, chunk);
    for (sum, value) in sums[lane..].iter_mut().zip(head) {
        *sum += value;
    }
    let mut local = *sums;
    for run in runs {
        for (sum, value) in local.iter_mut().zip(run) {
            *sum += value;
        }
    }
    *sums = local;
    for (sum, value) in sums.iter_mut().zip(tail) {
        *sum += value;
    }
}

#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
fn sum_kept(sums: &mut [f64; LANES], at: usize, chunk: &[f64], mask: &[u64]) {
    let (lane, head, runs, tail) = aligned(at, chunk);
    let (_, head_mask, run_masks, tail_mask) = aligned(at, mask);
    for ((sum, &value), &keep) in sums[lane..].iter_mut().zip(head).zip(head_mask) {
        *sum += kept(value, keep);
    }
    let mut local = *sums;
    for (run, mask) in runs.iter().zip(run_masks) {
        for lane in 0..LANES {
            local[lane] += kept(run[lane], mask[lane]);
        }
    }
    *sums = local;
    for ((sum, &value), &keep) in sums.iter_mut().zip(tail).zip(tail_mask) {
        *sum += kept(value, keep);
    }
}

#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
fn powers_all(
    first: &mut [f64; LANES],
    second: &mut [f64; LANES],
    at: usize,
    shift: f64,
    chunk: &[f64],
) {
    let (lane, head, runs, tail) = aligned(at, chunk);
    let (mut sums, mut squares) = (*first, *second);
    for (index, value) in head.iter().enumerate() {
        let distance = value - shift;
        sums[lane + index] += distance;
        squares[lane + index] += distance * distance;
    }
    for run in runs {
        for lane in 0..LANES {
            let distance = run[lane] - shift;
            sums[lane] += distance;
            squares[lane] += distance * distance;
        }
    }
    for (index, value) in tail.iter().enumerate() {
        let distance = value - shift;
        sums[index] += distance;
        squares[index] += distance * distance;
    }
    (*first, *second) = (sums, squares);
}

#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
fn powers_kept(
    first: &mut [f64; LANES],
    second: &mut [f64; LANES],
    at: usize,
    shift: f64,
    chunk: &[f64],
    mask: &[u64],
) {
    let (lane, head, runs, tail) = aligned(at, chunk);
    let (_, head_mask, run_masks, tail_mask) = aligned(at, mask);
    let (mut sums, mut squares) = (*first, *second);
    for (index, (value, &keep)) in head.iter().zip(head_mask).enumerate() {
        let distance = kept(value - shift, keep);
        sums[lane + index] += distance;
        squares[lane + index] += distance * distance;
    }
    for (run, mask) in runs.iter().zip(run_masks) {
        for lane in 0..LANES {
            let distance = kept(run[lane] - shift, mask[lane]);
            sums[lane] += distance;
            squares[lane] += distance * distance;
        }
    }
    for (index, (value, &keep)) in tail.iter().zip(tail_mask).enumerate() {
        let distance = kept(value - shift, keep);
        sums[index] += distance;
        squares[index] += distance * distance;
    }
    (*first, *second) = (sums, squares);
}

macro_rules! choice {
    ($all:ident, $kept:ident, $worst:expr, $better:tt) => {
        #[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
        fn $all(chunk: &[f64]) -> f64 {
            let (runs, tail) = chunk.as_chunks::<CHOICES>();
            let mut best = [$worst; CHOICES];
            for run in runs {
                for lane in 0..CHOICES {
                    best[lane] = if run[lane] $better best[lane] {
                        run[lane]
                    } else {
                        best[lane]
                    };
                }
            }
            let choose = |a: f64, &b: &f64| if b $better a { b } else { a };
            tail.iter().fold(best.iter().fold($worst, choose), choose)
        }

        #[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
        fn $kept(chunk: &[f64], mask: &[u64]) -> f64 {
            let (runs, tail) = chunk.as_chunks::<CHOICES>();
            let (run_masks, tail_mask) = mask.as_chunks::<CHOICES>();
            let mut best = [$worst; CHOICES];
            for (run, mask) in runs.iter().zip(run_masks) {
                for lane in 0..CHOICES {
                    let value = kept_or(run[lane], mask[lane], $worst);
                    best[lane] = if value $better best[lane] { value } else { best[lane] };
                }
            }
            let choose = |a: f64, &b: &f64| if b $better a { b } else { a };
            let whole = best.iter().fold($worst, choose);
            tail.iter()
                .zip(tail_mask)
                .fold(whole, |a, (&b, &keep)| choose(a, &kept_or(b, keep, $worst)))
        }
    };
}

choice!(min_all, min_kept, f64::INFINITY, <);
choice!(max_all, max_kept, f64::NEG_INFINITY, >);
