//! `groupShift`: the value that a column had n rows before among the rows of the same key.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{Array, ArrayRef, Int32Array, Int64Array};

use crate::column_type::ColumnType;
use crate::error::PlanError;
use crate::expression::ExpressionId;
use crate::group::GroupShift;
use crate::plan::aggregation::{LaneColumn, from_float, from_integer};
use crate::plan::keys::GroupKeys;
use crate::plan::operator::{Context, Operator, Value, expect_parts};

#[derive(Debug)]
enum Kernel {
    Float(GroupShift<f64>),
    Integer(GroupShift<i64>),
    /// Ids of a dictionary of the plan.
    Ids {
        dictionary: usize,
        shift: GroupShift<i64>,
    },
}

/// The value n rows before in the row's key; missing for the first n.
#[derive(Debug)]
pub(crate) struct GroupShiftNode {
    input: usize,
    keys: GroupKeys,
    column: ExpressionId,
    output: ColumnType,
    kernel: Kernel,
    ids: Vec<u32>,
}

impl GroupShiftNode {
    /// Shifts `column`, whose values are of a lane or ids of `dictionary`.
    pub(crate) fn new(
        input: usize,
        keys: GroupKeys,
        column: ExpressionId,
        output: ColumnType,
        dictionary: Option<usize>,
        n: usize,
    ) -> Result<Self, PlanError> {
        let kernel = match dictionary {
            Some(dictionary) => Kernel::Ids {
                dictionary,
                shift: GroupShift::new(n)?,
            },
            None if output.is_float() => Kernel::Float(GroupShift::new(n)?),
            None => Kernel::Integer(GroupShift::new(n)?),
        };
        Ok(Self {
            input,
            keys,
            column,
            output,
            kernel,
            ids: Vec::new(),
        })
    }
}

impl Operator for GroupShiftNode {
    fn run(&mut self, context: &mut Context<'_>) -> Result<Option<Value>, PlanError> {
        let rows = context.value(self.input)?.rows;
        let arrays = self.keys.arrays(context, rows)?;
        let source = context.array(self.column, rows)?;
        self.ids.clear();
        self.keys.intern(&arrays, rows, &mut self.ids);
        let column: ArrayRef = match &mut self.kernel {
            Kernel::Ids { dictionary, shift } => {
                let keys = source.as_dictionary::<Int32Type>().keys();
                let wide: Vec<i64> = keys.values().iter().map(|&key| i64::from(key)).collect();
                let mut out = vec![0; rows];
                let nulls = shift.push(&self.ids, &wide, keys.nulls(), &mut out);
                #[expect(clippy::cast_possible_truncation, reason = "these came from i32")]
                let out: Vec<i32> = out.into_iter().map(|key| key as i32).collect();
                let keys = Int32Array::new(out.into(), nulls);
                Arc::new(context.dictionaries[*dictionary].column(keys)?)
            }
            Kernel::Float(kernel) => {
                let LaneColumn::Float(column) = LaneColumn::from_array(&source) else {
                    return Err(PlanError::Internal("shift of another lane".to_owned()));
                };
                let mut out = vec![0.0; rows];
                let nulls = kernel.push(&self.ids, column.values(), column.nulls(), &mut out);
                from_float(
                    arrow_array::Float64Array::new(out.into(), nulls),
                    self.output,
                )?
            }
            Kernel::Integer(kernel) => {
                let LaneColumn::Integer(column) = LaneColumn::from_array(&source) else {
                    return Err(PlanError::Internal("shift of another lane".to_owned()));
                };
                let mut out = vec![0; rows];
                let nulls = kernel.push(&self.ids, column.values(), column.nulls(), &mut out);
                from_integer(Int64Array::new(out.into(), nulls), self.output)?
            }
        };
        Ok(Some(Value::new(rows, vec![column])))
    }

    fn snapshot(&self) -> Vec<Vec<u8>> {
        let mut parts = self.keys.snapshot();
        parts.push(match &self.kernel {
            Kernel::Float(kernel) => kernel.snapshot(),
            Kernel::Integer(kernel) | Kernel::Ids { shift: kernel, .. } => kernel.snapshot(),
        });
        parts
    }

    fn restore(&mut self, state: &[&[u8]]) -> Result<(), PlanError> {
        expect_parts(state, self.keys.parts() + 1)?;
        let (keys, kernel) = state.split_at(self.keys.parts());
        self.keys.restore(keys)?;
        match &mut self.kernel {
            Kernel::Float(shift) => shift.restore(kernel[0])?,
            Kernel::Integer(shift) | Kernel::Ids { shift, .. } => shift.restore(kernel[0])?,
        }
        Ok(())
    }
}
