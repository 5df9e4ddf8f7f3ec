//! Decoders that turn files, streams and messages into column batches, and what writes these to files.
#![forbid(unsafe_code)]

pub mod arrow;
pub mod avro;
mod column;
mod convert;
mod error;
mod input;
pub mod message;
pub mod parquet;
pub mod partitioned;
mod reading;
pub mod text;
pub mod write;

pub use column::{FileColumn, Wanted};
pub use error::ReadError;
pub use input::{Bytes, Fed, Feed, feed};
pub use reading::{Decoded, Decoder, Poll, Reading, Refused, Signal};
