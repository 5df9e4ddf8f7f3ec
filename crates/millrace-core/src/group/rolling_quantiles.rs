//! A quantile of the last rows of each group.

use crate::aggregate::{OrderedValues, Quantile};
use crate::kernel_error::KernelError;
use crate::state::{StateReader, StateWriter};
use crate::window::{Extent, KeptRows};

/// The window of one group: its rows as they came, and their values in order.
#[derive(Debug, Clone, Default)]
struct Group {
    rows: KeptRows<f64>,
    ordered: OrderedValues,
}

/// The windows of all groups, by id. Memory: up to 48 bytes per row of a window.
#[derive(Debug, Clone)]
pub(super) struct RollingQuantiles {
    quantile: Quantile,
    extent: Extent,
    groups: Vec<Group>,
}

impl RollingQuantiles {
    pub(super) fn new(quantile: Quantile, extent: Extent) -> Self {
        let groups = Vec::new();
        Self {
            quantile,
            extent,
            groups,
        }
    }

    pub(super) fn grow(&mut self, groups: usize) {
        if groups > self.groups.len() {
            self.groups.resize_with(groups, Group::default);
        }
    }

    /// One more row in a group's window: the result and how many valid rows it is made of.
    pub(super) fn step(&mut self, id: u32, row: Option<f64>, time: i64) -> (Option<f64>, usize) {
        let Group { rows, ordered } = &mut self.groups[id as usize];
        while let Some(oldest) = rows.leave(self.extent, time) {
            if let Some(value) = oldest {
                ordered.remove(value);
            }
        }
        rows.push(row, self.extent, time);
        if let Some(value) = row {
            ordered.insert(value);
        }
        (ordered.follow(self.quantile), rows.valid())
    }

    pub(super) fn write(&self, state: &mut StateWriter) {
        state.u64(self.groups.len() as u64);
        for Group { rows, .. } in &self.groups {
            rows.write(self.extent, state);
        }
    }

    pub(super) fn read(&mut self, state: &mut StateReader<'_>) -> Result<(), KernelError> {
        self.groups.clear();
        for _ in 0..state.u64()? {
            let rows = KeptRows::<f64>::read(self.extent, state)?;
            let ordered = OrderedValues::of(rows.iter().flatten());
            self.groups.push(Group { rows, ordered });
        }
        Ok(())
    }
}
