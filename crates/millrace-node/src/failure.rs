//! Errors and panics of the core as JavaScript errors with a stable `code`.

use std::panic::{AssertUnwindSafe, catch_unwind};

use millrace_core::error::PlanError;
use millrace_io::ReadError;

/// An error whose status becomes `code` of the JavaScript error.
pub(crate) type Failure = napi::Error<&'static str>;

/// What every exported function returns.
pub(crate) type Result<T> = napi::Result<T, &'static str>;

/// Code of an error that is a defect of millrace itself.
const INTERNAL: &str = "ERR_INTERNAL";

/// An error of a plan.
pub(crate) fn core_error(error: PlanError) -> Failure {
    Failure::new(error.code(), error.to_string())
}

/// An error of a reader.
pub(crate) fn read_error(error: ReadError) -> Failure {
    Failure::new(error.code(), error.to_string())
}

/// Runs `body`; a panic in it becomes an `ERR_INTERNAL` error.
pub(crate) fn guard<T>(action: &str, body: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|payload| {
        let what = payload
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| payload.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "unknown cause".to_owned());
        Err(Failure::new(
            INTERNAL,
            format!("Cannot {action}: internal failure, {what}"),
        ))
    })
}
