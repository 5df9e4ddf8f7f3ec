//! Errors and panics as JavaScript errors with a stable `code`.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// An error whose status becomes `code` of the JavaScript error.
pub type Failure = napi::Error<&'static str>;

/// What every exported function returns.
pub type Result<T> = napi::Result<T, &'static str>;

/// Code of an error that is a defect of millrace itself.
const INTERNAL: &str = "ERR_INTERNAL";

/// Runs `body`; a panic in it becomes an `ERR_INTERNAL` error.
///
/// # Errors
/// Those of `body`.
pub fn guard<T>(action: &str, body: impl FnOnce() -> Result<T>) -> Result<T> {
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

/// Something that a panic may leave in pieces: it is not used again then.
#[derive(Debug)]
pub struct Guarded<T>(Option<T>);

impl<T> Guarded<T> {
    /// Guards a value.
    pub fn new(value: T) -> Self {
        Self(Some(value))
    }

    /// Calls `body` with the value, as [`guard`] does.
    ///
    /// # Errors
    /// Those of `body`, and `ERR_INTERNAL` once it has panicked.
    pub fn with<R>(&mut self, action: &str, body: impl FnOnce(&mut T) -> Result<R>) -> Result<R> {
        let Some(mut value) = self.0.take() else {
            return Err(Failure::new(
                INTERNAL,
                format!("Cannot {action}: an earlier call ended in an internal failure"),
            ));
        };
        let (value, outcome) = guard(action, move || {
            let outcome = body(&mut value);
            Ok((value, outcome))
        })?;
        self.0 = Some(value);
        outcome
    }
}
