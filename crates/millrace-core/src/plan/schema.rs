//! What is known of a node before any batch.

use crate::batch::EmissionKind;
use crate::column_type::ColumnType;

/// One column of a node, an input or a sink.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnSchema {
    /// Name of the column.
    pub name: String,
    /// Type of its values.
    pub column_type: ColumnType,
    /// The plan's dictionary that the ids of a utf8 column belong to; plain text without.
    pub dictionary: Option<usize>,
}

/// One input of a plan.
#[derive(Debug, Clone)]
pub struct InputSchema {
    /// Name of the input.
    pub name: String,
    /// Its columns.
    pub columns: Vec<ColumnSchema>,
    /// Which of the columns the plan reads.
    pub used: Vec<bool>,
}

/// One sink of a plan.
#[derive(Debug, Clone)]
pub struct SinkSchema {
    /// The sink's node.
    pub node: usize,
    /// Form of what it receives.
    pub kind: EmissionKind,
    /// The columns of what it receives.
    pub columns: Vec<ColumnSchema>,
}

/// One node.
#[derive(Debug, Clone)]
pub(crate) struct NodeSchema {
    pub(crate) kind: EmissionKind,
    pub(crate) columns: Vec<ColumnSchema>,
    /// Whose rows these are: the node that began them.
    pub(crate) domain: usize,
}
