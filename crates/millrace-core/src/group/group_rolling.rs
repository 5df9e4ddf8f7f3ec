//! Aggregates over the last `n` rows of each group, one result per row.

use std::collections::VecDeque;

use arrow_buffer::NullBuffer;

use super::groups_of;
use crate::aggregate::AggregateFunction;
use crate::kernel_error::KernelError;
use crate::nulls::{ValidityBuilder, is_valid};
use crate::state::{StateReader, StateWriter};
use crate::window::{aggregate_rows, check_window};

/// An aggregate over the last `window` rows of a row's own group, itself included.
#[derive(Debug, Clone)]
pub struct GroupRolling {
    function: AggregateFunction,
    window: usize,
    min_periods: usize,
    groups: Vec<VecDeque<Option<f64>>>,
}

impl GroupRolling {
    /// Windows of `window` rows that give null while fewer than `min_periods` of them are valid.
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
            groups: Vec::new(),
        })
    }

    /// Takes a batch in and writes one result per row to `out`; returns the validity of the
    /// results, `None` when none is null. Null results are NaN in `out`.
    ///
    /// # Panics
    /// If `ids`, `values`, `nulls` and `out` differ in length.
    pub fn push(
        &mut self,
        ids: &[u32],
        values: &[f64],
        nulls: Option<&NullBuffer>,
        out: &mut [f64],
    ) -> Option<NullBuffer> {
        assert!(
            ids.len() == values.len() && values.len() == out.len(),
            "column lengths"
        );
        assert!(
            nulls.is_none_or(|nulls| nulls.len() == values.len()),
            "validity length"
        );
        let groups = groups_of(ids);
        if groups > self.groups.len() {
            self.groups.resize_with(groups, VecDeque::new);
        }
        let mut validity = ValidityBuilder::default();
        for (index, (&id, slot)) in ids.iter().zip(out).enumerate() {
            let rows = &mut self.groups[id as usize];
            if rows.len() == self.window {
                rows.pop_front();
            }
            rows.push_back(is_valid(nulls, index).then(|| values[index]));
            let rows = rows.make_contiguous();
            let valid = rows.iter().flatten().count();
            let result = (valid >= self.min_periods)
                .then(|| aggregate_rows(self.function, rows))
                .flatten();
            *slot = result.unwrap_or(f64::NAN);
            validity.append(1, result.is_some());
        }
        validity.finish()
    }

    /// The state as bytes. Cost: linear in the groups times the window.
    pub fn snapshot(&self) -> Vec<u8> {
        let mut state = StateWriter::new(1);
        state.u64(self.groups.len() as u64);
        for rows in &self.groups {
            let values: Vec<f64> = rows.iter().map(|row| row.unwrap_or_default()).collect();
            let valid: Vec<bool> = rows.iter().map(Option::is_some).collect();
            state.f64s(&values).bools(&valid);
        }
        state.finish()
    }

    /// Takes up the state that `bytes` hold, for the same parameters.
    ///
    /// # Errors
    /// [`KernelError::CorruptState`] if `bytes` are no such state; the kernel is then unchanged.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), KernelError> {
        let mut state = StateReader::new("GroupRolling", 1, bytes)?;
        let mut groups = Vec::new();
        for _ in 0..state.u64()? {
            let values = state.f64s()?;
            let valid = state.bools()?;
            if values.len() != valid.len() || values.len() > self.window {
                return Err(state.corrupt(format!("{} rows in a group", values.len())));
            }
            groups.push(
                values
                    .into_iter()
                    .zip(valid)
                    .map(|(v, ok)| ok.then_some(v))
                    .collect(),
            );
        }
        state.finish()?;
        self.groups = groups;
        Ok(())
    }
}
