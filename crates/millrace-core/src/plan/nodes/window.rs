//! `window`: aggregates over the last n rows, one row, or one table of keys, for each batch.

use std::collections::VecDeque;

use arrow_array::{Array, Float64Array, Int64Array};
use arrow_buffer::NullBuffer;

use super::group_by::KeyedTable;
use crate::error::PlanError;
use crate::kernel_error::KernelError;
use crate::plan::aggregation::{Aggregation, Lane, LaneColumn};
use crate::plan::keys::GroupKeys;
use crate::plan::operator::{Context, Operator, Value, expect_parts};
use crate::state::{StateReader, StateWriter};

/// The last n values of a column: bits and validity, oldest first.
#[derive(Debug, Default)]
struct Kept {
    rows: VecDeque<(u64, bool)>,
}

impl Kept {
    fn push(&mut self, column: &LaneColumn, n: usize) {
        let skip = column.len().saturating_sub(n);
        let valid = |nulls: Option<&NullBuffer>, row| nulls.is_none_or(|nulls| nulls.is_valid(row));
        match column {
            LaneColumn::Float(column) => self.rows.extend(
                (skip..column.len())
                    .map(|row| (column.value(row).to_bits(), valid(column.nulls(), row))),
            ),
            LaneColumn::Integer(column) => self.rows.extend((skip..column.len()).map(|row| {
                (
                    column.value(row).cast_unsigned(),
                    valid(column.nulls(), row),
                )
            })),
        }
        self.rows.drain(..self.rows.len().saturating_sub(n));
    }

    fn column(&self, lane: Lane) -> LaneColumn {
        let bits = self.rows.iter().map(|&(bits, valid)| valid.then_some(bits));
        match lane {
            Lane::Float => LaneColumn::Float(
                bits.map(|bits| bits.map(f64::from_bits))
                    .collect::<Float64Array>(),
            ),
            Lane::Integer | Lane::Presence => LaneColumn::Integer(
                bits.map(|bits| bits.map(u64::cast_signed))
                    .collect::<Int64Array>(),
            ),
        }
    }
}

/// Aggregates over the last n rows of the input after each batch, computed anew from those rows.
///
/// Cost: O(n) for each batch. Memory: n rows, and every key seen.
#[derive(Debug)]
pub(crate) struct WindowNode {
    input: usize,
    n: usize,
    table: KeyedTable,
    keyed: bool,
    ids: VecDeque<u32>,
    kept: Vec<Kept>,
}

impl WindowNode {
    pub(crate) fn new(
        input: usize,
        keys: GroupKeys,
        keyed: bool,
        aggregations: Vec<Aggregation>,
        n: usize,
    ) -> Result<Self, PlanError> {
        let kept = aggregations.iter().map(|_| Kept::default()).collect();
        let table = KeyedTable::new(keys, aggregations)?;
        Ok(Self {
            input,
            n,
            table,
            keyed,
            ids: VecDeque::new(),
            kept,
        })
    }
}

impl Operator for WindowNode {
    fn run(&mut self, context: &mut Context<'_>) -> Result<Option<Value>, PlanError> {
        let rows = context.value(self.input)?.rows;
        let arrays = self.table.keys.arrays(context, rows)?;
        let lanes = self
            .table
            .aggregations
            .iter()
            .map(|aggregation| aggregation.lane(context, rows))
            .collect::<Result<Vec<_>, _>>()?;
        let mut ids = Vec::new();
        self.table.keys.intern(&arrays, rows, &mut ids);
        self.ids.extend(ids);
        self.ids.drain(..self.ids.len().saturating_sub(self.n));
        for (kept, lane) in self.kept.iter_mut().zip(&lanes) {
            kept.push(lane, self.n);
        }
        let ids: &[u32] = self.ids.make_contiguous();
        for ((kernel, aggregation), kept) in self
            .table
            .kernels
            .iter_mut()
            .zip(&self.table.aggregations)
            .zip(&self.kept)
        {
            kernel.clear();
            kernel.update(ids, &kept.column(aggregation.lane))?;
        }
        let mut groups = if self.keyed { ids.to_vec() } else { vec![0] };
        groups.sort_unstable();
        groups.dedup();
        let columns = self.table.columns(context, &groups, false)?;
        Ok(Some(Value::new(groups.len(), columns)))
    }

    fn snapshot(&self) -> Vec<Vec<u8>> {
        let mut parts = self.table.keys.snapshot();
        let ids: Vec<u64> = self.ids.iter().map(|&id| u64::from(id)).collect();
        parts.push(StateWriter::new(1).u64s(&ids).finish());
        parts.extend(self.kept.iter().map(|kept| {
            let (bits, valid): (Vec<u64>, Vec<bool>) = kept.rows.iter().copied().unzip();
            StateWriter::new(1).u64s(&bits).bools(&valid).finish()
        }));
        parts
    }

    fn restore(&mut self, state: &[&[u8]]) -> Result<(), PlanError> {
        expect_parts(state, self.table.keys.parts() + 1 + self.kept.len())?;
        let (keys, rest) = state.split_at(self.table.keys.parts());
        let mut reader = StateReader::new("window", 1, rest[0])?;
        let ids: Vec<u64> = reader.u64s()?;
        reader.finish()?;
        let mut all = Vec::with_capacity(self.kept.len());
        for part in &rest[1..] {
            let mut reader = StateReader::new("window", 1, part)?;
            let (bits, valid) = (reader.u64s()?, reader.bools()?);
            reader.finish()?;
            if bits.len() != ids.len() || valid.len() != ids.len() || ids.len() > self.n {
                return Err(KernelError::CorruptState {
                    kernel: "window",
                    detail: format!("{} rows in a window of {}", ids.len(), self.n),
                }
                .into());
            }
            all.push(Kept {
                rows: bits.into_iter().zip(valid).collect(),
            });
        }
        self.table.keys.restore(keys)?;
        let known = self.table.keys.len() as u64;
        let ids: VecDeque<u32> = ids
            .into_iter()
            .filter(|&id| id < known)
            .map_while(|id| id.try_into().ok())
            .collect();
        if all.iter().any(|kept| kept.rows.len() != ids.len()) {
            return Err(KernelError::CorruptState {
                kernel: "window",
                detail: "a row of a key that is not there".to_owned(),
            }
            .into());
        }
        self.ids = ids;
        self.kept = all;
        Ok(())
    }
}
