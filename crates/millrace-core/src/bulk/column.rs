//! Columns as kernels pass them on.

use std::borrow::Cow;

use crate::kernel_error::KernelError;

/// The values of one column, owned or lent.
#[derive(Debug, Clone, PartialEq)]
pub enum Column<'a> {
    /// Single precision: what devices compute in.
    F32(Cow<'a, [f32]>),
    /// Double precision: summaries, and columns of the devices that have it.
    F64(Cow<'a, [f64]>),
    /// Signed integers.
    I32(Cow<'a, [i32]>),
    /// Unsigned integers: counts, ids and indices.
    U32(Cow<'a, [u32]>),
}

/// The type of a [`Column`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ColumnKind {
    /// Single precision.
    F32,
    /// Double precision.
    F64,
    /// Signed integers of 32 bits.
    I32,
    /// Unsigned integers of 32 bits.
    U32,
}

impl ColumnKind {
    /// Its name among the types of columns.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F64 => "f64",
            Self::I32 => "i32",
            Self::U32 => "u32",
        }
    }

    /// Bytes of a value.
    #[must_use]
    pub fn width(self) -> usize {
        if self == Self::F64 { 8 } else { 4 }
    }
}

impl Column<'_> {
    /// How many values there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::F32(values) => values.len(),
            Self::F64(values) => values.len(),
            Self::I32(values) => values.len(),
            Self::U32(values) => values.len(),
        }
    }

    /// Whether there is no value.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The type of the values.
    #[must_use]
    pub fn kind(&self) -> ColumnKind {
        match self {
            Self::F32(_) => ColumnKind::F32,
            Self::F64(_) => ColumnKind::F64,
            Self::I32(_) => ColumnKind::I32,
            Self::U32(_) => ColumnKind::U32,
        }
    }

    /// The same values, owned.
    #[must_use]
    pub fn to_owned(&self) -> Column<'static> {
        match self {
            Self::F32(values) => values.to_vec().into(),
            Self::F64(values) => values.to_vec().into(),
            Self::I32(values) => values.to_vec().into(),
            Self::U32(values) => values.to_vec().into(),
        }
    }

    /// The values as f32.
    ///
    /// # Errors
    /// Where they are of another type.
    pub fn f32s(&self, step: &str) -> Result<&[f32], KernelError> {
        match self {
            Self::F32(values) => Ok(values),
            other => Err(wrong_kind(step, ColumnKind::F32, other.kind())),
        }
    }
}

/// The error of a step that is given another type than it takes.
#[must_use]
pub fn wrong_kind(step: &str, wanted: ColumnKind, got: ColumnKind) -> KernelError {
    KernelError::TypeMismatch(format!(
        "Cannot run {step}: its column must be {}, got {}",
        wanted.name(),
        got.name()
    ))
}

/// The error of a step that takes one column.
#[must_use]
pub fn wrong_count(step: &str, got: usize) -> KernelError {
    KernelError::InvalidArgument(format!("Cannot run {step}: it takes one column, got {got}"))
}

/// The only column of a batch.
pub(crate) fn only<'a>(
    step: &str,
    columns: &'a [Column<'a>],
) -> Result<&'a Column<'a>, KernelError> {
    match columns {
        [column] => Ok(column),
        _ => Err(wrong_count(step, columns.len())),
    }
}

macro_rules! from_vec {
    ($variant:ident, $value:ty) => {
        impl From<Vec<$value>> for Column<'static> {
            fn from(values: Vec<$value>) -> Self {
                Self::$variant(values.into())
            }
        }
    };
}

from_vec!(F32, f32);
from_vec!(F64, f64);
from_vec!(I32, i32);
from_vec!(U32, u32);
