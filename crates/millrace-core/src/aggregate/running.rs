//! Aggregates over everything pushed so far.
//!
//! # How
//!
//! The stream is cut into blocks of [`BLOCK`] rows anchored at row 0. Inside a block, row `i` goes
//! to accumulator `i mod LANES`, so the compiler can keep the lanes in vector registers without
//! reordering an addition; at the end of a block the lanes are folded pairwise and added to a
//! compensated total (Neumaier 1974). Where a batch ends inside a block the lanes are kept. Every
//! addition therefore happens between the same operands whatever the batches were: sums are
//! bit-identical for every split and on every instruction set.
//!
//! Variance: each block sums `d` and `d²` around the mean of all blocks before it (around the first
//! valid value in the first block) and is merged by Chan's formula. A block at distance `δ` from
//! that mean adds at least `rows·δ²/2` to the result, so what its cancellation can lose stays at
//! rounding level.

use arrow_buffer::NullBuffer;
use multiversion::multiversion;

use super::variance::Moments;
use super::{AggregateFunction, OrderedValues};
use crate::kernel_error::KernelError;
use crate::nulls::is_valid;
use crate::state::{StateReader, StateWriter};

/// Rows per block: 8 KiB, so the passes of one block find it in the first-level cache.
const BLOCK: usize = 1024;
/// Independent accumulators: enough vectors in flight to hide the latency of an addition.
const LANES: usize = 32;

/// Several aggregates over one column of floats, from the first row on.
///
/// Memory: constant, but for quantiles, which keep every distinct value, in 16 to 32 bytes each.
///
/// # Examples
/// ```
/// use millrace_core::aggregate::{AggregateFunction, RunningAggregate};
///
/// let mut running = RunningAggregate::new(&[AggregateFunction::Mean, AggregateFunction::Max]);
/// running.update(&[1.0, 2.0], None);
/// running.update(&[6.0], None);
/// assert_eq!(running.value(0), Some(3.0));
/// assert_eq!(running.value(1), Some(6.0));
/// ```
#[derive(Debug, Clone)]
pub struct RunningAggregate {
    functions: Vec<AggregateFunction>,
    needs: Needs,
    rows: u64,
    valid: u64,
    total: Compensated,
    sum_lanes: [f64; LANES],
    min: f64,
    max: f64,
    nan: bool,
    moments: Moments,
    block: ShiftedBlock,
    first: Option<f64>,
    last: Option<f64>,
    /// All values, where a quantile is asked for.
    ordered: Option<OrderedValues>,
}

/// Which passes a set of functions asks for.
#[derive(Debug, Clone, Copy, Default)]
struct Needs {
    sum: bool,
    extremum: bool,
    moments: bool,
    ordered: bool,
}

/// A sum and the rounding it has lost.
#[derive(Debug, Clone, Copy, Default)]
struct Compensated {
    sum: f64,
    lost: f64,
}

impl Compensated {
    fn add(&mut self, value: f64) {
        let sum = self.sum + value;
        self.lost += if self.sum.abs() >= value.abs() {
            (self.sum - sum) + value
        } else {
            (value - sum) + self.sum
        };
        self.sum = sum;
    }

    fn value(self) -> f64 {
        // Past an infinity the compensation is NaN and says nothing.
        if self.sum.is_finite() {
            self.sum + self.lost
        } else {
            self.sum
        }
    }
}

/// The open block of the variance.
#[derive(Debug, Clone, Copy)]
struct ShiftedBlock {
    shift: f64,
    valid: u64,
    first_power: [f64; LANES],
    second_power: [f64; LANES],
}

impl ShiftedBlock {
    fn new(shift: f64) -> Self {
        Self {
            shift,
            valid: 0,
            first_power: [0.0; LANES],
            second_power: [0.0; LANES],
        }
    }

    fn moments(&self) -> Moments {
        if self.valid == 0 {
            return Moments::default();
        }
        let count = self.valid as f64;
        let sum = fold(&self.first_power);
        let mean = sum / count;
        let squares = fold(&self.second_power) - sum * mean;
        // Rounding may leave a tiny negative; NaN must stay NaN.
        let squares = if squares < 0.0 { 0.0 } else { squares };
        Moments {
            count,
            mean: self.shift + mean,
            squares,
        }
    }
}

impl RunningAggregate {
    /// An aggregate of no rows yet; `value(i)` gives the result of `functions[i]`.
    pub fn new(functions: &[AggregateFunction]) -> Self {
        let mut needs = Needs::default();
        for function in functions {
            match function {
                AggregateFunction::Sum | AggregateFunction::Mean => needs.sum = true,
                AggregateFunction::Min | AggregateFunction::Max => needs.extremum = true,
                AggregateFunction::Var { .. } | AggregateFunction::Std { .. } => {
                    needs.moments = true;
                }
                AggregateFunction::Quantile(_) => needs.ordered = true,
                AggregateFunction::Count | AggregateFunction::First | AggregateFunction::Last => {}
            }
        }
        Self {
            functions: functions.to_vec(),
            needs,
            rows: 0,
            valid: 0,
            total: Compensated::default(),
            sum_lanes: [0.0; LANES],
            min: f64::INFINITY,
            max: f64::NEG_INFINITY,
            nan: false,
            moments: Moments::default(),
            block: ShiftedBlock::new(0.0),
            first: None,
            last: None,
            ordered: needs.ordered.then(OrderedValues::default),
        }
    }

    /// Takes a batch of rows in. Cost: one pass per kind of aggregate, at vector speed; for quantiles
    /// a search among the distinct values per row.
    ///
    /// # Panics
    /// If `nulls` has another length than `values`.
    pub fn update(&mut self, values: &[f64], nulls: Option<&NullBuffer>) {
        assert!(
            nulls.is_none_or(|nulls| nulls.len() == values.len()),
            "validity length"
        );
        let nulls = nulls.filter(|nulls| nulls.null_count() > 0);
        self.note_ends(values, nulls);
        if let Some(ordered) = &mut self.ordered {
            for (row, &value) in values.iter().enumerate() {
                if is_valid(nulls, row) {
                    ordered.insert(value);
                }
            }
        }
        let mut scratch = [0.0; BLOCK];
        let mut start = 0;
        while start < values.len() {
            let at = (self.rows % BLOCK as u64) as usize;
            let count = (BLOCK - at).min(values.len() - start);
            let chunk = &values[start..start + count];
            let validity = nulls.map(|nulls| nulls.slice(start, count));
            self.update_within_block(at, chunk, validity.as_ref(), &mut scratch);
            self.rows += count as u64;
            if at + count == BLOCK {
                self.close_block();
            }
            start += count;
        }
    }

    fn note_ends(&mut self, values: &[f64], nulls: Option<&NullBuffer>) {
        let valid = |&index: &usize| is_valid(nulls, index);
        if self.first.is_none() {
            self.first = (0..values.len()).find(valid).map(|index| values[index]);
            self.block.shift = self.first.filter(|value| value.is_finite()).unwrap_or(0.0);
        }
        if let Some(index) = (0..values.len()).rev().find(valid) {
            self.last = Some(values[index]);
        }
    }

    fn update_within_block(
        &mut self,
        at: usize,
        chunk: &[f64],
        nulls: Option<&NullBuffer>,
        scratch: &mut [f64; BLOCK],
    ) {
        let valid = (chunk.len() - nulls.map_or(0, NullBuffer::null_count)) as u64;
        self.valid += valid;
        if self.needs.sum {
            sum_lanes(&mut self.sum_lanes, at, filled(chunk, nulls, 0.0, scratch));
        }
        if self.needs.extremum {
            // An infinity of the other sign is neutral for each: two fills, two passes.
            let (min, nan) = min_lanes(filled(chunk, nulls, f64::INFINITY, scratch));
            self.min = if min < self.min { min } else { self.min };
            self.nan |= nan;
            let max = max_lanes(filled(chunk, nulls, f64::NEG_INFINITY, scratch));
            self.max = if max > self.max { max } else { self.max };
        }
        if self.needs.moments {
            self.block.valid += valid;
            let shift = self.block.shift;
            power_lanes(&mut self.block, at, filled(chunk, nulls, shift, scratch));
        }
    }

    fn close_block(&mut self) {
        self.total.add(fold(&self.sum_lanes));
        self.sum_lanes = [0.0; LANES];
        self.moments = self.moments.merge(self.block.moments());
        let mean = self.moments.mean;
        self.block = ShiftedBlock::new(if mean.is_finite() { mean } else { 0.0 });
        if self.moments.count == 0.0 {
            self.block.shift = self.first.filter(|value| value.is_finite()).unwrap_or(0.0);
        }
    }

    /// How many rows were pushed, nulls included.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// How many rows were valid.
    pub fn count(&self) -> u64 {
        self.valid
    }

    /// The result of the function at `index`, `None` where it is undefined.
    pub fn value(&self, index: usize) -> Option<f64> {
        let some = self.valid > 0;
        match self.functions[index] {
            AggregateFunction::Sum => Some(self.sum()),
            AggregateFunction::Mean => some.then(|| self.sum() / self.valid as f64),
            AggregateFunction::Count => Some(self.valid as f64),
            AggregateFunction::Min => {
                some.then_some(if self.nan { f64::NAN } else { self.min + 0.0 })
            }
            AggregateFunction::Max => {
                some.then_some(if self.nan { f64::NAN } else { self.max + 0.0 })
            }
            AggregateFunction::Var { ddof } => self.current_moments().variance(ddof),
            AggregateFunction::Std { ddof } => self.current_moments().variance(ddof).map(f64::sqrt),
            AggregateFunction::First => self.first,
            AggregateFunction::Last => self.last,
            AggregateFunction::Quantile(quantile) => self.ordered.as_ref()?.quantile(quantile),
        }
    }

    fn sum(&self) -> f64 {
        let mut total = self.total;
        total.add(fold(&self.sum_lanes));
        total.value()
    }

    fn current_moments(&self) -> Moments {
        self.moments.merge(self.block.moments())
    }

    /// The state as bytes. Cost: constant, under 1 KiB, and 16 bytes per distinct value for
    /// quantiles.
    pub fn snapshot(&self) -> Vec<u8> {
        let mut state = StateWriter::new(1);
        state.u64(self.rows).u64(self.valid);
        state
            .f64(self.total.sum)
            .f64(self.total.lost)
            .f64s(&self.sum_lanes);
        state.f64(self.min).f64(self.max).bools(&[self.nan]);
        let Moments {
            count,
            mean,
            squares,
        } = self.moments;
        state.f64(count).f64(mean).f64(squares);
        state.f64(self.block.shift).u64(self.block.valid);
        state
            .f64s(&self.block.first_power)
            .f64s(&self.block.second_power);
        for end in [self.first, self.last] {
            state.bools(&[end.is_some()]).f64(end.unwrap_or_default());
        }
        if let Some(ordered) = &self.ordered {
            ordered.write(&mut state);
        }
        state.finish()
    }

    /// Takes up the state that `bytes` hold, for the same functions.
    ///
    /// # Errors
    /// [`KernelError::CorruptState`] if `bytes` are no such state; the kernel is then unchanged.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), KernelError> {
        let mut state = StateReader::new("RunningAggregate", 1, bytes)?;
        let mut next = Self::new(&self.functions);
        next.rows = state.u64()?;
        next.valid = state.u64()?;
        next.total = Compensated {
            sum: state.f64()?,
            lost: state.f64()?,
        };
        next.sum_lanes = lanes(&mut state)?;
        next.min = state.f64()?;
        next.max = state.f64()?;
        next.nan = flag(&mut state)?;
        next.moments = Moments {
            count: state.f64()?,
            mean: state.f64()?,
            squares: state.f64()?,
        };
        next.block.shift = state.f64()?;
        next.block.valid = state.u64()?;
        next.block.first_power = lanes(&mut state)?;
        next.block.second_power = lanes(&mut state)?;
        for end in [&mut next.first, &mut next.last] {
            let some = flag(&mut state)?;
            let value = state.f64()?;
            *end = some.then_some(value);
        }
        if let Some(ordered) = &mut next.ordered {
            *ordered = OrderedValues::read(&mut state)?;
        }
        state.finish()?;
        *self = next;
        Ok(())
    }
}

fn lanes(state: &mut StateReader<'_>) -> Result<[f64; LANES], KernelError> {
    let values = state.f64s()?;
    values
        .try_into()
        .map_err(|_| state.corrupt(format!("there must be {LANES} lanes")))
}

fn flag(state: &mut StateReader<'_>) -> Result<bool, KernelError> {
    match state.bools()?[..] {
        [flag] => Ok(flag),
        _ => Err(state.corrupt("a flag must be one byte")),
    }
}

/// The chunk with `fill` where it is null.
fn filled<'a>(
    chunk: &'a [f64],
    nulls: Option<&NullBuffer>,
    fill: f64,
    scratch: &'a mut [f64; BLOCK],
) -> &'a [f64] {
    let Some(nulls) = nulls else { return chunk };
    for ((slot, &value), valid) in scratch.iter_mut().zip(chunk).zip(nulls.iter()) {
        *slot = if valid { value } else { fill };
    }
    &scratch[..chunk.len()]
}

/// Folds lanes pairwise: halves onto halves.
fn fold(lanes: &[f64; LANES]) -> f64 {
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

/// Splits a chunk that starts at row `at` of its block into the rest of a begun run of lanes,
/// whole runs, and the begin of the next.
#[inline(always)]
fn aligned(at: usize, chunk: &[f64]) -> (usize, &[f64], &[[f64; LANES]], &[f64]) {
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
fn sum_lanes(sums: &mut [f64; LANES], at: usize, chunk: &[f64]) {
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
fn power_lanes(block: &mut ShiftedBlock, at: usize, chunk: &[f64]) {
    let shift = block.shift;
    let (lane, head, runs, tail) = aligned(at, chunk);
    let mut first = block.first_power;
    let mut second = block.second_power;
    for (index, value) in head.iter().enumerate() {
        let distance = value - shift;
        first[lane + index] += distance;
        second[lane + index] += distance * distance;
    }
    for run in runs {
        for lane in 0..LANES {
            let distance = run[lane] - shift;
            first[lane] += distance;
            second[lane] += distance * distance;
        }
    }
    for (index, value) in tail.iter().enumerate() {
        let distance = value - shift;
        first[index] += distance;
        second[index] += distance * distance;
    }
    block.first_power = first;
    block.second_power = second;
}

/// The smallest number of a chunk and whether it holds a NaN.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
fn min_lanes(chunk: &[f64]) -> (f64, bool) {
    let (runs, tail) = chunk.as_chunks::<16>();
    let mut best = [f64::INFINITY; 16];
    let mut nan = [0_u64; 16];
    for run in runs {
        for lane in 0..16 {
            let value = run[lane];
            best[lane] = if value < best[lane] {
                value
            } else {
                best[lane]
            };
            nan[lane] |= u64::from(value.is_nan());
        }
    }
    let least = |a: f64, &b: &f64| if b < a { b } else { a };
    let min = tail
        .iter()
        .fold(best.iter().fold(f64::INFINITY, least), least);
    (
        min,
        nan.iter().any(|&lane| lane != 0) || tail.iter().any(|value| value.is_nan()),
    )
}

/// The largest number of a chunk, NaN left aside.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
fn max_lanes(chunk: &[f64]) -> f64 {
    let (runs, tail) = chunk.as_chunks::<16>();
    let mut best = [f64::NEG_INFINITY; 16];
    for run in runs {
        for lane in 0..16 {
            best[lane] = if run[lane] > best[lane] {
                run[lane]
            } else {
                best[lane]
            };
        }
    }
    let most = |a: f64, &b: &f64| if b > a { b } else { a };
    tail.iter()
        .fold(best.iter().fold(f64::NEG_INFINITY, most), most)
}
