//! The chains of `millrace_core::bulk` on a GPU, by way of Vulkan, Metal or DirectX 12.
//!
//! A [`Gpu`] is opened once; a [`DeviceChain`] takes columns as
//! [`Chain`](millrace_core::bulk::Chain) does and yields the same within the tolerance of its steps.
//! What goes from step to step stays on the device, and so does what a window looks back at.
//!
//! # A kernel
//!
//! Each lives in a folder of `kernels/`: its WGSL, the Rust that records it, and tests against the CPU.
//! It is a [`DeviceKernel`]: `record` adds the dispatches of some rows to a [`Job`] and may keep device
//! memory for the next rows; `settle` takes what was read back and only then moves its state on;
//! `reset` forgets what lies on the device. So an error at any place leaves the state before the batch.
#![forbid(unsafe_code)]

mod adapter;
mod buffers;
mod chain;
mod error;
mod gpu;
mod job;
mod kernel;
mod kernels;
mod tail;
#[cfg(test)]
mod testing;

pub use adapter::Choice;
pub use buffers::{Buffer, Usage};
pub use chain::DeviceChain;
pub use error::GpuError;
pub use gpu::{Gpu, Shader, WORKGROUP};
pub use job::{Job, ReadBack, Results};
pub use kernel::{DeviceColumn, DeviceKernel};

/// The WGSL that every kernel begins with.
pub const PRELUDE: &str = include_str!("prelude.wgsl");
