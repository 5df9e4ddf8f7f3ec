//! `ewm`: an exponentially weighted statistic after every row.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{Array, ArrayRef, Float64Array};

use crate::error::PlanError;
use crate::ewm::{Decay, Ewm, EwmFunction};
use crate::expression::ExpressionId;
use crate::plan::operator::{Context, Operator, Value, expect_parts};

/// The weighted statistic of each column, which must be f64.
#[derive(Debug)]
pub(crate) struct EwmNode {
    input: usize,
    columns: Vec<ExpressionId>,
    kernels: Vec<Ewm>,
}

impl EwmNode {
    pub(crate) fn new(
        input: usize,
        decay: Decay,
        function: EwmFunction,
        columns: Vec<ExpressionId>,
    ) -> Result<Self, PlanError> {
        let kernels = columns
            .iter()
            .map(|_| Ewm::new(decay, function))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            input,
            columns,
            kernels,
        })
    }
}

impl Operator for EwmNode {
    fn run(&mut self, context: &mut Context<'_>) -> Result<Option<Value>, PlanError> {
        let rows = context.value(self.input)?.rows;
        let arrays = self
            .columns
            .iter()
            .map(|&column| context.array(column, rows))
            .collect::<Result<Vec<_>, _>>()?;
        let columns = self
            .kernels
            .iter_mut()
            .zip(&arrays)
            .map(|(kernel, array)| {
                let column = array.as_primitive::<Float64Type>();
                let mut out = vec![0.0; rows];
                let nulls = kernel.push(column.values(), column.nulls(), &mut out);
                Arc::new(Float64Array::new(out.into(), nulls)) as ArrayRef
            })
            .collect();
        Ok(Some(Value::new(rows, columns)))
    }

    fn snapshot(&self) -> Vec<Vec<u8>> {
        self.kernels.iter().map(Ewm::snapshot).collect()
    }

    fn restore(&mut self, state: &[&[u8]]) -> Result<(), PlanError> {
        expect_parts(state, self.kernels.len())?;
        for (kernel, part) in self.kernels.iter_mut().zip(state) {
            kernel.restore(part)?;
        }
        Ok(())
    }
}
