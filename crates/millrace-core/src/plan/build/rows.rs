//! Nodes with one row out for each row in, and filters.

use super::aggregations::lane_type;
use super::parameters::positive;
use super::{Built, BuiltNode, Column, Nodes, Reads, find};
use crate::batch::EmissionKind;
use crate::column_type::ColumnType;
use crate::cumulative::CumulativeFunction;
use crate::error::PlanError;
use crate::ewm::{Decay, EwmFunction};
use crate::expression::ExpressionId;
use crate::plan::nodes::cumulative::CumulativeNode;
use crate::plan::nodes::ewm::EwmNode;
use crate::plan::nodes::filter::Filter;
use crate::plan::nodes::group_shift::GroupShiftNode;
use crate::plan::nodes::project::Project;
use crate::plan::schema::{ColumnSchema, NodeSchema};
use crate::plan::spec::{ExprSpec, NamedExprSpec};

impl Built {
    pub(super) fn project(
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
            needed: true,
            reads: Reads::PerColumn(reads),
        })
    }

    pub(super) fn filter(
        &mut self,
        input: usize,
        predicate: &ExprSpec,
    ) -> Result<BuiltNode, PlanError> {
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
            needed: true,
            reads: Reads::Filter {
                predicate: reads,
                input,
            },
        })
    }

    pub(super) fn group_shift(
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

    pub(super) fn cumulative(
        &mut self,
        input: usize,
        function: &str,
    ) -> Result<BuiltNode, PlanError> {
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
            let fits =
                column.column_type.is_numeric() || (column.column_type.is_temporal() && !totals);
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

    pub(super) fn ewm(
        &mut self,
        input: usize,
        decay: Decay,
        function: &str,
        bias: bool,
    ) -> Result<BuiltNode, PlanError> {
        let action = "create ewm";
        let function = match function {
            "mean" => EwmFunction::Mean,
            "var" => EwmFunction::Var { bias },
            "std" => EwmFunction::Std { bias },
            other => {
                return Err(PlanError::InvalidArgument(format!(
                    "Cannot {action}: fn must be one of mean, var, std, got {other}"
                )));
            }
        };
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
        let operator = Box::new(EwmNode::new(input, decay, function, lanes)?);
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

    /// A column of a node, converted to its lane.
    pub(super) fn column_lane(
        &mut self,
        node: usize,
        index: usize,
        schema: &NodeSchema,
    ) -> ExpressionId {
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
}
