//! `aggregate`: running aggregates since the start, one row for each batch.

use arrow_array::{Array, Float64Array, Int64Array};

use super::grouped_kernel::GroupedKernel;
use crate::aggregate::{AggregateFunction, RunningAggregate, RunningInteger};
use crate::error::PlanError;
use crate::plan::aggregation::{Aggregation, Lane, LaneColumn};
use crate::plan::operator::{Context, Operator, Value, expect_parts};

#[derive(Debug)]
enum Kernel {
    /// All float aggregates of one column at once.
    Float(Box<RunningAggregate>),
    Integer(RunningInteger),
    /// One group of all rows.
    Grouped(Box<GroupedKernel>),
}

/// A kernel and the aggregates that it serves, by their position.
#[derive(Debug)]
struct Group {
    kernel: Kernel,
    serves: Vec<usize>,
}

/// Running aggregates; those of one column share a kernel.
#[derive(Debug)]
pub(crate) struct AggregateNode {
    input: usize,
    aggregations: Vec<Aggregation>,
    groups: Vec<Group>,
    /// A zero for each row.
    ids: Vec<u32>,
}

impl AggregateNode {
    pub(crate) fn new(input: usize, aggregations: Vec<Aggregation>) -> Result<Self, PlanError> {
        let mut groups: Vec<Group> = Vec::new();
        for (position, aggregation) in aggregations.iter().enumerate() {
            let shared = groups.iter_mut().find(|group| {
                let other = &aggregations[group.serves[0]];
                let alone = matches!(aggregation.lane, Lane::Text | Lane::Distinct);
                !alone && (other.lane, other.column) == (aggregation.lane, aggregation.column)
            });
            match shared {
                Some(group) => group.serves.push(position),
                None => groups.push(Group {
                    kernel: Kernel::Integer(RunningInteger::new()),
                    serves: vec![position],
                }),
            }
        }
        for group in &mut groups {
            let first = &aggregations[group.serves[0]];
            match first.lane {
                Lane::Float => {
                    let functions: Vec<AggregateFunction> = group
                        .serves
                        .iter()
                        .map(|&position| aggregations[position].function)
                        .collect();
                    group.kernel = Kernel::Float(Box::new(RunningAggregate::new(&functions)));
                }
                Lane::Text | Lane::Distinct => {
                    group.kernel = Kernel::Grouped(Box::new(GroupedKernel::new(first)?));
                }
                Lane::Integer | Lane::Presence => {}
            }
        }
        Ok(Self {
            input,
            aggregations,
            groups,
            ids: Vec::new(),
        })
    }
}

impl Operator for AggregateNode {
    fn run(&mut self, context: &mut Context<'_>) -> Result<Option<Value>, PlanError> {
        let rows = context.value(self.input)?.rows;
        let lanes = self
            .groups
            .iter()
            .map(|group| self.aggregations[group.serves[0]].lane(context, rows))
            .collect::<Result<Vec<_>, _>>()?;
        let mut columns = vec![None; self.aggregations.len()];
        for (group, lane) in self.groups.iter_mut().zip(&lanes) {
            match (&mut group.kernel, lane) {
                (Kernel::Float(kernel), LaneColumn::Float(column)) => {
                    kernel.update(column.values(), column.nulls());
                    for (index, &position) in group.serves.iter().enumerate() {
                        let value = Float64Array::from(vec![kernel.value(index)]);
                        columns[position] = Some(self.aggregations[position].float_array(value)?);
                    }
                }
                (Kernel::Integer(kernel), LaneColumn::Integer(column)) => {
                    kernel.update(column.values(), column.nulls());
                    for &position in &group.serves {
                        let aggregation = &self.aggregations[position];
                        let value = Int64Array::from(vec![kernel.value(aggregation.function)?]);
                        columns[position] = Some(aggregation.integers(value)?);
                    }
                }
                (Kernel::Grouped(kernel), lane) => {
                    self.ids.resize(rows, 0);
                    kernel.update(&self.ids, lane)?;
                    let position = group.serves[0];
                    let aggregation = &self.aggregations[position];
                    columns[position] = Some(kernel.results(aggregation, &[0], true)?);
                }
                _ => return Err(PlanError::Internal("aggregate of another lane".to_owned())),
            }
        }
        let columns = columns
            .into_iter()
            .map(|column| column.ok_or_else(|| PlanError::Internal("no result".to_owned())))
            .collect::<Result<_, _>>()?;
        Ok(Some(Value::new(1, columns)))
    }

    fn snapshot(&self) -> Vec<Vec<u8>> {
        self.groups
            .iter()
            .map(|group| match &group.kernel {
                Kernel::Float(kernel) => kernel.snapshot(),
                Kernel::Integer(kernel) => kernel.snapshot(),
                Kernel::Grouped(kernel) => kernel.snapshot(),
            })
            .collect()
    }

    fn restore(&mut self, state: &[&[u8]]) -> Result<(), PlanError> {
        expect_parts(state, self.groups.len())?;
        for (group, part) in self.groups.iter_mut().zip(state) {
            match &mut group.kernel {
                Kernel::Float(kernel) => kernel.restore(part)?,
                Kernel::Integer(kernel) => kernel.restore(part)?,
                Kernel::Grouped(kernel) => kernel.restore(part)?,
            }
        }
        Ok(())
    }
}
