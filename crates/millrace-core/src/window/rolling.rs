//! Aggregates over the last `n` rows, one result per row.

use std::collections::VecDeque;

use arrow_buffer::NullBuffer;

use super::check_window;
use super::lane_scan::{Add, Least, Most, Operation, TILE, has_nan};
use super::merged_moments::MISSING;
use super::prefix_moments::PrefixMoments;
use super::prefix_sums::Deviation;
use super::sliding_quantile::SlidingQuantile;
use super::van_herk::VanHerk;

use crate::aggregate::AggregateFunction;
use crate::kernel_error::KernelError;
use crate::nulls::{ValidityBuilder, is_valid};
use crate::state::{StateReader, StateWriter};

/// An aggregate over the last `window` rows of a column of floats.
///
/// A result is null while fewer than `min_periods` rows of its window are valid, or where the
/// aggregate is undefined. Results are computed from the rows of the window alone: nothing drifts,
/// and a NaN or an infinity is gone when it has left. Sums combine rows in an order of their own,
/// so they agree with a loop to rounding; for integers below 2⁵³ / `window` they are exact.
///
/// Cost: constant per row, amortised, for quantiles log n; memory: 8 bytes per row of the window,
/// 24 for variances, up to 72 for quantiles.
///
/// # Examples
/// ```
/// use millrace_core::aggregate::AggregateFunction;
/// use millrace_core::window::Rolling;
///
/// let mut means = Rolling::new(AggregateFunction::Mean, 2, 1)?;
/// let mut out = [0.0; 3];
/// let validity = means.push(&[1.0, 2.0, 6.0], None, &mut out);
/// assert_eq!(out, [1.0, 1.5, 4.0]);
/// assert!(validity.is_none());
/// # Ok::<(), millrace_core::kernel_error::KernelError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Rolling {
    function: AggregateFunction,
    window: usize,
    min_periods: usize,
    /// Rows pushed so far.
    rows: u64,
    /// The rows of the window that are null, and those that are NaN where that matters.
    nulls: VecDeque<u64>,
    nans: VecDeque<u64>,
    algorithm: Algorithm,
}

#[derive(Debug, Clone)]
enum Algorithm {
    Sum(VanHerk<Add>),
    Min(VanHerk<Least>),
    Max(VanHerk<Most>),
    Moments(Box<PrefixMoments>, Deviation),
    Quantile(Box<SlidingQuantile>),
    /// The valid rows of the window.
    Ends(VecDeque<(u64, f64)>),
    Count,
}

impl Algorithm {
    fn new(function: AggregateFunction, window: usize) -> Self {
        match function {
            AggregateFunction::Sum | AggregateFunction::Mean => Self::Sum(VanHerk::new(window)),
            AggregateFunction::Min => Self::Min(VanHerk::new(window)),
            AggregateFunction::Max => Self::Max(VanHerk::new(window)),
            AggregateFunction::Var { ddof } => Self::Moments(
                Box::new(PrefixMoments::new(window)),
                Deviation { ddof, root: false },
            ),
            AggregateFunction::Std { ddof } => Self::Moments(
                Box::new(PrefixMoments::new(window)),
                Deviation { ddof, root: true },
            ),
            AggregateFunction::Quantile(quantile) => {
                Self::Quantile(Box::new(SlidingQuantile::new(quantile, window)))
            }
            AggregateFunction::First | AggregateFunction::Last => Self::Ends(VecDeque::new()),
            AggregateFunction::Count => Self::Count,
        }
    }

    /// Whether a NaN has to be found before it comes in.
    fn minds_nan(&self) -> bool {
        matches!(self, Self::Min(_) | Self::Max(_) | Self::Quantile(_))
    }

    /// What stands for a null row, and for a NaN row that is accounted for elsewhere.
    fn neutral(&self) -> f64 {
        match self {
            Self::Sum(_) => Add::IDENTITY,
            Self::Min(_) => Least::IDENTITY,
            Self::Max(_) => Most::IDENTITY,
            Self::Moments(..) | Self::Quantile(_) => MISSING,
            Self::Ends(_) | Self::Count => 0.0,
        }
    }

    /// How many of `rows` rows to handle at once.
    fn tile(&self, rows: usize) -> usize {
        match self {
            Self::Quantile(scan) => rows.div_ceil(rows.div_ceil(scan.tile()).max(1)).max(1),
            _ => TILE,
        }
    }
}

impl Rolling {
    /// A window of `window` rows that gives null while fewer than `min_periods` of them are valid.
    ///
    /// # Errors
    /// [`KernelError::InvalidArgument`] if `window` is 0 or `min_periods` exceeds it.
    pub fn new(
        function: AggregateFunction,
        window: usize,
        min_periods: usize,
    ) -> Result<Self, KernelError> {
        check_window("rolling", window, min_periods)?;
        Ok(Self {
            function,
            window,
            min_periods,
            rows: 0,
            nulls: VecDeque::new(),
            nans: VecDeque::new(),
            algorithm: Algorithm::new(function, window),
        })
    }

    /// How many rows were pushed.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Takes a batch in and writes one result per row to `out`; returns the validity of the
    /// results, `None` when none is null. Null results are NaN in `out`.
    ///
    /// # Panics
    /// If `out` or `nulls` has another length than `values`.
    pub fn push(
        &mut self,
        values: &[f64],
        nulls: Option<&NullBuffer>,
        out: &mut [f64],
    ) -> Option<NullBuffer> {
        assert_eq!(values.len(), out.len(), "output length");
        assert!(
            nulls.is_none_or(|nulls| nulls.len() == values.len()),
            "validity length"
        );
        let nulls = nulls.filter(|nulls| nulls.null_count() > 0);
        let mut validity = ValidityBuilder::default();
        let mut start = 0;
        let rows = self.algorithm.tile(values.len());
        for (tile, slots) in values.chunks(rows).zip(out.chunks_mut(rows)) {
            let part = nulls.map(|nulls| nulls.slice(start, tile.len()));
            let part = part.as_ref().filter(|nulls| nulls.null_count() > 0);
            self.push_tile(tile, part, slots, &mut validity);
            start += tile.len();
        }
        validity.finish()
    }

    fn push_tile(
        &mut self,
        tile: &[f64],
        nulls: Option<&NullBuffer>,
        out: &mut [f64],
        validity: &mut ValidityBuilder,
    ) {
        let clean = (nulls.is_some() || (self.algorithm.minds_nan() && has_nan(tile)))
            .then(|| self.clean(tile, nulls));
        let full = self.nulls.is_empty() && self.rows + 1 >= self.window as u64;
        let counts = (!full).then(|| self.count_rows(tile.len()));
        let counts = counts.as_deref();
        self.compute(clean.as_deref().unwrap_or(tile), nulls, counts, out);
        if !self.nans.is_empty() {
            self.mark_nans(out);
        }
        self.rows += tile.len() as u64;
        self.append_validity(counts, tile.len(), out, validity);
        let oldest = (self.rows + 1).saturating_sub(self.window as u64);
        drop_before(&mut self.nulls, oldest);
        drop_before(&mut self.nans, oldest);
    }

    /// A tile with what is neutral in place of null and NaN; notes which rows those are.
    fn clean(&mut self, tile: &[f64], nulls: Option<&NullBuffer>) -> Vec<f64> {
        let neutral = self.algorithm.neutral();
        let ordered = matches!(
            self.algorithm,
            Algorithm::Min(_) | Algorithm::Max(_) | Algorithm::Quantile(_)
        );
        let clean = |(index, &value): (usize, &f64)| {
            let row = self.rows + index as u64;
            if !is_valid(nulls, index) {
                self.nulls.push_back(row);
                neutral
            } else if !value.is_nan() {
                value
            } else if ordered {
                self.nans.push_back(row);
                neutral
            } else {
                f64::NAN
            }
        };
        tile.iter().enumerate().map(clean).collect()
    }

    /// The number of valid rows in the window of each of the next `rows` rows.
    fn count_rows(&self, rows: usize) -> Vec<f64> {
        let window = self.window as u64;
        let mut entered = self.nulls.partition_point(|&null| null < self.rows);
        let mut left = 0;
        (self.rows..self.rows + rows as u64)
            .map(|row| {
                let oldest = (row + 1).saturating_sub(window);
                while self.nulls.get(entered).is_some_and(|&null| null <= row) {
                    entered += 1;
                }
                while self.nulls.get(left).is_some_and(|&null| null < oldest) {
                    left += 1;
                }
                ((row + 1).min(window) - (entered - left) as u64) as f64
            })
            .collect()
    }

    fn compute(
        &mut self,
        clean: &[f64],
        nulls: Option<&NullBuffer>,
        counts: Option<&[f64]>,
        out: &mut [f64],
    ) {
        let window = self.window as f64;
        match &mut self.algorithm {
            Algorithm::Sum(scan) => {
                let mean = self.function == AggregateFunction::Mean;
                scan.push_tile(clean, (mean && counts.is_none()).then_some(window), out);
                if let Some(counts) = counts.filter(|_| mean) {
                    out.iter_mut()
                        .zip(counts)
                        .for_each(|(slot, count)| *slot /= count);
                }
            }
            Algorithm::Min(scan) => scan.push_tile(clean, None, out),
            Algorithm::Max(scan) => scan.push_tile(clean, None, out),
            Algorithm::Moments(scan, deviation) => {
                scan.push_tile(clean, nulls.is_some(), counts, *deviation, out);
            }
            Algorithm::Quantile(scan) => scan.push_tile(clean, out),
            Algorithm::Ends(rows) => {
                let first = self.function == AggregateFunction::First;
                for (index, slot) in out.iter_mut().enumerate() {
                    let row = self.rows + index as u64;
                    while rows
                        .front()
                        .is_some_and(|&(old, _)| old + (self.window as u64) <= row)
                    {
                        rows.pop_front();
                    }
                    if is_valid(nulls, index) {
                        rows.push_back((row, clean[index]));
                    }
                    let end = if first { rows.front() } else { rows.back() };
                    *slot = end.map_or(f64::NAN, |&(_, value)| value);
                }
            }
            Algorithm::Count => match counts {
                None => out.fill(window),
                Some(counts) => out.copy_from_slice(counts),
            },
        }
    }

    /// Writes NaN where a NaN is in the window.
    fn mark_nans(&self, out: &mut [f64]) {
        let in_tile = self.nans.partition_point(|&row| row < self.rows);
        let mut covered = 0;
        for &nan in self.nans.range(in_tile.saturating_sub(1)..) {
            let start = (nan.saturating_sub(self.rows) as usize).max(covered);
            let end = (nan + self.window as u64).saturating_sub(self.rows) as usize;
            covered = end.min(out.len());
            if start < covered {
                out[start..covered].fill(f64::NAN);
            }
        }
    }

    fn append_validity(
        &self,
        counts: Option<&[f64]>,
        rows: usize,
        out: &mut [f64],
        validity: &mut ValidityBuilder,
    ) {
        let least = match self.function {
            AggregateFunction::Sum | AggregateFunction::Count => 0,
            AggregateFunction::Var { ddof } | AggregateFunction::Std { ddof } => ddof as usize + 1,
            _ => 1,
        };
        let least = least.max(self.min_periods) as f64;
        match counts {
            None => {
                let defined = self.window as f64 >= least;
                if !defined {
                    out.fill(f64::NAN);
                }
                validity.append(rows, defined);
            }
            Some(counts) => {
                for (slot, &count) in out.iter_mut().zip(counts) {
                    let defined = count >= least;
                    if !defined {
                        *slot = f64::NAN;
                    }
                    validity.append(1, defined);
                }
            }
        }
    }

    /// The state as bytes. Cost: linear in the window.
    pub fn snapshot(&self) -> Vec<u8> {
        let mut state = StateWriter::new(3);
        state.u64(self.rows);
        for marks in [&self.nulls, &self.nans] {
            state.u64s(&marks.iter().copied().collect::<Vec<_>>());
        }
        match &self.algorithm {
            Algorithm::Sum(scan) => scan.write(&mut state),
            Algorithm::Min(scan) => scan.write(&mut state),
            Algorithm::Max(scan) => scan.write(&mut state),
            Algorithm::Moments(scan, _) => scan.write(&mut state),
            Algorithm::Quantile(scan) => scan.write(&mut state),
            Algorithm::Ends(rows) => {
                state.u64s(&rows.iter().map(|&(row, _)| row).collect::<Vec<_>>());
                state.f64s(&rows.iter().map(|&(_, value)| value).collect::<Vec<_>>());
            }
            Algorithm::Count => {}
        }
        state.finish()
    }

    /// Takes up the state that `bytes` hold, for the same parameters.
    ///
    /// # Errors
    /// [`KernelError::CorruptState`] if `bytes` are no such state; the kernel is then unchanged.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), KernelError> {
        let mut state = StateReader::new("Rolling", 3, bytes)?;
        let mut next = Self::new(self.function, self.window, self.min_periods)?;
        next.rows = state.u64()?;
        next.nulls = state.u64s()?.into();
        next.nans = state.u64s()?.into();
        match &mut next.algorithm {
            Algorithm::Sum(scan) => scan.read(&mut state)?,
            Algorithm::Min(scan) => scan.read(&mut state)?,
            Algorithm::Max(scan) => scan.read(&mut state)?,
            Algorithm::Moments(scan, _) => scan.read(&mut state)?,
            Algorithm::Quantile(scan) => scan.read(&mut state)?,
            Algorithm::Ends(rows) => {
                let indices = state.u64s()?;
                *rows = indices.into_iter().zip(state.f64s()?).collect();
            }
            Algorithm::Count => {}
        }
        state.finish()?;
        *self = next;
        Ok(())
    }
}

/// Forgets the rows that no window to come holds.
fn drop_before(marks: &mut VecDeque<u64>, oldest: u64) {
    while marks.front().is_some_and(|&row| row < oldest) {
        marks.pop_front();
    }
}
