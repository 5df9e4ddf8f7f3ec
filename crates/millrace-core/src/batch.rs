//! What goes into a plan and what comes out of it.

use arrow_array::ArrayRef;

/// Rows of one input: one array per column of the input's schema, each of `rows` values.
///
/// An array of a column that the plan does not use is not looked at and may be empty.
#[derive(Debug, Clone)]
pub struct Batch {
    /// Number of rows.
    pub rows: usize,
    /// One array per column, in the order of the input's columns.
    pub columns: Vec<ArrayRef>,
}

/// Form of what a sink receives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EmissionKind {
    /// One value.
    Scalar,
    /// One column.
    Series,
    /// Columns of equal length, row by row.
    Frame,
    /// Columns of equal length, keys first.
    Table,
}

impl EmissionKind {
    /// The name used in plan descriptions.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            Self::Series => "series",
            Self::Frame => "frame",
            Self::Table => "table",
        }
    }
}

/// What one sink receives; names and types of its columns are those of [`crate::plan::SinkSchema`].
#[derive(Debug, Clone)]
pub struct Emission {
    /// Index of the sink among the plan's sinks.
    pub sink: usize,
    /// Form of the emission.
    pub kind: EmissionKind,
    /// Number of rows.
    pub rows: usize,
    /// One array per column.
    pub columns: Vec<ArrayRef>,
}
