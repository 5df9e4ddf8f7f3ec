//! What a kernel can refuse.

use thiserror::Error;

/// Why a kernel refused its input. The state of the kernel is as it was before the call.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum KernelError {
    /// A column of another type than the kernel takes.
    #[error("{0}")]
    TypeMismatch(String),
    /// A parameter outside its range; the text states the action, the value and what was wanted.
    #[error("{0}")]
    InvalidArgument(String),
    /// An exact integer result left its type's range.
    #[error("{0}")]
    Overflow(String),
    /// Bytes given to a `restore` that this version did not write.
    #[error("Cannot restore {kernel}: {detail}")]
    CorruptState {
        /// The kernel that was to be restored.
        kernel: &'static str,
        /// What is wrong with the bytes.
        detail: String,
    },
}
