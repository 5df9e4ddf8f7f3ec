//! What the N-API addons have in common: errors with a stable code, a guard against panics, and
//! columns in and out.
#![forbid(unsafe_code)]

mod columns;
mod failure;

pub use columns::{JsColumn, column_of, columns_in, columns_out};
pub use failure::{Failure, Guarded, Result, guard};
