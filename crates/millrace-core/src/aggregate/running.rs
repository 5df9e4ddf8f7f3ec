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

use super::lanes::{BLOCK, LANES, Rows, fold};
use super::{AggregateFunction, Moments, OrderedValues};
use crate::kernel_error::KernelError;
use crate::state::{StateReader, StateWriter};

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
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Needs {
    sum: bool,
    count: bool,
    min: bool,
    max: bool,
    ends: bool,
    moments: bool,
    ordered: bool,
}

/// What the passes over some rows gave, for other kernels that run over the same rows.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Passes {
    sums: Option<[f64; LANES]>,
    min: Option<f64>,
    max: Option<f64>,
    nan: Option<bool>,
}

impl Passes {
    /// The sum of each lane, from the first row on.
    fn sums(&mut self, rows: Rows<'_>) -> &[f64; LANES] {
        self.sums.get_or_insert_with(|| {
            let mut sums = [0.0; LANES];
            rows.sum(&mut sums, 0);
            sums
        })
    }

    /// Whether a NaN counts: it shows in the sum, and only an infinity may look like it.
    fn nan(&mut self, rows: Rows<'_>) -> bool {
        if let Some(nan) = self.nan {
            return nan;
        }
        let nan = fold(self.sums(rows)).is_nan() && rows.has_nan();
        self.nan = Some(nan);
        nan
    }
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
            needs.count |= !matches!(function, AggregateFunction::Sum);
            match function {
                AggregateFunction::Sum | AggregateFunction::Mean => needs.sum = true,
                AggregateFunction::Min => needs.min = true,
                AggregateFunction::Max => needs.max = true,
                AggregateFunction::Var { .. } | AggregateFunction::Std { .. } => {
                    needs.moments = true;
                    needs.ends = true;
                }
                AggregateFunction::First | AggregateFunction::Last => needs.ends = true,
                AggregateFunction::Quantile(_) => needs.ordered = true,
                AggregateFunction::Count => {}
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
        let mut mask = [0; BLOCK];
        let mut start = 0;
        while start < values.len() {
            let count = self.room().min(values.len() - start);
            let mask = nulls.map(|nulls| {
                expand(nulls, start, &mut mask[..count]);
                &mask[..count]
            });
            let values = &values[start..start + count];
            self.update_part(Rows { values, mask }, &mut Passes::default());
            start += count;
        }
    }

    /// How many rows the open block can still take.
    pub(crate) fn room(&self) -> usize {
        BLOCK - (self.rows % BLOCK as u64) as usize
    }

    /// Takes rows in that belong to one block. `passes` is what other kernels over the same rows have
    /// found, and gets what this one finds.
    pub(crate) fn update_part(&mut self, rows: Rows<'_>, passes: &mut Passes) {
        if self.needs.count {
            self.valid += rows.count() as u64;
        }
        if self.needs.ends {
            self.note_ends(rows);
        }
        if let Some(ordered) = &mut self.ordered {
            for (row, &value) in rows.values.iter().enumerate() {
                if rows.counts(row) {
                    ordered.insert(value);
                }
            }
        }
        if self.needs.sum {
            self.update_sums(rows.values.len(), passes, |sums, at| rows.sum(sums, at));
        }
        if self.needs.min {
            let min = *passes.min.get_or_insert_with(|| rows.min());
            self.min = if min < self.min { min } else { self.min };
        }
        if self.needs.max {
            let max = *passes.max.get_or_insert_with(|| rows.max());
            self.max = if max > self.max { max } else { self.max };
        }
        if self.needs.min || self.needs.max {
            self.nan |= passes.nan(rows);
        }
        if self.needs.moments {
            let at = BLOCK - self.room();
            self.block.valid += rows.count() as u64;
            let powers = [&mut self.block.first_power, &mut self.block.second_power];
            rows.powers(powers, at, self.block.shift);
        }
        self.advance(rows.values.len());
    }

    /// Whether nothing but a sum is asked for, so that [`Self::sum_part`] is all that it needs.
    pub(crate) fn only_sums(&self) -> bool {
        let sums = Needs {
            sum: true,
            ..Needs::default()
        };
        self.needs == sums
    }

    /// As [`Self::update_part`] where only a sum is asked for: `add` adds the rows to lanes, from a row
    /// of the block on.
    pub(crate) fn sum_part(
        &mut self,
        rows: usize,
        passes: &mut Passes,
        add: impl Fn(&mut [f64; LANES], usize),
    ) {
        self.update_sums(rows, passes, add);
        self.advance(rows);
    }

    fn update_sums(
        &mut self,
        rows: usize,
        passes: &mut Passes,
        add: impl Fn(&mut [f64; LANES], usize),
    ) {
        let at = BLOCK - self.room();
        if rows < BLOCK {
            add(&mut self.sum_lanes, at);
            return;
        }
        self.sum_lanes = *passes.sums.get_or_insert_with(|| {
            let mut sums = [0.0; LANES];
            add(&mut sums, 0);
            sums
        });
    }

    fn advance(&mut self, rows: usize) {
        self.rows += rows as u64;
        if self.rows.is_multiple_of(BLOCK as u64) && rows > 0 {
            self.close_block();
        }
    }

    fn note_ends(&mut self, rows: Rows<'_>) {
        let counts = |&row: &usize| rows.counts(row);
        if self.first.is_none() {
            self.first = (0..rows.values.len())
                .find(counts)
                .map(|row| rows.values[row]);
            self.block.shift = self.first.filter(|value| value.is_finite()).unwrap_or(0.0);
        }
        if let Some(row) = (0..rows.values.len()).rev().find(counts) {
            self.last = Some(rows.values[row]);
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

/// All ones for a valid row, zero for a null.
fn expand(nulls: &NullBuffer, start: usize, mask: &mut [u64]) {
    let bits = nulls.inner().slice(start, mask.len());
    let chunks = bits.bit_chunks();
    for (part, word) in mask.chunks_mut(64).zip(chunks.iter_padded()) {
        for (bit, keep) in part.iter_mut().enumerate() {
            *keep = 0_u64.wrapping_sub((word >> bit) & 1);
        }
    }
}
