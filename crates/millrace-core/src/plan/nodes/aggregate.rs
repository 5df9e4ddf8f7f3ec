//! `aggregate`: running aggregates since the start, one row for each batch.

use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{Array, Float64Array, Int64Array};
use arrow_buffer::{BooleanBuffer, NullBuffer};

use super::grouped_kernel::GroupedKernel;
use crate::aggregate::{AggregateFunction, RunningAggregate, RunningInteger};
use crate::column_type::ColumnType;
use crate::error::PlanError;
use crate::expression::{BlockProgram, Expressions};
use crate::plan::aggregation::{Aggregation, Lane, LaneColumn};
use crate::plan::build::Masked;
use crate::plan::operator::{Context, Operator, Reduction, Value, expect_parts};

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
    masked: Masked,
    /// What gives the values and the mask block by block, where these are made of floats alone.
    program: Option<BlockProgram>,
}

/// The rows of a batch as a kernel takes them.
enum Rows {
    /// The columns that the group's program reads.
    Blocks(Vec<Float64Array>, usize),
    Lane(LaneColumn),
}

/// Running aggregates; those of one column share a kernel.
#[derive(Debug)]
pub(crate) struct AggregateNode {
    aggregations: Vec<Aggregation>,
    groups: Vec<Group>,
    /// A zero for each row.
    ids: Vec<u32>,
}

impl AggregateNode {
    pub(crate) fn new(
        aggregations: Vec<(Aggregation, Masked)>,
        expressions: &Expressions,
    ) -> Result<Self, PlanError> {
        let (aggregations, masks): (Vec<Aggregation>, Vec<Masked>) =
            aggregations.into_iter().unzip();
        let mut groups: Vec<Group> = Vec::new();
        for (position, (aggregation, masked)) in aggregations.iter().zip(masks).enumerate() {
            let shared = groups.iter_mut().find(|group| {
                let other = &aggregations[group.serves[0]];
                let alone = matches!(aggregation.lane, Lane::Text | Lane::Distinct);
                let same = (other.lane, other.column) == (aggregation.lane, aggregation.column);
                !alone && same && group.masked == masked
            });
            match shared {
                Some(group) => group.serves.push(position),
                None => groups.push(Group {
                    kernel: Kernel::Integer(RunningInteger::new()),
                    serves: vec![position],
                    masked,
                    program: None,
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
                    group.program = first.column.and_then(|column| {
                        BlockProgram::compile(expressions, column, &group.masked.conditions)
                    });
                }
                Lane::Text | Lane::Distinct => {
                    group.kernel = Kernel::Grouped(Box::new(GroupedKernel::new(first)?));
                }
                Lane::Integer | Lane::Presence => {}
            }
        }
        Ok(Self {
            aggregations,
            groups,
            ids: Vec::new(),
        })
    }
}

impl Group {
    fn rows(
        &self,
        aggregations: &[Aggregation],
        context: &mut Context<'_>,
    ) -> Result<Rows, PlanError> {
        let rows = context.value(self.masked.rows_of)?.rows;
        if let Some(program) = &self.program {
            let columns = program
                .leaves()
                .iter()
                .map(|&leaf| {
                    Ok(context
                        .array(leaf, rows)?
                        .as_primitive::<Float64Type>()
                        .clone())
                })
                .collect::<Result<Vec<_>, PlanError>>()?;
            if columns.iter().all(|column| column.null_count() == 0) {
                return Ok(Rows::Blocks(columns, rows));
            }
        }
        let lane = aggregations[self.serves[0]].lane(context, rows)?;
        let mut mask: Option<BooleanBuffer> = None;
        for &condition in &self.masked.conditions {
            let condition = context.array(condition, rows)?;
            let condition = condition.as_boolean();
            let holds = match condition.nulls() {
                Some(nulls) => condition.values() & nulls.inner(),
                None => condition.values().clone(),
            };
            mask = Some(mask.map_or_else(|| holds.clone(), |mask| &mask & &holds));
        }
        Ok(Rows::Lane(match mask {
            Some(mask) => lane.masked(&NullBuffer::new(mask)),
            None => lane,
        }))
    }
}

impl Operator for AggregateNode {
    fn run(&mut self, context: &mut Context<'_>) -> Result<Option<Value>, PlanError> {
        let lanes = self
            .groups
            .iter()
            .map(|group| group.rows(&self.aggregations, context))
            .collect::<Result<Vec<_>, _>>()?;
        let mut columns = vec![None; self.aggregations.len()];
        for (group, lane) in self.groups.iter_mut().zip(&lanes) {
            match (&mut group.kernel, lane) {
                (Kernel::Float(kernel), lane) => {
                    match (lane, &mut group.program) {
                        (Rows::Lane(LaneColumn::Float(column)), _) => {
                            kernel.update(column.values(), column.nulls());
                        }
                        (Rows::Blocks(columns, rows), Some(program)) => {
                            let columns: Vec<&[f64]> =
                                columns.iter().map(|column| &column.values()[..]).collect();
                            program.reduce(&columns, *rows, &mut [kernel]);
                        }
                        _ => return Err(other_lane()),
                    }
                    for (index, &position) in group.serves.iter().enumerate() {
                        let value = Float64Array::from(vec![kernel.value(index)]);
                        columns[position] = Some(self.aggregations[position].float_array(value)?);
                    }
                }
                (Kernel::Integer(kernel), Rows::Lane(LaneColumn::Integer(column))) => {
                    kernel.update(column.values(), column.nulls());
                    for &position in &group.serves {
                        let aggregation = &self.aggregations[position];
                        let value = Int64Array::from(vec![kernel.value(aggregation.function)?]);
                        columns[position] = Some(aggregation.integers(value)?);
                    }
                }
                (Kernel::Grouped(kernel), Rows::Lane(lane)) => {
                    self.ids.resize(lane.len(), 0);
                    kernel.update(&self.ids, lane)?;
                    let position = group.serves[0];
                    let aggregation = &self.aggregations[position];
                    columns[position] = Some(kernel.results(aggregation, &[0], true)?);
                }
                _ => return Err(other_lane()),
            }
        }
        let columns = columns
            .into_iter()
            .map(|column| column.ok_or_else(|| PlanError::Internal("no result".to_owned())))
            .collect::<Result<_, _>>()?;
        Ok(Some(Value::new(1, columns)))
    }

    fn reduction(&mut self) -> Option<Reduction<'_>> {
        let ([aggregation], [group]) = (&self.aggregations[..], &mut self.groups[..]) else {
            return None;
        };
        let Kernel::Float(kernel) = &mut group.kernel else {
            return None;
        };
        let program = group.program.as_ref()?;
        (aggregation.output == ColumnType::F64).then_some(Reduction {
            program,
            key: (aggregation.column, &group.masked.conditions),
            kernel,
        })
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

fn other_lane() -> PlanError {
    PlanError::Internal("aggregate of another lane".to_owned())
}
