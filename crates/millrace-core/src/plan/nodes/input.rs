//! `input`: the batch as it comes; the plan puts its columns in place.

use crate::error::PlanError;
use crate::plan::operator::{Context, Operator, Value};

/// Where a batch enters; the plan has set its value before anything runs.
#[derive(Debug)]
pub(crate) struct Input;

impl Operator for Input {
    fn run(&mut self, _context: &mut Context<'_>) -> Result<Option<Value>, PlanError> {
        Ok(None)
    }

    fn is_stateful(&self) -> bool {
        false
    }
}
