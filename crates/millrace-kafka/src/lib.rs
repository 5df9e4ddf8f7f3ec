//! Kafka on threads of its own: messages cross to the caller in batches, each of them one buffer.
#![forbid(unsafe_code)]

mod columns;
mod connect;
pub mod consumer;
mod consumer_context;
pub mod failure;
mod gather;
pub mod packed;
pub mod producer;
mod shared;
pub mod start_from;
