//! Exact aggregates of integers over everything pushed so far.

use arrow_buffer::NullBuffer;

use super::AggregateFunction;
use crate::kernel_error::KernelError;
use crate::nulls::is_valid;
use crate::state::{StateReader, StateWriter};

/// Sum, count, min, max, first and last of one column of integers, exactly.
///
/// The sum is kept in 128 bits, so only a *result* outside `i64` is an overflow, whatever the
/// order of the rows. Means and variances: cast to floats and take
/// [`RunningAggregate`](super::RunningAggregate).
///
/// # Examples
/// ```
/// use millrace_core::aggregate::{AggregateFunction, RunningInteger};
///
/// let mut running = RunningInteger::new();
/// running.update(&[i64::MAX, -1], None);
/// assert_eq!(running.value(AggregateFunction::Sum), Ok(Some(i64::MAX - 1)));
/// running.update(&[2], None);
/// assert!(running.value(AggregateFunction::Sum).is_err());
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunningInteger {
    count: u64,
    sum: i128,
    /// Min, max, first, last; only meaningful once `count > 0`.
    ends: [i64; 4],
}

impl RunningInteger {
    /// An aggregate of no rows yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a batch of rows in.
    ///
    /// # Panics
    /// If `nulls` has another length than `values`.
    pub fn update(&mut self, values: &[i64], nulls: Option<&NullBuffer>) {
        assert!(
            nulls.is_none_or(|nulls| nulls.len() == values.len()),
            "validity length"
        );
        match nulls.filter(|nulls| nulls.null_count() > 0) {
            None => self.update_valid(values),
            Some(nulls) => {
                let valid: Vec<i64> = (0..values.len())
                    .filter(|&index| is_valid(Some(nulls), index))
                    .map(|index| values[index])
                    .collect();
                self.update_valid(&valid);
            }
        }
    }

    fn update_valid(&mut self, values: &[i64]) {
        let (Some(&first), Some(&last)) = (values.first(), values.last()) else {
            return;
        };
        if self.count == 0 {
            self.ends = [first; 4];
        }
        self.count += values.len() as u64;
        for chunk in values.chunks(1 << 16) {
            let (sum, min, max) = reduce(chunk);
            self.sum += sum;
            self.ends[0] = self.ends[0].min(min);
            self.ends[1] = self.ends[1].max(max);
        }
        self.ends[3] = last;
    }

    /// How many rows were valid.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The result of `function`, `None` where it is undefined.
    ///
    /// # Errors
    /// [`KernelError::Overflow`] if the sum is outside `i64`;
    /// [`KernelError::InvalidArgument`] for a function whose result is no integer.
    pub fn value(&self, function: AggregateFunction) -> Result<Option<i64>, KernelError> {
        let end = |index: usize| Ok((self.count > 0).then(|| self.ends[index]));
        match function {
            AggregateFunction::Sum => checked(self.sum).map(Some),
            AggregateFunction::Count => Ok(Some(self.count.cast_signed())),
            AggregateFunction::Min => end(0),
            AggregateFunction::Max => end(1),
            AggregateFunction::First => end(2),
            AggregateFunction::Last => end(3),
            other => Err(not_integer(other)),
        }
    }

    /// The state as bytes.
    pub fn snapshot(&self) -> Vec<u8> {
        let mut state = StateWriter::new(1);
        state
            .u64(self.count)
            .bytes(&self.sum.to_le_bytes())
            .i64s(&self.ends);
        state.finish()
    }

    /// Takes up the state that `bytes` hold.
    ///
    /// # Errors
    /// [`KernelError::CorruptState`] if `bytes` are no such state; the kernel is then unchanged.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), KernelError> {
        let mut state = StateReader::new("RunningInteger", 1, bytes)?;
        let count = state.u64()?;
        let sum = state.bytes()?.try_into().map(i128::from_le_bytes);
        let sum = sum.map_err(|_| state.corrupt("a sum must be 16 bytes"))?;
        let ends = state.i64s()?.try_into();
        let ends = ends.map_err(|_| state.corrupt("there must be 4 ends"))?;
        state.finish()?;
        *self = Self { count, sum, ends };
        Ok(())
    }
}

/// Sum, smallest and largest of at most 2³¹ integers. Halves of 32 bits add without overflow, in
/// vector registers.
#[multiversion::multiversion(targets("x86_64+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
fn reduce(values: &[i64]) -> (i128, i64, i64) {
    let (mut high, mut low, mut min, mut max) = (0_i64, 0_i64, i64::MAX, i64::MIN);
    for &value in values {
        high += value >> 32;
        low += value & 0xffff_ffff;
        min = min.min(value);
        max = max.max(value);
    }
    ((i128::from(high) << 32) + i128::from(low), min, max)
}

/// An exact sum as `i64`.
pub(crate) fn checked(sum: i128) -> Result<i64, KernelError> {
    i64::try_from(sum).map_err(|_| {
        KernelError::Overflow(format!(
            "Cannot represent an integer sum: it must lie within 64 bits, got {sum}"
        ))
    })
}

/// The refusal of a function whose result is no integer.
pub(crate) fn not_integer(function: AggregateFunction) -> KernelError {
    KernelError::InvalidArgument(format!(
        "Cannot aggregate integers exactly: the function must be sum, count, min, max, first or \
         last, got {function:?}"
    ))
}
