//! `groupBy`: running aggregates per key, a table for each batch.

use arrow_array::{Array, ArrayRef};

use super::grouped_kernel::GroupedKernel;
use crate::error::PlanError;
use crate::expression::ExpressionId;
use crate::group::Touched;
use crate::plan::aggregation::{Aggregation, Lane};
use crate::plan::dictionaries::PlanDictionary;
use crate::plan::keys::GroupKeys;
use crate::plan::operator::{Context, Operator, Value, expect_parts};
use crate::plan::spec::EmitSpec;

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
        dictionaries: &[PlanDictionary],
        groups: &[u32],
        all: bool,
    ) -> Result<Vec<ArrayRef>, PlanError> {
        let mut columns = if all {
            self.keys.all_columns(groups, dictionaries)?
        } else {
            self.keys.columns(groups, dictionaries)?
        };
        let by_number = all && self.keys.by_id().is_none();
        for (kernel, aggregation) in self.kernels.iter().zip(&self.aggregations) {
            columns.push(kernel.results(aggregation, groups, by_number)?);
        }
        Ok(columns)
    }

    /// Has rows numbered by their groups from now on.
    fn number_by_group(&mut self) -> Result<(), PlanError> {
        let mut groups = Vec::new();
        self.keys.numbers(0, &mut groups)?;
        for kernel in &mut self.kernels {
            kernel.keep(&groups);
        }
        self.keys.number_by_id(false);
        Ok(())
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
///
/// Unless changed groups alone are emitted, where one dictionary is the key, rows are numbered by the ids of their
/// strings, as long as no key is missing.
#[derive(Debug)]
pub(crate) struct GroupBy {
    input: usize,
    table: KeyedTable,
    emit: EmitSpec,
    touched: Touched,
    ids: Vec<u32>,
    /// The groups of the last table. Unless it is of changes they only grow.
    groups: Vec<u32>,
}

impl GroupBy {
    pub(crate) fn new(
        input: usize,
        mut keys: GroupKeys,
        aggregations: Vec<Aggregation>,
        emit: EmitSpec,
    ) -> Result<Self, PlanError> {
        keys.number_by_id(emit != EmitSpec::Changes);
        let table = KeyedTable::new(keys, aggregations)?;
        Ok(Self {
            input,
            table,
            emit,
            touched: Touched::default(),
            ids: Vec::new(),
            groups: Vec::new(),
        })
    }

    /// What is emitted after a batch with rows of the groups `ids`.
    fn emit(
        &mut self,
        dictionaries: &[PlanDictionary],
        ids: &[u32],
    ) -> Result<Option<Value>, PlanError> {
        match self.emit {
            EmitSpec::All => self.all(dictionaries).map(Some),
            EmitSpec::Changes => {
                self.groups.clear();
                self.touched.list(ids.iter(), &mut self.groups);
                let columns = self.table.columns(dictionaries, &self.groups, false)?;
                Ok(Some(Value::new(self.groups.len(), columns)))
            }
            EmitSpec::End => Ok(None),
        }
    }

    /// All groups.
    fn all(&mut self, dictionaries: &[PlanDictionary]) -> Result<Value, PlanError> {
        let known = self.groups.len();
        self.table.keys.numbers(known, &mut self.groups)?;
        let columns = self.table.columns(dictionaries, &self.groups, true)?;
        Ok(Value::new(self.groups.len(), columns))
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
        if self.table.keys.by_id().is_some() && arrays[0].null_count() > 0 {
            self.table.number_by_group()?;
            self.groups.clear();
        }
        let mut numbers = std::mem::take(&mut self.ids);
        let own = self.table.keys.ids(&arrays, context.dictionaries);
        let ids = match &own {
            Some(ids) => ids,
            None => {
                numbers.clear();
                self.table.keys.intern(&arrays, rows, &mut numbers);
                &numbers[..]
            }
        };
        for (kernel, lane) in self.table.kernels.iter_mut().zip(&lanes) {
            kernel.update(ids, lane)?;
        }
        let value = self.emit(context.dictionaries, ids);
        self.ids = numbers;
        value
    }

    fn flush(&mut self, context: &mut Context<'_>) -> Result<Option<Value>, PlanError> {
        match self.emit {
            EmitSpec::End => self.all(context.dictionaries).map(Some),
            EmitSpec::All | EmitSpec::Changes => Ok(None),
        }
    }

    fn keyed_operands(&self) -> Option<(ExpressionId, ExpressionId)> {
        let (key, _) = self.table.keys.by_id()?;
        let mut aggregations = self.table.aggregations.iter();
        let column = self
            .table
            .aggregations
            .iter()
            .find_map(|each| each.column)?;
        let same = |each: &Aggregation| match each.column {
            Some(own) => own == column && each.lane == Lane::Float,
            None => true,
        };
        aggregations.all(same).then_some((key, column))
    }

    fn run_keyed(
        &mut self,
        ids: &[u32],
        values: &[f64],
        dictionaries: &[PlanDictionary],
    ) -> Result<Option<Option<Value>>, PlanError> {
        let Some((_, dictionary)) = self.table.keys.by_id() else {
            return Ok(None);
        };
        self.table.keys.note(ids, &dictionaries[dictionary]);
        for kernel in &mut self.table.kernels {
            if !kernel.update_floats(ids, values) {
                return Err(PlanError::Internal(
                    "grouped kernel of another lane".to_owned(),
                ));
            }
        }
        self.emit(dictionaries, ids).map(Some)
    }

    fn snapshot(&self) -> Vec<Vec<u8>> {
        self.table.snapshot()
    }

    fn restore(&mut self, state: &[&[u8]]) -> Result<(), PlanError> {
        self.groups.clear();
        self.table.keys.number_by_id(self.emit != EmitSpec::Changes);
        self.table.restore(state)
    }
}
