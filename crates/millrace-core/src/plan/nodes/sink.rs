//! `sink`: hands its input out.

use crate::error::PlanError;
use crate::plan::operator::{Context, Operator, Value};

/// Hands its input out; the plan collects it.
#[derive(Debug)]
pub(crate) struct Sink {
    pub(crate) input: usize,
}

impl Operator for Sink {
    fn run(&mut self, context: &mut Context<'_>) -> Result<Option<Value>, PlanError> {
        Ok(Some(context.value(self.input)?.clone()))
    }

    fn is_stateful(&self) -> bool {
        false
    }
}
