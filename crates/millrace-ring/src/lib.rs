//! Work on another thread: a bounded queue between one producing and one consuming thread, without
//! locks on its way, and a worker between two of them.
//!
//! A full ring is told of, or waited for by who chooses to: the producer decides what its
//! backpressure is. An end may sleep until the other has done something; a lock is taken only to
//! sleep and to wake one that sleeps.
//!
//! This is the one crate with unsafe code of its own, all of it in `ring.rs`.

mod bell;
mod ring;
mod signal;
mod sync;
#[cfg(not(loom))]
mod worker;

pub use ring::{Consumer, Limits, Producer, PushError, ring};
pub use signal::Signal;
#[cfg(not(loom))]
pub use worker::Worker;
