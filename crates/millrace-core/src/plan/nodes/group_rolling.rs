//! `groupRolling`: aggregates over the last n rows of each key, one row out for each row in.

use arrow_array::Array;
use arrow_array::types::Float64Type;

use crate::error::PlanError;
use crate::group::GroupRolling;
use crate::plan::aggregation::{Aggregation, LaneColumn};
use crate::plan::keys::GroupKeys;
use crate::plan::operator::{Context, Operator, Value, expect_parts};

/// Aggregates over the last n rows of the row's key. Runs on floats: integers are exact up to
/// 2^53.
#[derive(Debug)]
pub(crate) struct GroupRollingNode {
    input: usize,
    keys: GroupKeys,
    aggregations: Vec<Aggregation>,
    kernels: Vec<GroupRolling>,
    ids: Vec<u32>,
}

impl GroupRollingNode {
    pub(crate) fn new(
        input: usize,
        keys: GroupKeys,
        aggregations: Vec<Aggregation>,
        n: usize,
        min_periods: usize,
    ) -> Result<Self, PlanError> {
        let kernels = aggregations
            .iter()
            .map(|aggregation| GroupRolling::new(aggregation.function, n, min_periods))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            input,
            keys,
            aggregations,
            kernels,
            ids: Vec::new(),
        })
    }
}

impl Operator for GroupRollingNode {
    fn run(&mut self, context: &mut Context<'_>) -> Result<Option<Value>, PlanError> {
        let rows = context.value(self.input)?.rows;
        let arrays = self.keys.arrays(context, rows)?;
        let lanes = self
            .aggregations
            .iter()
            .map(|aggregation| aggregation.lane(context, rows))
            .collect::<Result<Vec<_>, _>>()?;
        self.ids.clear();
        self.keys.intern(&arrays, rows, &mut self.ids);
        let mut columns = Vec::with_capacity(self.kernels.len());
        for ((kernel, aggregation), lane) in
            self.kernels.iter_mut().zip(&self.aggregations).zip(lanes)
        {
            let column = match lane {
                LaneColumn::Float(column) => column,
                LaneColumn::Integer(column) =>
                {
                    #[expect(clippy::cast_precision_loss, reason = "documented: exact to 2^53")]
                    column.unary::<_, Float64Type>(|value| value as f64)
                }
                LaneColumn::Text(_) => {
                    return Err(PlanError::Internal("rolling of text".to_owned()));
                }
            };
            let mut out = vec![0.0; rows];
            let nulls = kernel.push(&self.ids, column.values(), column.nulls(), &mut out);
            columns.push(aggregation.floats(out, nulls)?);
        }
        Ok(Some(Value::new(rows, columns)))
    }

    fn snapshot(&self) -> Vec<Vec<u8>> {
        let mut parts = self.keys.snapshot();
        parts.extend(self.kernels.iter().map(GroupRolling::snapshot));
        parts
    }

    fn restore(&mut self, state: &[&[u8]]) -> Result<(), PlanError> {
        expect_parts(state, self.keys.parts() + self.kernels.len())?;
        let (keys, kernels) = state.split_at(self.keys.parts());
        self.keys.restore(keys)?;
        for (kernel, part) in self.kernels.iter_mut().zip(kernels) {
            kernel.restore(part)?;
        }
        Ok(())
    }
}
