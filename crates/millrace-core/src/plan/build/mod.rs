//! Turns the text form of a plan into operators: every name resolved, every type known.

mod aggregations;
mod fuse;
mod groups;
mod parameters;
mod prune;
mod rows;
mod rows_before;
mod spans;

use aggregations::outputs;
pub(super) use fuse::{Masked, inlined};
use parameters::{periods, positive};
use spans::WindowSpec;

use super::nodes::aggregate::AggregateNode;
use super::nodes::input::Input;
use super::nodes::rolling::{RollingNode, RollingParts};
use super::nodes::sink::Sink;
use super::nodes::sliding_window::Windows;
use super::operator::Operator;
use super::schema::{ColumnSchema, InputSchema, NodeSchema, SinkSchema};
use super::spec::{ExprSpec, NodeSpec, PlanSpec};
use crate::batch::EmissionKind;
use crate::column_type::ColumnType;
use crate::error::PlanError;
use crate::ewm::Decay;
use crate::expression::{ColumnRef, ExpressionId, Expressions, Scope};
use crate::window::Extent;

/// A column of a node: its node and its index.
type Column = (usize, usize);

/// Which columns a node reads, so that unused ones are never computed.
#[derive(Debug)]
enum Reads {
    /// These, always.
    All(Vec<Column>),
    /// Those of each of its columns that is used.
    PerColumn(Vec<Vec<Column>>),
    /// Those of its predicate, and of the input what is used of its own.
    Filter {
        predicate: Vec<Column>,
        input: usize,
    },
}

/// One node, built.
#[derive(Debug)]
pub(super) struct BuiltNode {
    pub(super) operator: Box<dyn Operator>,
    pub(super) schema: NodeSchema,
    /// Nodes whose values it needs.
    pub(super) needs: Vec<usize>,
    /// The input that reaches it.
    pub(super) input: usize,
    /// Whether it has to run.
    pub(super) needed: bool,
    reads: Reads,
}

/// A plan's parts.
#[derive(Debug, Default)]
pub(super) struct Built {
    pub(super) expressions: Expressions,
    pub(super) nodes: Vec<BuiltNode>,
    pub(super) inputs: Vec<InputSchema>,
    pub(super) sinks: Vec<SinkSchema>,
    pub(super) dictionaries: usize,
}

/// The nodes built so far, as expressions see them.
struct Nodes<'a>(&'a [BuiltNode]);

impl Scope for Nodes<'_> {
    fn column(
        &self,
        node: usize,
        name: Option<&str>,
        action: &str,
    ) -> Result<ColumnRef, PlanError> {
        let schema = &find(self.0, node, action)?.schema;
        let column = match name {
            Some(name) => schema.columns.iter().position(|column| column.name == name),
            None if schema.columns.len() == 1 => Some(0),
            None => None,
        };
        let Some(column) = column else {
            let known: Vec<&str> = schema
                .columns
                .iter()
                .map(|column| column.name.as_str())
                .collect();
            return Err(PlanError::UnknownColumn(format!(
                "Cannot {action}: column must be one of {}, got {}",
                known.join(", "),
                name.unwrap_or("none")
            )));
        };
        let ColumnSchema {
            column_type,
            dictionary,
            ..
        } = schema.columns[column];
        Ok(ColumnRef {
            column,
            column_type,
            dictionary,
            domain: schema.domain,
        })
    }

    fn domain_name(&self, domain: usize) -> String {
        format!("node {domain}")
    }
}

fn find<'a>(nodes: &'a [BuiltNode], node: usize, action: &str) -> Result<&'a BuiltNode, PlanError> {
    nodes.get(node).ok_or_else(|| {
        PlanError::UnknownColumn(format!(
            "Cannot {action}: node must be one of the {} before it, got {node}",
            nodes.len()
        ))
    })
}

/// Builds a plan.
pub(super) fn build(spec: &PlanSpec) -> Result<Built, PlanError> {
    let mut built = Built::default();
    for input in &spec.inputs {
        let mut columns: Vec<ColumnSchema> = Vec::with_capacity(input.columns.len());
        for column in &input.columns {
            if columns.iter().any(|known| known.name == column.name) {
                return Err(PlanError::InvalidArgument(format!(
                    "Cannot create input {}: column names must differ, got {} twice",
                    input.name, column.name
                )));
            }
            let dictionary = (column.dictionary && column.column_type == ColumnType::Utf8)
                .then_some(built.dictionaries);
            built.dictionaries += usize::from(dictionary.is_some());
            columns.push(ColumnSchema {
                name: column.name.clone(),
                column_type: column.column_type,
                dictionary,
            });
        }
        let used = vec![false; columns.len()];
        built.inputs.push(InputSchema {
            name: input.name.clone(),
            columns,
            used,
        });
    }
    for node in &spec.nodes {
        let node = built.node(node)?;
        built.nodes.push(node);
    }
    built.prune();
    let needed = built.needed();
    for (node, needed) in built.nodes.iter_mut().zip(needed) {
        node.needed = needed;
    }
    Ok(built)
}

impl Built {
    fn node(&mut self, spec: &NodeSpec) -> Result<BuiltNode, PlanError> {
        let id = self.nodes.len();
        match spec {
            NodeSpec::Input { input } => {
                let schema = self.inputs.get(*input).ok_or_else(|| {
                    PlanError::UnknownColumn(format!(
                        "Cannot create input: it must be one of {} inputs, got {input}",
                        self.inputs.len()
                    ))
                })?;
                Ok(BuiltNode {
                    operator: Box::new(Input),
                    schema: NodeSchema {
                        kind: EmissionKind::Frame,
                        columns: schema.columns.clone(),
                        domain: id,
                    },
                    needs: Vec::new(),
                    input: *input,
                    needed: true,
                    reads: Reads::All(Vec::new()),
                })
            }
            NodeSpec::Project { expr, name } => {
                let name = name.clone().or_else(|| self.name_of(expr));
                let name = name.unwrap_or_else(|| "value".to_owned());
                let columns = [(name, expr)];
                self.project(&columns, EmissionKind::Series, "select a column")
            }
            NodeSpec::Frame { columns } => {
                let columns: Vec<_> = columns
                    .iter()
                    .map(|column| (column.name.clone(), &column.expr))
                    .collect();
                self.project(&columns, EmissionKind::Frame, "select columns")
            }
            NodeSpec::Filter { input, predicate } => self.filter(*input, predicate),
            NodeSpec::Aggregate { input, aggs } => {
                let action = "aggregate";
                let aggregations = self.aggregations(aggs, *input, action)?;
                let kind = self.kind(*input, &aggregations, EmissionKind::Scalar, action)?;
                let columns = outputs(&aggregations);
                let masked: Vec<_> = aggregations
                    .into_iter()
                    .map(|mut aggregation| {
                        let masked = self.mask(*input, &mut aggregation);
                        (aggregation, masked)
                    })
                    .collect();
                let mut reads = Vec::new();
                let mut rows_of = Vec::new();
                for (aggregation, masked) in &masked {
                    let conditions = masked.conditions.iter().copied();
                    let all = aggregation.column.into_iter().chain(conditions);
                    reads.extend(all.flat_map(|id| self.reads(id)));
                    rows_of.push(masked.rows_of);
                }
                rows_of.extend(reads.iter().map(|&(node, _)| node));
                let operator = Box::new(AggregateNode::new(masked, &self.expressions)?);
                let mut node = self.stateful(*input, operator, kind, columns, id, reads, action)?;
                // Not the filters that it reads through, but for what cannot be read through.
                node.needs = rows_of;
                Ok(node)
            }
            NodeSpec::Rolling {
                input,
                n,
                min_periods,
                aggs,
            } => {
                let action = "create rolling";
                let n = positive(*n, "n", action)?;
                let min_periods = periods(*min_periods, n, action)?;
                let aggregations = self.aggregations(aggs, *input, action)?;
                let kind = self.kind(*input, &aggregations, EmissionKind::Series, action)?;
                let reads = self.aggregation_reads(&aggregations);
                let columns = outputs(&aggregations);
                let operator = Box::new(RollingNode::new(RollingParts {
                    input: *input,
                    extent: Extent::Rows(n),
                    times: None,
                    keys: None,
                    aggregations,
                    min_periods,
                })?);
                let domain = find(&self.nodes, *input, action)?.schema.domain;
                self.stateful(*input, operator, kind, columns, domain, reads, action)
            }
            NodeSpec::RollingSpan {
                input,
                span,
                on,
                keys,
                min_periods,
                aggs,
            } => self.rolling_span(*input, (span, on), keys, *min_periods, aggs),
            NodeSpec::GroupRolling {
                input,
                keys,
                n,
                min_periods,
                aggs,
            } => {
                let action = "create rolling of groups";
                let n = positive(*n, "n", action)?;
                let min_periods = periods(*min_periods, n, action)?;
                let (keys, _, mut reads) = self.keys(keys, *input, action)?;
                let aggregations = self.aggregations(aggs, *input, action)?;
                reads.extend(self.aggregation_reads(&aggregations));
                let columns = outputs(&aggregations);
                let kind = if columns.len() == 1 {
                    EmissionKind::Series
                } else {
                    EmissionKind::Frame
                };
                let operator = RollingNode::new(RollingParts {
                    input: *input,
                    extent: Extent::Rows(n),
                    times: None,
                    keys: Some(keys),
                    aggregations,
                    min_periods,
                })?;
                let domain = find(&self.nodes, *input, action)?.schema.domain;
                self.stateful(
                    *input,
                    Box::new(operator),
                    kind,
                    columns,
                    domain,
                    reads,
                    action,
                )
            }
            NodeSpec::GroupShift {
                input,
                keys,
                column,
                n,
                name,
            } => self.group_shift(*input, keys, column, *n, name.as_deref()),
            NodeSpec::GroupBy {
                input,
                keys,
                aggs,
                emit,
                max_groups,
                ttl,
                on,
            } => {
                let bound = self.bound(*input, *max_groups, ttl.as_deref(), on.as_deref())?;
                self.group_by(*input, keys, aggs, *emit, bound)
            }
            NodeSpec::Evicted { input } => {
                let wanted = "groupBy with maxGroups or ttl";
                self.aside(*input, "show evicted groups", wanted)
            }
            NodeSpec::Late { input } => self.aside(*input, "show late rows", "reorder"),
            NodeSpec::Reorder {
                input,
                on,
                lateness,
                max_rows,
            } => self.reorder(*input, on, lateness, *max_rows),
            NodeSpec::PartitionGroupBy {
                input,
                on,
                every,
                keys,
                aggs,
            } => self.partition_group_by(*input, on, every, keys, aggs),
            NodeSpec::SlidingWindow {
                input,
                n,
                return_partial,
                step,
                aggs,
            } => {
                let action = "create slidingWindow";
                let windows = Windows::Sliding {
                    step: positive(step.unwrap_or(1.0), "step", action)?,
                    partial: *return_partial,
                };
                self.windows(*input, *n, windows, aggs, action)
            }
            NodeSpec::Partition { input, n, aggs } => {
                self.windows(*input, *n, Windows::Disjoint, aggs, "create partition")
            }
            NodeSpec::Window {
                input,
                n,
                span,
                on,
                keys,
                aggs,
                emit,
            } => {
                let extent = WindowSpec {
                    n: *n,
                    span: span.as_deref(),
                    on: on.as_ref(),
                };
                self.window(*input, &extent, keys, aggs, *emit)
            }
            NodeSpec::Cumulative { input, function } => self.cumulative(*input, function),
            NodeSpec::Ewm {
                input,
                com,
                span,
                halflife,
                alpha,
                function,
                bias,
            } => {
                let decay = match (com, span, halflife, alpha) {
                    (Some(com), None, None, None) => Decay::Com(*com),
                    (None, Some(span), None, None) => Decay::Span(*span),
                    (None, None, Some(halflife), None) => Decay::Halflife(*halflife),
                    (None, None, None, Some(alpha)) => Decay::Alpha(*alpha),
                    _ => {
                        return Err(PlanError::InvalidArgument(
                            "Cannot create ewm: exactly one of com, span, halflife and alpha \
                             must be given"
                                .to_owned(),
                        ));
                    }
                };
                self.ewm(*input, decay, function.as_deref().unwrap_or("mean"), *bias)
            }
            NodeSpec::Shift { input, n } => self.shift(*input, *n),
            NodeSpec::ForwardFill { input } => self.forward_fill(*input),
            NodeSpec::ValueCounts { input, emit } => self.value_counts(*input, *emit),
            NodeSpec::Sink { input } => {
                let source = find(&self.nodes, *input, "create sink")?;
                let schema = source.schema.clone();
                let reads = (0..schema.columns.len())
                    .map(|column| (*input, column))
                    .collect();
                self.sinks.push(SinkSchema {
                    node: id,
                    kind: schema.kind,
                    columns: schema.columns.clone(),
                });
                Ok(BuiltNode {
                    operator: Box::new(Sink { input: *input }),
                    needs: vec![*input],
                    input: source.input,
                    schema,
                    needed: true,
                    reads: Reads::All(reads),
                })
            }
        }
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "the parts of one node, each of another type"
    )]
    fn stateful(
        &self,
        input: usize,
        operator: Box<dyn Operator>,
        kind: EmissionKind,
        columns: Vec<ColumnSchema>,
        domain: usize,
        reads: Vec<Column>,
        action: &str,
    ) -> Result<BuiltNode, PlanError> {
        for (index, column) in columns.iter().enumerate() {
            if columns[..index]
                .iter()
                .any(|known| known.name == column.name)
            {
                return Err(PlanError::InvalidArgument(format!(
                    "Cannot {action}: names of the results must differ, got {} twice",
                    column.name
                )));
            }
        }
        let mut needs: Vec<usize> = reads.iter().map(|&(node, _)| node).collect();
        needs.push(input);
        Ok(BuiltNode {
            operator,
            schema: NodeSchema {
                kind,
                columns,
                domain,
            },
            needs,
            input: find(&self.nodes, input, action)?.input,
            needed: true,
            reads: Reads::All(reads),
        })
    }

    /// The name of a plain column.
    fn name_of(&self, spec: &ExprSpec) -> Option<String> {
        let ExprSpec::Column { col, of } = spec else {
            return None;
        };
        col.clone()
            .or_else(|| match &self.nodes.get(*of)?.schema.columns[..] {
                [column] => Some(column.name.clone()),
                _ => None,
            })
    }

    fn same_rows(&self, id: ExpressionId, domain: usize, action: &str) -> Result<(), PlanError> {
        match self.expressions.get(id).domain {
            Some(other) if other != domain => Err(PlanError::TypeMismatch(format!(
                "Cannot {action}: an expression must have the rows of its input, node {domain}, \
                 got those of node {other}"
            ))),
            _ => Ok(()),
        }
    }

    fn reads(&self, id: ExpressionId) -> Vec<Column> {
        let mut reads = Vec::new();
        self.expressions
            .visit_columns(id, &mut |node, column| reads.push((node, column)));
        reads
    }
}
