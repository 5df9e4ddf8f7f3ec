//! Decoders that turn files into column batches.
#![forbid(unsafe_code)]

mod convert;
mod error;
pub mod parquet;

pub use error::ReadError;
