//! Turns the text form of a plan into operators: every name resolved, every type known.

use super::aggregation::{Aggregation, Lane};
use super::keys::GroupKeys;
use super::nodes::aggregate::AggregateNode;
use super::nodes::cumulative::CumulativeNode;
use super::nodes::ewm::EwmNode;
use super::nodes::filter::Filter;
use super::nodes::group_by::GroupBy;
use super::nodes::group_rolling::GroupRollingNode;
use super::nodes::group_shift::GroupShiftNode;
use super::nodes::input::Input;
use super::nodes::partition_group_by::PartitionGroupBy;
use super::nodes::project::Project;
use super::nodes::rolling::RollingNode;
use super::nodes::sink::Sink;
use super::nodes::sliding_window::{SlidingWindowNode, Windows};
use super::nodes::window::WindowNode;
use super::operator::Operator;
use super::schema::{ColumnSchema, InputSchema, NodeSchema, SinkSchema};
use super::spec::{AggSpec, EmitSpec, ExprSpec, NamedExprSpec, NodeSpec, PlanSpec};
use crate::aggregate::AggregateFunction;
use crate::batch::EmissionKind;
use crate::column_type::ColumnType;
use crate::cumulative::CumulativeFunction;
use crate::error::PlanError;
use crate::ewm::Decay;
use crate::expression::{ColumnRef, ExpressionId, Expressions, Scope, parse_nanos};

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
                let reads = self.aggregation_reads(&aggregations);
                let columns = outputs(&aggregations);
                let operator = Box::new(AggregateNode::new(*input, aggregations));
                self.stateful(*input, operator, kind, columns, id, reads, action)
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
                let operator = Box::new(RollingNode::new(*input, aggregations, n, min_periods)?);
                let domain = find(&self.nodes, *input, action)?.schema.domain;
                self.stateful(*input, operator, kind, columns, domain, reads, action)
            }
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
                let operator = GroupRollingNode::new(*input, keys, aggregations, n, min_periods)?;
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
            } => {
                let action = "group by";
                let (keys, mut columns, mut reads) = self.keys(keys, *input, action)?;
                let aggregations = self.aggregations(aggs, *input, action)?;
                reads.extend(self.aggregation_reads(&aggregations));
                columns.extend(outputs(&aggregations));
                let changes = *emit == EmitSpec::Changes;
                let operator = Box::new(GroupBy::new(*input, keys, aggregations, changes)?);
                self.stateful(
                    *input,
                    operator,
                    EmissionKind::Table,
                    columns,
                    id,
                    reads,
                    action,
                )
            }
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
                aggs,
            } => {
                let windows = if *return_partial {
                    Windows::EveryRow
                } else {
                    Windows::Full
                };
                self.windows(*input, *n, windows, aggs, "create slidingWindow")
            }
            NodeSpec::Partition { input, n, aggs } => {
                self.windows(*input, *n, Windows::Disjoint, aggs, "create partition")
            }
            NodeSpec::Window {
                input,
                n,
                keys,
                aggs,
            } => {
                let action = "create window";
                let n = positive(*n, "n", action)?;
                let keyed = !keys.is_empty();
                let (keys, mut columns, mut reads) = if keyed {
                    self.keys(keys, *input, action)?
                } else {
                    (GroupKeys::new(&[]), Vec::new(), Vec::new())
                };
                let aggregations = self.aggregations(aggs, *input, action)?;
                let kind = if keyed {
                    EmissionKind::Table
                } else {
                    self.kind(*input, &aggregations, EmissionKind::Scalar, action)?
                };
                reads.extend(self.aggregation_reads(&aggregations));
                columns.extend(outputs(&aggregations));
                let operator = Box::new(WindowNode::new(*input, keys, keyed, aggregations, n)?);
                self.stateful(*input, operator, kind, columns, id, reads, action)
            }
            NodeSpec::Cumulative { input, function } => self.cumulative(*input, function),
            NodeSpec::Ewm {
                input,
                com,
                span,
                halflife,
                alpha,
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
                self.ewm(*input, decay)
            }
            NodeSpec::ValueCounts { input } => self.value_counts(*input),
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
                    reads: Reads::All(reads),
                })
            }
        }
    }

    fn project(
        &mut self,
        columns: &[(String, &ExprSpec)],
        kind: EmissionKind,
        action: &str,
    ) -> Result<BuiltNode, PlanError> {
        let mut ids = Vec::with_capacity(columns.len());
        let mut schemas: Vec<ColumnSchema> = Vec::with_capacity(columns.len());
        let mut shared: Option<usize> = None;
        for (name, expr) in columns {
            if schemas.iter().any(|known| known.name == *name) {
                return Err(PlanError::InvalidArgument(format!(
                    "Cannot {action}: names must differ, got {name} twice"
                )));
            }
            let id = self.expressions.build(expr, &Nodes(&self.nodes), action)?;
            let typed = self.expressions.get(id);
            if let Some(domain) = typed.domain {
                if shared.is_some_and(|shared| shared != domain) {
                    return Err(PlanError::TypeMismatch(format!(
                        "Cannot {action}: all columns must have the same rows, got {name} of \
                         other rows than the columns before it"
                    )));
                }
                shared = Some(domain);
            }
            schemas.push(ColumnSchema {
                name: name.clone(),
                column_type: typed.column_type,
                dictionary: typed.dictionary,
            });
            ids.push(id);
        }
        let Some(domain) = shared else {
            return Err(PlanError::InvalidArgument(format!(
                "Cannot {action}: at least one must come from a column, got {}",
                if columns.is_empty() {
                    "none"
                } else {
                    "literals alone"
                }
            )));
        };
        let reads: Vec<Vec<Column>> = ids.iter().map(|&id| self.reads(id)).collect();
        // Any node that is read has these rows; the domain's own node has, too.
        let rows_of = reads
            .iter()
            .flatten()
            .map(|&(node, _)| node)
            .next()
            .unwrap_or(domain);
        let mut needs: Vec<usize> = reads.iter().flatten().map(|&(node, _)| node).collect();
        needs.push(rows_of);
        let input = find(&self.nodes, rows_of, action)?.input;
        Ok(BuiltNode {
            operator: Box::new(Project {
                rows_of,
                used: vec![true; ids.len()],
                columns: ids,
            }),
            schema: NodeSchema {
                kind,
                columns: schemas,
                domain,
            },
            needs,
            input,
            reads: Reads::PerColumn(reads),
        })
    }

    fn filter(&mut self, input: usize, predicate: &ExprSpec) -> Result<BuiltNode, PlanError> {
        let action = "filter";
        let id = self.nodes.len();
        let source = find(&self.nodes, input, action)?;
        let schema = NodeSchema {
            domain: id,
            ..source.schema.clone()
        };
        let (domain, root) = (source.schema.domain, source.input);
        let predicate = self
            .expressions
            .build(predicate, &Nodes(&self.nodes), action)?;
        let column_type = self.expressions.get(predicate).column_type;
        if column_type != ColumnType::Bool {
            return Err(PlanError::TypeMismatch(format!(
                "Cannot filter: the predicate must be bool, got {column_type}"
            )));
        }
        self.same_rows(predicate, domain, action)?;
        let reads = self.reads(predicate);
        let mut needs: Vec<usize> = reads.iter().map(|&(node, _)| node).collect();
        needs.push(input);
        Ok(BuiltNode {
            operator: Box::new(Filter {
                input,
                predicate,
                used: vec![true; schema.columns.len()],
            }),
            schema,
            needs,
            input: root,
            reads: Reads::Filter {
                predicate: reads,
                input,
            },
        })
    }

    fn group_shift(
        &mut self,
        input: usize,
        keys: &[NamedExprSpec],
        column: &ExprSpec,
        n: f64,
        name: Option<&str>,
    ) -> Result<BuiltNode, PlanError> {
        let action = "shift groups";
        let n = positive(n, "n", action)?;
        let (keys, _, mut reads) = self.keys(keys, input, action)?;
        let name = name.map(str::to_owned).or_else(|| self.name_of(column));
        let domain = find(&self.nodes, input, action)?.schema.domain;
        let column = self
            .expressions
            .build(column, &Nodes(&self.nodes), action)?;
        self.same_rows(column, domain, action)?;
        let typed = self.expressions.get(column).clone();
        let lane = match (typed.column_type, typed.dictionary) {
            (ColumnType::Utf8, Some(_)) => column,
            (ColumnType::Utf8, None) => {
                return Err(PlanError::TypeMismatch(format!(
                    "Cannot {action}: a utf8 column must have a dictionary"
                )));
            }
            (column_type, _) => self.expressions.lane(column, lane_type(column_type)),
        };
        reads.extend(self.reads(lane));
        let columns = vec![ColumnSchema {
            name: name.unwrap_or_else(|| "value".to_owned()),
            column_type: typed.column_type,
            dictionary: typed.dictionary,
        }];
        let operator =
            GroupShiftNode::new(input, keys, lane, typed.column_type, typed.dictionary, n)?;
        let kind = EmissionKind::Series;
        self.stateful(
            input,
            Box::new(operator),
            kind,
            columns,
            domain,
            reads,
            action,
        )
    }

    fn partition_group_by(
        &mut self,
        input: usize,
        on: &str,
        every: &str,
        keys: &[NamedExprSpec],
        aggs: &[AggSpec],
    ) -> Result<BuiltNode, PlanError> {
        let action = "partition by time";
        let id = self.nodes.len();
        let every = parse_nanos(every, "every", action)?;
        let time = Nodes(&self.nodes).column(input, Some(on), action)?;
        if time.column_type != ColumnType::Timestamp {
            return Err(PlanError::TypeMismatch(format!(
                "Cannot {action}: column {on} must be timestamp, got {}",
                time.column_type
            )));
        }
        let time = self.expressions.column(
            input,
            time.column,
            time.column_type,
            time.dictionary,
            time.domain,
        );
        let (keys, key_columns, mut reads) = if keys.is_empty() {
            (GroupKeys::new(&[]), Vec::new(), Vec::new())
        } else {
            self.keys(keys, input, action)?
        };
        let aggregations = self.aggregations(aggs, input, action)?;
        reads.extend(self.aggregation_reads(&aggregations));
        reads.extend(self.reads(time));
        let mut columns = vec![ColumnSchema {
            name: on.to_owned(),
            column_type: ColumnType::Timestamp,
            dictionary: None,
        }];
        columns.extend(key_columns);
        columns.extend(outputs(&aggregations));
        let operator = Box::new(PartitionGroupBy::new(
            input,
            time,
            every,
            keys,
            aggregations,
        )?);
        self.stateful(
            input,
            operator,
            EmissionKind::Table,
            columns,
            id,
            reads,
            action,
        )
    }

    fn windows(
        &mut self,
        input: usize,
        n: f64,
        windows: Windows,
        aggs: &[AggSpec],
        action: &str,
    ) -> Result<BuiltNode, PlanError> {
        let id = self.nodes.len();
        let n = positive(n, "n", action)?;
        let aggregations = self.aggregations(aggs, input, action)?;
        let kind = self.kind(input, &aggregations, EmissionKind::Series, action)?;
        let reads = self.aggregation_reads(&aggregations);
        let columns = outputs(&aggregations);
        let operator = Box::new(SlidingWindowNode::new(input, aggregations, n, windows)?);
        self.stateful(input, operator, kind, columns, id, reads, action)
    }

    fn cumulative(&mut self, input: usize, function: &str) -> Result<BuiltNode, PlanError> {
        let action = "cumulate";
        let function = match function {
            "sum" => CumulativeFunction::Sum,
            "prod" => CumulativeFunction::Prod,
            "min" => CumulativeFunction::Min,
            "max" => CumulativeFunction::Max,
            other => {
                return Err(PlanError::InvalidArgument(format!(
                    "Cannot {action}: fn must be one of sum, prod, min, max, got {other}"
                )));
            }
        };
        let schema = find(&self.nodes, input, action)?.schema.clone();
        let totals = matches!(function, CumulativeFunction::Sum | CumulativeFunction::Prod);
        let mut lanes = Vec::with_capacity(schema.columns.len());
        let mut columns = Vec::with_capacity(schema.columns.len());
        for (index, column) in schema.columns.iter().enumerate() {
            let fits = column.column_type.is_numeric()
                || (column.column_type == ColumnType::Timestamp && !totals);
            if !fits {
                return Err(PlanError::TypeMismatch(format!(
                    "Cannot {action}: column {} must be numeric, got {}",
                    column.name, column.column_type
                )));
            }
            let output = match column.column_type {
                column_type if column_type.is_integer() && totals => ColumnType::I64,
                ColumnType::F32 if totals => ColumnType::F64,
                other => other,
            };
            lanes.push((self.column_lane(input, index, &schema), output));
            columns.push(ColumnSchema {
                column_type: output,
                ..column.clone()
            });
        }
        let reads = lanes
            .iter()
            .flat_map(|&(lane, _)| self.reads(lane))
            .collect();
        let operator = Box::new(CumulativeNode::new(input, function, lanes));
        self.stateful(
            input,
            operator,
            schema.kind,
            columns,
            schema.domain,
            reads,
            action,
        )
    }

    fn ewm(&mut self, input: usize, decay: Decay) -> Result<BuiltNode, PlanError> {
        let action = "create ewm";
        let schema = find(&self.nodes, input, action)?.schema.clone();
        let mut lanes = Vec::with_capacity(schema.columns.len());
        let mut columns = Vec::with_capacity(schema.columns.len());
        for (index, column) in schema.columns.iter().enumerate() {
            if !column.column_type.is_numeric() {
                return Err(PlanError::TypeMismatch(format!(
                    "Cannot {action}: column {} must be numeric, got {}",
                    column.name, column.column_type
                )));
            }
            let lane = self.column_lane(input, index, &schema);
            lanes.push(self.expressions.lane(lane, ColumnType::F64));
            columns.push(ColumnSchema {
                column_type: ColumnType::F64,
                ..column.clone()
            });
        }
        let reads = lanes.iter().flat_map(|&lane| self.reads(lane)).collect();
        let operator = Box::new(EwmNode::new(input, decay, lanes)?);
        self.stateful(
            input,
            operator,
            schema.kind,
            columns,
            schema.domain,
            reads,
            action,
        )
    }

    fn value_counts(&mut self, input: usize) -> Result<BuiltNode, PlanError> {
        let action = "count values";
        let id = self.nodes.len();
        let schema = find(&self.nodes, input, action)?.schema.clone();
        let [column] = &schema.columns[..] else {
            return Err(PlanError::TypeMismatch(format!(
                "Cannot {action}: the input must be one column, got {}",
                schema.columns.len()
            )));
        };
        let lane = self.column_lane(input, 0, &schema);
        let keys = GroupKeys::new(&[(lane, column.column_type, column.dictionary)]);
        let count = Aggregation {
            function: AggregateFunction::Count,
            lane: Lane::Presence,
            column: None,
            output: ColumnType::I64,
            name: "count".to_owned(),
        };
        let mut columns = vec![column.clone()];
        columns.extend(outputs(std::slice::from_ref(&count)));
        let reads = self.reads(lane);
        let operator = Box::new(GroupBy::new(input, keys, vec![count], false)?);
        self.stateful(
            input,
            operator,
            EmissionKind::Table,
            columns,
            id,
            reads,
            action,
        )
    }

    /// A column of a node, converted to its lane.
    fn column_lane(&mut self, node: usize, index: usize, schema: &NodeSchema) -> ExpressionId {
        let ColumnSchema {
            column_type,
            dictionary,
            ..
        } = schema.columns[index];
        let id = self
            .expressions
            .column(node, index, column_type, dictionary, schema.domain);
        self.expressions.lane(id, lane_type(column_type))
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
            reads: Reads::All(reads),
        })
    }

    /// `single` for one aggregate of a series, else the form of several columns.
    fn kind(
        &self,
        input: usize,
        aggregations: &[Aggregation],
        single: EmissionKind,
        action: &str,
    ) -> Result<EmissionKind, PlanError> {
        let source = find(&self.nodes, input, action)?.schema.kind;
        Ok(match single {
            single if source == EmissionKind::Series && aggregations.len() == 1 => single,
            EmissionKind::Scalar => EmissionKind::Table,
            _ => EmissionKind::Frame,
        })
    }

    fn keys(
        &mut self,
        specs: &[NamedExprSpec],
        input: usize,
        action: &str,
    ) -> Result<(GroupKeys, Vec<ColumnSchema>, Vec<Column>), PlanError> {
        if specs.is_empty() {
            return Err(PlanError::InvalidArgument(format!(
                "Cannot {action}: there must be at least one key, got none"
            )));
        }
        let domain = find(&self.nodes, input, action)?.schema.domain;
        let mut keys = Vec::with_capacity(specs.len());
        let mut columns = Vec::with_capacity(specs.len());
        let mut reads = Vec::new();
        for spec in specs {
            let id = self
                .expressions
                .build(&spec.expr, &Nodes(&self.nodes), action)?;
            self.same_rows(id, domain, action)?;
            let typed = self.expressions.get(id).clone();
            let lane = self.expressions.lane(id, lane_type(typed.column_type));
            keys.push((lane, typed.column_type, typed.dictionary));
            reads.extend(self.reads(lane));
            columns.push(ColumnSchema {
                name: spec.name.clone(),
                column_type: typed.column_type,
                dictionary: typed.dictionary,
            });
        }
        Ok((GroupKeys::new(&keys), columns, reads))
    }

    fn aggregations(
        &mut self,
        specs: &[AggSpec],
        input: usize,
        action: &str,
    ) -> Result<Vec<Aggregation>, PlanError> {
        if specs.is_empty() {
            return Err(PlanError::InvalidArgument(format!(
                "Cannot {action}: there must be at least one aggregate, got none"
            )));
        }
        specs
            .iter()
            .map(|spec| self.aggregation(spec, input, action))
            .collect()
    }

    fn aggregation(
        &mut self,
        spec: &AggSpec,
        input: usize,
        action: &str,
    ) -> Result<Aggregation, PlanError> {
        use AggregateFunction::{Count, First, Last, Max, Mean, Min, Std, Sum, Var};
        let ddof = whole(spec.ddof.unwrap_or(1.0), "ddof", action)?;
        let function = match spec.function.as_str() {
            "sum" => Sum,
            "mean" => Mean,
            "count" | "size" => Count,
            "min" => Min,
            "max" => Max,
            "var" => Var { ddof },
            "std" => Std { ddof },
            "first" => First,
            "last" => Last,
            other => {
                return Err(PlanError::InvalidArgument(format!(
                    "Cannot {action}: fn must be one of sum, mean, count, size, min, max, var, \
                     std, first, last, got {other}"
                )));
            }
        };
        let named = spec
            .name
            .clone()
            .or_else(|| spec.column.as_ref().and_then(|column| self.name_of(column)));
        let name = named.unwrap_or_else(|| spec.function.clone());
        let size = spec.function == "size";
        let column = match &spec.column {
            Some(column) if !size => column,
            None if function != Count => {
                return Err(PlanError::InvalidArgument(format!(
                    "Cannot {action}: {} must have a column, got none",
                    spec.function
                )));
            }
            _ => {
                let output = ColumnType::I64;
                return Ok(Aggregation {
                    function,
                    lane: Lane::Presence,
                    column: None,
                    output,
                    name,
                });
            }
        };
        let id = self
            .expressions
            .build(column, &Nodes(&self.nodes), action)?;
        let domain = find(&self.nodes, input, action)?.schema.domain;
        self.same_rows(id, domain, action)?;
        let column_type = self.expressions.get(id).column_type;
        let mismatch = || {
            Err(PlanError::TypeMismatch(format!(
                "Cannot {action}: {} of {name} needs a number, got {column_type}",
                spec.function
            )))
        };
        let (lane, output) = match (function, column_type) {
            (Count, _) => (Lane::Presence, ColumnType::I64),
            (_, ColumnType::Utf8) => return mismatch(),
            (Mean | Var { .. } | Std { .. } | Sum, ColumnType::Timestamp) => return mismatch(),
            (Mean | Var { .. } | Std { .. }, _) => (Lane::Float, ColumnType::F64),
            (Sum, column_type) if column_type.is_float() => (Lane::Float, ColumnType::F64),
            (Sum, _) => (Lane::Integer, ColumnType::I64),
            (_, column_type) if column_type.is_float() => (Lane::Float, column_type),
            (_, column_type) => (Lane::Integer, column_type),
        };
        let column = match lane {
            Lane::Float => self.expressions.lane(id, ColumnType::F64),
            Lane::Integer => self.expressions.lane(id, ColumnType::I64),
            Lane::Presence => id,
        };
        Ok(Aggregation {
            function,
            lane,
            column: Some(column),
            output,
            name,
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

    fn aggregation_reads(&self, aggregations: &[Aggregation]) -> Vec<Column> {
        aggregations
            .iter()
            .filter_map(|aggregation| aggregation.column)
            .flat_map(|column| self.reads(column))
            .collect()
    }

    /// Finds which columns anything reads, from the last node back, and tells the operators.
    fn prune(&mut self) {
        let mut used: Vec<Vec<bool>> = self
            .nodes
            .iter()
            .map(|node| vec![false; node.schema.columns.len()])
            .collect();
        for (id, node) in self.nodes.iter().enumerate().rev() {
            let reads: Vec<Column> = match &node.reads {
                Reads::All(reads) => reads.clone(),
                Reads::PerColumn(columns) => columns
                    .iter()
                    .zip(&used[id])
                    .filter(|&(_, &used)| used)
                    .flat_map(|(reads, _)| reads.iter().copied())
                    .collect(),
                Reads::Filter { predicate, input } => {
                    let passed = used[id].iter().enumerate().filter(|&(_, &used)| used);
                    let passed = passed.map(|(column, _)| (*input, column));
                    predicate.iter().copied().chain(passed).collect()
                }
            };
            for (node, column) in reads {
                used[node][column] = true;
            }
        }
        for (node, used) in self.nodes.iter_mut().zip(&used) {
            node.operator.prune(used);
        }
        let roots: Vec<usize> = (0..self.nodes.len())
            .filter(|&id| self.nodes[id].needs.is_empty())
            .collect();
        for id in roots {
            let input = &mut self.inputs[self.nodes[id].input];
            for (slot, &used) in input.used.iter_mut().zip(&used[id]) {
                *slot |= used;
            }
        }
    }
}

/// The type of the lane that values of a type run on; utf8 has none.
fn lane_type(column_type: ColumnType) -> ColumnType {
    match column_type {
        ColumnType::Utf8 => ColumnType::Utf8,
        ColumnType::F32 | ColumnType::F64 => ColumnType::F64,
        _ => ColumnType::I64,
    }
}

fn outputs(aggregations: &[Aggregation]) -> Vec<ColumnSchema> {
    aggregations
        .iter()
        .map(|aggregation| ColumnSchema {
            name: aggregation.name.clone(),
            column_type: aggregation.output,
            dictionary: None,
        })
        .collect()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked before"
)]
fn positive(value: f64, what: &str, action: &str) -> Result<usize, PlanError> {
    if value.fract() == 0.0 && (1.0..=f64::from(u32::MAX)).contains(&value) {
        Ok(value as usize)
    } else {
        Err(PlanError::InvalidArgument(format!(
            "Cannot {action}: {what} must be a positive integer, got {value}"
        )))
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked before"
)]
fn whole(value: f64, what: &str, action: &str) -> Result<u32, PlanError> {
    if value.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&value) {
        Ok(value as u32)
    } else {
        Err(PlanError::InvalidArgument(format!(
            "Cannot {action}: {what} must be an integer of at least 0, got {value}"
        )))
    }
}

fn periods(value: Option<f64>, n: usize, action: &str) -> Result<usize, PlanError> {
    match value {
        None => Ok(n),
        Some(value) => whole(value, "minPeriods", action).map(|value| value as usize),
    }
}
