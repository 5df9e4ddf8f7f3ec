//! `groupBy`: running aggregates per key, a table for each batch.

use arrow_array::ArrayRef;

use super::grouped_kernel::GroupedKernel;
use crate::error::PlanError;
use crate::group::Touched;
use crate::plan::aggregation::Aggregation;
use crate::plan::keys::GroupKeys;
use crate::plan::operator::{Context, Operator, Value, expect_parts};

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
    touched: Touched,
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
            touched: Touched::default(),
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
            self.touched.list(self.ids.iter(), &mut self.groups);
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
