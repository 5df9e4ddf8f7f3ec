//! What a GPU can refuse.

use std::fmt;

use millrace_core::kernel_error::KernelError;

/// Why there is no GPU, or what went wrong on it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum GpuError {
    /// There is none to compute on: the reason.
    Unavailable(String),
    /// The device is gone, and with it what lay on it. Chains go on elsewhere from their snapshots.
    Lost(String),
    /// More than the device takes; the text names the adapter and the limit.
    Limit(String),
    /// Something the adapter cannot compute; the text names both.
    Unsupported(String),
    /// Input that the kernel refuses on every device.
    Kernel(KernelError),
    /// A defect of millrace itself, or of the driver.
    Internal(String),
}

impl GpuError {
    /// The stable code, such as `ERR_NO_GPU`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unavailable(_) => "ERR_NO_GPU",
            Self::Lost(_) => "ERR_GPU_LOST",
            Self::Limit(_) => "ERR_GPU_LIMIT",
            Self::Unsupported(_) => "ERR_GPU_UNSUPPORTED",
            Self::Kernel(KernelError::TypeMismatch(_)) => "ERR_TYPE_MISMATCH",
            Self::Kernel(KernelError::InvalidArgument(_)) => "ERR_INVALID_ARGUMENT",
            Self::Kernel(KernelError::Overflow(_)) => "ERR_OVERFLOW",
            Self::Kernel(KernelError::CorruptState { .. }) => "ERR_CORRUPT_STATE",
            Self::Internal(_) => "ERR_GPU_INTERNAL",
        }
    }
}

impl fmt::Display for GpuError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unavailable(text)
            | Self::Lost(text)
            | Self::Limit(text)
            | Self::Unsupported(text)
            | Self::Internal(text) => formatter.write_str(text),
            Self::Kernel(error) => error.fmt(formatter),
        }
    }
}

impl std::error::Error for GpuError {}

impl From<KernelError> for GpuError {
    fn from(error: KernelError) -> Self {
        Self::Kernel(error)
    }
}
