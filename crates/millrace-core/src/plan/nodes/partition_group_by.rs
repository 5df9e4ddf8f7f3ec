//! `partitionGroupBy`: aggregates per key of each span of event time, a table when it is over.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::TimestampNanosecondType;
use arrow_array::{Array, ArrayRef, TimestampNanosecondArray};

use super::group_by::KeyedTable;
use crate::error::PlanError;
use crate::expression::ExpressionId;
use crate::kernel_error::KernelError;
use crate::plan::aggregation::{Aggregation, LaneColumn};
use crate::plan::keys::GroupKeys;
use crate::plan::operator::{Context, Operator, Value, expect_parts, join};

/// Tumbling windows of event time, each a table of its keys.
///
/// A row at or past the end of the open span ends it. A row older than the open span is late: it
/// is dropped and counted. A row without a time is dropped.
#[derive(Debug)]
pub(crate) struct PartitionGroupBy {
    input: usize,
    time: ExpressionId,
    every: i64,
    table: KeyedTable,
    open: Option<i64>,
    late: u64,
    ids: Vec<u32>,
}

impl PartitionGroupBy {
    pub(crate) fn new(
        input: usize,
        time: ExpressionId,
        every: i64,
        keys: GroupKeys,
        aggregations: Vec<Aggregation>,
    ) -> Result<Self, PlanError> {
        let table = KeyedTable::new(keys, aggregations)?;
        Ok(Self {
            input,
            time,
            every,
            table,
            open: None,
            late: 0,
            ids: Vec::new(),
        })
    }

    /// The table of the open span; none when no span is open.
    fn close(&mut self, context: &Context<'_>) -> Result<Option<Vec<ArrayRef>>, PlanError> {
        let Some(start) = self.open.take() else {
            return Ok(None);
        };
        let groups: Vec<u32> = (0..self.table.keys.len())
            .map_while(|id| id.try_into().ok())
            .collect();
        let mut columns: Vec<ArrayRef> = vec![Arc::new(TimestampNanosecondArray::from_value(
            start,
            groups.len(),
        ))];
        columns.extend(self.table.columns(context.dictionaries, &groups, true)?);
        self.table.clear();
        Ok(Some(columns))
    }

    fn update(
        &mut self,
        arrays: &[ArrayRef],
        lanes: &[LaneColumn],
        start: usize,
        rows: usize,
    ) -> Result<(), PlanError> {
        let arrays: Vec<ArrayRef> = arrays
            .iter()
            .map(|array| array.slice(start, rows))
            .collect();
        self.ids.clear();
        self.table.keys.intern(&arrays, rows, &mut self.ids);
        for (kernel, lane) in self.table.kernels.iter_mut().zip(lanes) {
            kernel.update(&self.ids, &lane.slice(start, rows))?;
        }
        Ok(())
    }
}

impl Operator for PartitionGroupBy {
    fn run(&mut self, context: &mut Context<'_>) -> Result<Option<Value>, PlanError> {
        let rows = context.value(self.input)?.rows;
        let times = context.array(self.time, rows)?;
        let times = times.as_primitive::<TimestampNanosecondType>();
        let arrays = self.table.keys.arrays(context, rows)?;
        let lanes = self
            .table
            .aggregations
            .iter()
            .map(|aggregation| aggregation.lane(context, rows))
            .collect::<Result<Vec<_>, _>>()?;
        let mut tables = Vec::new();
        let values = times.values();
        let mut row = 0;
        while row < rows {
            if times.is_null(row) {
                row += 1;
                continue;
            }
            let start = values[row].saturating_sub(values[row].rem_euclid(self.every));
            match self.open {
                Some(open) if start < open => {
                    self.late += 1;
                    row += 1;
                    continue;
                }
                Some(open) if start > open => tables.extend(self.close(context)?),
                _ => {}
            }
            self.open = Some(start);
            let end = start.saturating_add(self.every);
            let length = (row..rows)
                .take_while(|&row| times.is_valid(row) && (start..end).contains(&values[row]))
                .count()
                .max(1);
            self.update(&arrays, &lanes, row, length)?;
            row += length;
        }
        join(tables.into_iter().map(table_value).collect())
    }

    fn flush(&mut self, context: &mut Context<'_>) -> Result<Option<Value>, PlanError> {
        let table = self.close(context)?;
        Ok(table.map(table_value))
    }

    fn late_rows(&self) -> u64 {
        self.late
    }

    fn snapshot(&self) -> Vec<Vec<u8>> {
        let mut parts = self.table.snapshot();
        let mut head = self.late.to_le_bytes().to_vec();
        head.extend(self.open.map(i64::to_le_bytes).into_iter().flatten());
        parts.push(head);
        parts
    }

    fn restore(&mut self, state: &[&[u8]]) -> Result<(), PlanError> {
        expect_parts(state, self.table.parts() + 1)?;
        let (table, head) = state.split_at(self.table.parts());
        let corrupt = || KernelError::CorruptState {
            kernel: "partitionGroupBy",
            detail: format!("{} bytes of an open span", head[0].len()),
        };
        let (late, open) = head[0].split_first_chunk::<8>().ok_or_else(corrupt)?;
        let open = match open {
            [] => None,
            open => Some(i64::from_le_bytes(open.try_into().map_err(|_| corrupt())?)),
        };
        self.table.restore(table)?;
        self.late = u64::from_le_bytes(*late);
        self.open = open;
        Ok(())
    }
}

fn table_value(columns: Vec<ArrayRef>) -> Value {
    Value::new(columns.first().map_or(0, |column| column.len()), columns)
}
