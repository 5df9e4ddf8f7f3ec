//! What a plan can refuse, each with a stable code.

use thiserror::Error;

use crate::kernel_error::KernelError;

/// Why a plan could not be built, or a batch not be run.
///
/// The text states the action, the value given and what was wanted; [`PlanError::code`] stays
/// the same from version to version.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PlanError {
    /// A column, node or operator that does not exist.
    #[error("{0}")]
    UnknownColumn(String),
    /// A value of a type that the operator does not take.
    #[error("{0}")]
    TypeMismatch(String),
    /// Columns, offsets or bitmaps whose lengths do not fit each other.
    #[error("{0}")]
    LengthMismatch(String),
    /// A parameter outside its range.
    #[error("{0}")]
    InvalidArgument(String),
    /// An exact integer result beyond its type.
    #[error("{0}")]
    Overflow(String),
    /// A value that a cast cannot turn into one of the type wanted.
    #[error("{0}")]
    Conversion(String),
    /// Bytes given to `restore` that this plan did not write.
    #[error("{0}")]
    CorruptState(String),
    /// A time that is missing, or earlier than the one before it.
    #[error("{0}")]
    Unordered(String),
    /// A defect of millrace itself.
    #[error("{0}")]
    Internal(String),
}

impl PlanError {
    /// The stable code, such as `ERR_UNKNOWN_COLUMN`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownColumn(_) => "ERR_UNKNOWN_COLUMN",
            Self::TypeMismatch(_) => "ERR_TYPE_MISMATCH",
            Self::LengthMismatch(_) => "ERR_LENGTH_MISMATCH",
            Self::InvalidArgument(_) => "ERR_INVALID_ARGUMENT",
            Self::Overflow(_) => "ERR_OVERFLOW",
            Self::Conversion(_) => "ERR_CONVERSION",
            Self::CorruptState(_) => "ERR_CORRUPT_STATE",
            Self::Unordered(_) => "ERR_UNORDERED",
            Self::Internal(_) => "ERR_INTERNAL",
        }
    }
}

impl From<KernelError> for PlanError {
    fn from(error: KernelError) -> Self {
        match error {
            KernelError::TypeMismatch(text) => Self::TypeMismatch(text),
            KernelError::InvalidArgument(text) => Self::InvalidArgument(text),
            KernelError::Overflow(text) => Self::Overflow(text),
            KernelError::CorruptState { .. } => Self::CorruptState(error.to_string()),
        }
    }
}
