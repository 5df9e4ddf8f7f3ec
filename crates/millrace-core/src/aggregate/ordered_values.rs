//! Values in order, for exact quantiles of rows that come and go.

use super::ordered_counts::OrderedCounts;
use super::quantile::{Place, Quantile, from_order_key, mix, order_key};
use crate::kernel_error::KernelError;
use crate::state::{StateReader, StateWriter};

/// A multiset of floats. Cost of each operation: logarithmic in the number of distinct values.
/// Memory: 16 to 32 bytes per distinct value.
#[derive(Debug, Clone, Default)]
pub(crate) struct OrderedValues {
    numbers: OrderedCounts,
    nans: u64,
}

impl OrderedValues {
    /// The multiset of these values.
    pub(crate) fn of(values: impl Iterator<Item = f64>) -> Self {
        let mut nans = 0;
        let mut keys: Vec<u64> = Vec::new();
        for value in values {
            if value.is_nan() {
                nans += 1;
            } else {
                keys.push(order_key(value));
            }
        }
        keys.sort_unstable();
        Self {
            numbers: OrderedCounts::from_sorted(&keys),
            nans,
        }
    }

    /// Adds a value.
    pub(crate) fn insert(&mut self, value: f64) {
        if value.is_nan() {
            self.nans += 1;
        } else {
            self.numbers.insert(order_key(value));
        }
    }

    /// Takes away a value that was added.
    pub(crate) fn remove(&mut self, value: f64) {
        if value.is_nan() {
            self.nans -= 1;
        } else {
            self.numbers.remove(order_key(value));
        }
    }

    /// The quantile: NaN if a value is, `None` of no values.
    pub(crate) fn quantile(&self, quantile: Quantile) -> Option<f64> {
        if self.nans > 0 {
            return Some(f64::NAN);
        }
        let Place { rank, part } = self.place(quantile)?;
        let value = |rank: usize| from_order_key(self.numbers.select(rank as u64));
        let upper = if part == 0.0 { 0.0 } else { value(rank + 1) };
        Some(mix(value(rank), upper, part))
    }

    /// The same, for a quantile that is asked for again when a few rows have come and gone: it is
    /// then found from where it was.
    pub(crate) fn follow(&mut self, quantile: Quantile) -> Option<f64> {
        if let Some(Place { rank, .. }) = self.place(quantile) {
            self.numbers.seek(rank as u64);
        }
        self.quantile(quantile)
    }

    fn place(&self, quantile: Quantile) -> Option<Place> {
        let count = usize::try_from(self.numbers.len()).ok()?;
        (count > 0).then(|| quantile.place(count))
    }

    /// Appends the state.
    pub(crate) fn write(&self, state: &mut StateWriter) {
        state.u64(self.nans);
        self.numbers.write(state);
    }

    /// The multiset that [`Self::write`] wrote.
    pub(crate) fn read(state: &mut StateReader<'_>) -> Result<Self, KernelError> {
        let nans = state.u64()?;
        let numbers = OrderedCounts::read(state)?;
        Ok(Self { numbers, nans })
    }
}
