//! Errors of the core as JavaScript errors with a stable `code`.

use millrace_core::error::PlanError;
use millrace_io::ReadError;

pub(crate) use millrace_binding::{Failure, Result, guard};

/// An error of a plan.
pub(crate) fn core_error(error: PlanError) -> Failure {
    Failure::new(error.code(), error.to_string())
}

/// An error of a reader.
pub(crate) fn read_error(error: ReadError) -> Failure {
    Failure::new(error.code(), error.to_string())
}
