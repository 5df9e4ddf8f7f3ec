//! Errors and panics of the core as JavaScript errors with a stable `code`.

use std::panic::{AssertUnwindSafe, catch_unwind};

use napi::Error;

/// What every exported function returns: the status becomes `code` of the JavaScript error.
pub(crate) type Result<T> = napi::Result<T, &'static str>;

/// Code of an error that is a defect of millrace itself.
pub(crate) const INTERNAL: &str = "ERR_INTERNAL";

pub(crate) fn guard<T>(
    action: &str,
    body: impl FnOnce() -> Result<T>,
) -> Result<T> {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|payload| {
        let what = payload
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| payload.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "unknown cause".to_owned());
        Err(Error::new(INTERNAL, format!("Cannot {action}: internal failure, {what}")))
    })
}
