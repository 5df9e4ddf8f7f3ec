//! What another node puts aside: groups that were given up, rows that came too late.

use crate::error::PlanError;
use crate::plan::operator::{Context, Operator, Value};

/// Shows what its input puts aside; nothing for a batch where there is none.
#[derive(Debug)]
pub(crate) struct Aside {
    pub(crate) input: usize,
}

impl Operator for Aside {
    fn run(&mut self, context: &mut Context<'_>) -> Result<Option<Value>, PlanError> {
        Ok(context.value(self.input)?.aside.as_deref().cloned())
    }

    fn is_stateful(&self) -> bool {
        false
    }
}
