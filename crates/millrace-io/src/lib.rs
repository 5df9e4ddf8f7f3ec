//! Decoders that turn files into column batches.
#![forbid(unsafe_code)]
