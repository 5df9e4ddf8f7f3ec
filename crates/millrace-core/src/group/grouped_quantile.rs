//! The values of each group in order, for its quantiles.

use arrow_buffer::NullBuffer;

use crate::aggregate::{OrderedValues, Quantile};
use crate::kernel_error::KernelError;
use crate::nulls::is_valid;
use crate::state::{StateReader, StateWriter};

/// The distinct values of every group. Memory: 16 to 32 bytes for each.
#[derive(Debug, Clone, Default)]
pub(super) struct GroupedQuantile {
    groups: Vec<OrderedValues>,
}

impl GroupedQuantile {
    pub(super) fn update(&mut self, ids: &[u32], values: &[f64], nulls: Option<&NullBuffer>) {
        let groups = super::groups_of(ids).max(self.groups.len());
        self.groups.resize_with(groups, OrderedValues::default);
        for (row, (&id, &value)) in ids.iter().zip(values).enumerate() {
            if is_valid(nulls, row) {
                self.groups[id as usize].insert(value);
            }
        }
    }

    pub(super) fn value(&self, id: usize, quantile: Quantile) -> Option<f64> {
        self.groups.get(id)?.quantile(quantile)
    }

    pub(super) fn keep(&mut self, groups: &[u32]) {
        super::keep(&mut self.groups, groups, &OrderedValues::default());
    }

    pub(super) fn clear(&mut self) {
        self.groups.clear();
    }

    pub(super) fn snapshot(&self) -> Vec<u8> {
        let mut state = StateWriter::new(1);
        state.u64(self.groups.len() as u64);
        self.groups.iter().for_each(|group| group.write(&mut state));
        state.finish()
    }

    pub(super) fn restore(&mut self, bytes: &[u8]) -> Result<(), KernelError> {
        let mut state = StateReader::new("GroupedQuantile", 1, bytes)?;
        let groups = (0..state.u64()?)
            .map(|_| OrderedValues::read(&mut state))
            .collect::<Result<_, _>>()?;
        state.finish()?;
        self.groups = groups;
        Ok(())
    }
}
