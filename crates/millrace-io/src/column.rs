//! The columns of files, and which of them are wanted.

use millrace_core::column_type::ColumnType;

/// A column of a file or of records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileColumn {
    /// Name of the column.
    pub name: String,
    /// Type of its values.
    pub column_type: ColumnType,
}

/// What becomes of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// It is passed over; a batch has an empty array in its place.
    Unused,
    /// Its values; text as plain strings.
    Plain,
    /// Text as ids of a dictionary, which hardly changes from batch to batch. As `Plain` for other
    /// types.
    Interned,
}
