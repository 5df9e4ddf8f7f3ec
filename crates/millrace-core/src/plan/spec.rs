//! The text form of a plan: JSON, as the frame layer writes it.

use serde::Deserialize;

use crate::column_type::ColumnType;

/// A whole plan.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlanSpec {
    pub(crate) inputs: Vec<InputSpec>,
    pub(crate) nodes: Vec<NodeSpec>,
}

/// One input and its columns.
#[derive(Debug, Deserialize)]
pub(crate) struct InputSpec {
    #[serde(default)]
    pub(crate) name: String,
    pub(crate) columns: Vec<ColumnSpec>,
}

/// One column of an input.
#[derive(Debug, Deserialize)]
pub(crate) struct ColumnSpec {
    pub(crate) name: String,
    #[serde(rename = "type")]
    pub(crate) column_type: ColumnType,
    #[serde(default)]
    pub(crate) dictionary: bool,
}

/// One node; nodes are listed in topological order and named by their index.
#[derive(Debug, Deserialize)]
#[serde(tag = "op", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(crate) enum NodeSpec {
    Input {
        input: usize,
    },
    Project {
        expr: ExprSpec,
        #[serde(default)]
        name: Option<String>,
    },
    Frame {
        columns: Vec<NamedExprSpec>,
    },
    Filter {
        input: usize,
        predicate: ExprSpec,
    },
    Aggregate {
        input: usize,
        aggs: Vec<AggSpec>,
    },
    Rolling {
        input: usize,
        n: f64,
        #[serde(default)]
        min_periods: Option<f64>,
        aggs: Vec<AggSpec>,
    },
    RollingSpan {
        input: usize,
        span: String,
        on: ExprSpec,
        #[serde(default)]
        keys: Vec<NamedExprSpec>,
        #[serde(default)]
        min_periods: Option<f64>,
        aggs: Vec<AggSpec>,
    },
    GroupRolling {
        input: usize,
        keys: Vec<NamedExprSpec>,
        n: f64,
        #[serde(default)]
        min_periods: Option<f64>,
        aggs: Vec<AggSpec>,
    },
    GroupShift {
        input: usize,
        keys: Vec<NamedExprSpec>,
        column: ExprSpec,
        n: f64,
        #[serde(default, rename = "as")]
        name: Option<String>,
    },
    GroupBy {
        input: usize,
        keys: Vec<NamedExprSpec>,
        aggs: Vec<AggSpec>,
        #[serde(default)]
        emit: EmitSpec,
        #[serde(default)]
        max_groups: Option<f64>,
        #[serde(default)]
        ttl: Option<String>,
        #[serde(default)]
        on: Option<String>,
    },
    Evicted {
        input: usize,
    },
    Reorder {
        input: usize,
        on: String,
        lateness: String,
        max_rows: f64,
    },
    Late {
        input: usize,
    },
    PartitionGroupBy {
        input: usize,
        on: String,
        every: String,
        #[serde(default)]
        keys: Vec<NamedExprSpec>,
        aggs: Vec<AggSpec>,
    },
    SlidingWindow {
        input: usize,
        n: f64,
        #[serde(default)]
        return_partial: bool,
        #[serde(default)]
        step: Option<f64>,
        aggs: Vec<AggSpec>,
    },
    Partition {
        input: usize,
        n: f64,
        aggs: Vec<AggSpec>,
    },
    Window {
        input: usize,
        #[serde(default)]
        n: Option<f64>,
        #[serde(default)]
        span: Option<String>,
        #[serde(default)]
        on: Option<ExprSpec>,
        #[serde(default)]
        keys: Vec<NamedExprSpec>,
        aggs: Vec<AggSpec>,
        #[serde(default)]
        emit: EmitSpec,
    },
    Cumulative {
        input: usize,
        #[serde(rename = "fn")]
        function: String,
    },
    Ewm {
        input: usize,
        #[serde(default)]
        com: Option<f64>,
        #[serde(default)]
        span: Option<f64>,
        #[serde(default)]
        halflife: Option<f64>,
        #[serde(default)]
        alpha: Option<f64>,
        #[serde(default, rename = "fn")]
        function: Option<String>,
        #[serde(default)]
        bias: bool,
    },
    Shift {
        input: usize,
        n: f64,
    },
    ForwardFill {
        input: usize,
    },
    ValueCounts {
        input: usize,
        #[serde(default)]
        emit: EmitSpec,
    },
    Sink {
        input: usize,
    },
}

/// Which groups a group-by emits after a batch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum EmitSpec {
    /// All groups seen since the start.
    #[default]
    All,
    /// The groups of which this batch had rows.
    Changes,
    /// No group; all of them when the input ends.
    End,
}

/// An expression and the name of its column.
#[derive(Debug, Deserialize)]
pub(crate) struct NamedExprSpec {
    pub(crate) name: String,
    pub(crate) expr: ExprSpec,
}

/// One aggregate of one column.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AggSpec {
    #[serde(rename = "fn")]
    pub(crate) function: String,
    #[serde(default)]
    pub(crate) column: Option<ExprSpec>,
    #[serde(default, rename = "as")]
    pub(crate) name: Option<String>,
    #[serde(default)]
    pub(crate) ddof: Option<f64>,
    /// Of a quantile: the share of values below it.
    #[serde(default)]
    pub(crate) q: Option<f64>,
    /// Of a quantile: what it is between two values.
    #[serde(default)]
    pub(crate) interpolation: Option<String>,
}

/// An expression: a column, a literal, or an operator over expressions.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub(crate) enum ExprSpec {
    Operator(OperatorSpec),
    Literal {
        lit: serde_json::Value,
        #[serde(default, rename = "type")]
        literal_type: Option<ColumnType>,
    },
    Column {
        #[serde(default)]
        col: Option<String>,
        of: usize,
    },
}

/// An operator over expressions, with the arguments that are no expressions.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OperatorSpec {
    pub(crate) op: String,
    pub(crate) args: Vec<ExprSpec>,
    #[serde(default)]
    pub(crate) decimals: Option<f64>,
    #[serde(default)]
    pub(crate) every: Option<String>,
    /// The type that `cast` gives.
    #[serde(default)]
    pub(crate) to: Option<ColumnType>,
    /// Whether `cast` refuses what does not fit; else it is missing.
    #[serde(default)]
    pub(crate) strict: Option<bool>,
}
