//! `groupBy`: running aggregates per key, a table for each batch.

use arrow_array::{Array, ArrayRef, Float64Array, Int64Array};

use crate::aggregate::AggregateFunction;
use crate::error::PlanError;
use crate::frequencies::Frequencies;
use crate::group::{GroupedAggregate, GroupedInteger};
use crate::plan::aggregation::{Aggregation, Lane, LaneColumn};
use crate::plan::keys::GroupKeys;
use crate::plan::operator::{Context, Operator, Value, expect_parts};

/// The kernel of one aggregate per group.
#[derive(Debug)]
pub(super) enum GroupedKernel {
    Float(GroupedAggregate),
    Integer(GroupedInteger),
    /// Rows per group, missing or not.
    Size(Frequencies),
}

impl GroupedKernel {
    pub(super) fn new(aggregation: &Aggregation) -> Result<Self, PlanError> {
        Ok(match (aggregation.lane, aggregation.column) {
            (_, None) => Self::Size(Frequencies::new()),
            (Lane::Float, _) => Self::Float(GroupedAggregate::new(aggregation.function)),
            (Lane::Integer | Lane::Presence, _) => {
                Self::Integer(GroupedInteger::new(aggregation.function)?)
            }
        })
    }

    pub(super) fn update(&mut self, ids: &[u32], column: &LaneColumn) -> Result<(), PlanError> {
        match (self, column) {
            (Self::Float(kernel), LaneColumn::Float(column)) => {
                kernel.update(ids, column.values(), column.nulls());
            }
            (Self::Integer(kernel), LaneColumn::Integer(column)) => {
                kernel.update(ids, column.values(), column.nulls());
            }
            (Self::Size(kernel), _) => kernel.update(ids),
            _ => {
                return Err(PlanError::Internal(
                    "grouped kernel of another lane".to_owned(),
                ));
            }
        }
        Ok(())
    }

    /// The results of the given groups; `all` says that these are all groups, in order.
    pub(super) fn results(
        &self,
        aggregation: &Aggregation,
        groups: &[u32],
        all: bool,
    ) -> Result<ArrayRef, PlanError> {
        match self {
            Self::Float(kernel) if all => aggregation.float_array(kernel.finish(groups.len())),
            Self::Float(kernel) => {
                let unseen = of_no_rows(aggregation.function).then_some(0.0);
                let values: Float64Array = groups
                    .iter()
                    .map(|&group| kernel.value(group).or(unseen))
                    .collect();
                aggregation.float_array(values)
            }
            Self::Integer(kernel) => {
                let unseen = of_no_rows(aggregation.function).then_some(0);
                let values = groups
                    .iter()
                    .map(|&group| kernel.value(group).map(|value| value.or(unseen)))
                    .collect::<Result<Int64Array, _>>()?;
                aggregation.integers(values)
            }
            Self::Size(kernel) => {
                let counts = kernel.counts();
                let values: Vec<i64> = groups
                    .iter()
                    .map(|&group| {
                        counts
                            .get(group as usize)
                            .map_or(0, |count| count.cast_signed())
                    })
                    .collect();
                aggregation.integers(values.into())
            }
        }
    }

    pub(super) fn clear(&mut self) {
        match self {
            Self::Float(kernel) => kernel.clear(),
            Self::Integer(kernel) => kernel.clear(),
            Self::Size(kernel) => *kernel = Frequencies::new(),
        }
    }

    pub(super) fn snapshot(&self) -> Vec<u8> {
        match self {
            Self::Float(kernel) => kernel.snapshot(),
            Self::Integer(kernel) => kernel.snapshot(),
            Self::Size(kernel) => kernel.snapshot(),
        }
    }

    pub(super) fn restore(&mut self, bytes: &[u8]) -> Result<(), PlanError> {
        match self {
            Self::Float(kernel) => kernel.restore(bytes)?,
            Self::Integer(kernel) => kernel.restore(bytes)?,
            Self::Size(kernel) => kernel.restore(bytes)?,
        }
        Ok(())
    }
}

/// Whether the aggregate of no rows is 0, not undefined: kernels do not know groups without rows.
fn of_no_rows(function: AggregateFunction) -> bool {
    matches!(function, AggregateFunction::Count | AggregateFunction::Sum)
}

/// Keys and the kernels of their aggregates: what every keyed table is made of.
#[derive(Debug)]
pub(super) struct KeyedTable {
    pub(super) keys: GroupKeys,
    pub(super) aggregations: Vec<Aggregation>,
    pub(super) kernels: Vec<GroupedKernel>,
}

impl KeyedTable {
    pub(super) fn new(keys: GroupKeys, aggregations: Vec<Aggregation>) -> Result<Self, PlanError> {
        let kernels = aggregations
            .iter()
            .map(GroupedKernel::new)
            .collect::<Result<_, _>>()?;
        Ok(Self {
            keys,
            aggregations,
            kernels,
        })
    }

    /// The columns of the given groups, keys first; `all` says that these are all, in order.
    pub(super) fn columns(
        &mut self,
        context: &Context<'_>,
        groups: &[u32],
        all: bool,
    ) -> Result<Vec<ArrayRef>, PlanError> {
        let mut columns = if all {
            self.keys.all_columns(groups, context.dictionaries)?
        } else {
            self.keys.columns(groups, context.dictionaries)?
        };
        for (kernel, aggregation) in self.kernels.iter().zip(&self.aggregations) {
            columns.push(kernel.results(aggregation, groups, all)?);
        }
        Ok(columns)
    }

    pub(super) fn clear(&mut self) {
        self.keys.clear();
        self.kernels.iter_mut().for_each(GroupedKernel::clear);
    }

    pub(super) fn parts(&self) -> usize {
        self.keys.parts() + self.kernels.len()
    }

    pub(super) fn snapshot(&self) -> Vec<Vec<u8>> {
        let mut parts = self.keys.snapshot();
        parts.extend(self.kernels.iter().map(GroupedKernel::snapshot));
        parts
    }

    pub(super) fn restore(&mut self, state: &[&[u8]]) -> Result<(), PlanError> {
        expect_parts(state, self.parts())?;
        let (keys, kernels) = state.split_at(self.keys.parts());
        self.keys.restore(keys)?;
        self.kernels
            .iter_mut()
            .zip(kernels)
            .try_for_each(|(kernel, part)| kernel.restore(part))
    }
}

/// Running aggregates per key.
#[derive(Debug)]
pub(crate) struct GroupBy {
    input: usize,
    table: KeyedTable,
    /// Emit only the groups of which the batch had rows.
    changes: bool,
    ids: Vec<u32>,
    groups: Vec<u32>,
}

impl GroupBy {
    pub(crate) fn new(
        input: usize,
        keys: GroupKeys,
        aggregations: Vec<Aggregation>,
        changes: bool,
    ) -> Result<Self, PlanError> {
        let table = KeyedTable::new(keys, aggregations)?;
        Ok(Self {
            input,
            table,
            changes,
            ids: Vec::new(),
            groups: Vec::new(),
        })
    }
}

impl Operator for GroupBy {
    fn run(&mut self, context: &mut Context<'_>) -> Result<Option<Value>, PlanError> {
        let rows = context.value(self.input)?.rows;
        let arrays = self.table.keys.arrays(context, rows)?;
        let lanes = self
            .table
            .aggregations
            .iter()
            .map(|aggregation| aggregation.lane(context, rows))
            .collect::<Result<Vec<_>, _>>()?;
        self.ids.clear();
        self.table.keys.intern(&arrays, rows, &mut self.ids);
        for (kernel, lane) in self.table.kernels.iter_mut().zip(&lanes) {
            kernel.update(&self.ids, lane)?;
        }
        self.groups.clear();
        if self.changes {
            self.groups.extend_from_slice(&self.ids);
            self.groups.sort_unstable();
            self.groups.dedup();
        } else {
            let groups = u32::try_from(self.table.keys.len())
                .map_err(|_| PlanError::Overflow("Cannot group by: 2^32 keys".to_owned()))?;
            self.groups.extend(0..groups);
        }
        let columns = self.table.columns(context, &self.groups, !self.changes)?;
        Ok(Some(Value::new(self.groups.len(), columns)))
    }

    fn snapshot(&self) -> Vec<Vec<u8>> {
        self.table.snapshot()
    }

    fn restore(&mut self, state: &[&[u8]]) -> Result<(), PlanError> {
        self.table.restore(state)
    }
}
