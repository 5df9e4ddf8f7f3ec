//! What reading and writing files can fail with.

use thiserror::Error;

/// Why a file could not be read or written.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The file cannot be opened or read.
    #[error("Cannot read {path}: {detail}")]
    Io {
        /// The path as given.
        path: String,
        /// What the operating system said.
        detail: String,
    },
    /// A file cannot be written.
    #[error("Cannot write to {path}: {detail}")]
    Write {
        /// The path.
        path: String,
        /// What the operating system or the encoder said.
        detail: String,
    },
    /// The bytes are not what the format says.
    #[error("Cannot read {path}: it must be a valid {format} file, {detail}")]
    Corrupt {
        /// The path as given.
        path: String,
        /// Name of the format.
        format: &'static str,
        /// What is wrong.
        detail: String,
    },
    /// A record that is none of the columns' rows, where such are errors.
    #[error("Cannot read {path}: line {line}, {reason}")]
    BadRow {
        /// The path as given.
        path: String,
        /// The line that the record begins with.
        line: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// A parameter outside its range.
    #[error("{0}")]
    InvalidArgument(String),
}

impl ReadError {
    /// What the operating system said about a file.
    pub(crate) fn io(path: &str, error: &std::io::Error) -> Self {
        Self::Io {
            path: path.to_owned(),
            detail: error.to_string(),
        }
    }

    /// The stable code, such as `ERR_CORRUPT_FILE`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Io { .. } | Self::Write { .. } => "ERR_IO",
            Self::Corrupt { .. } => "ERR_CORRUPT_FILE",
            Self::BadRow { .. } => "ERR_BAD_ROW",
            Self::InvalidArgument(_) => "ERR_INVALID_ARGUMENT",
        }
    }
}
