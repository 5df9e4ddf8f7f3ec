//! Typed expressions over columns of equal length.
//!
//! All expressions of a plan live in one [`Expressions`] pool, where equal ones are the same
//! entry: a subexpression that occurs in several places is computed once for each batch.

mod arithmetic;
mod block;
pub(crate) mod cast;
mod choose;
mod comparison;
mod date_part;
mod evaluate;
mod extremum;
mod infer;
mod literal;
mod logic;
mod math;
mod missing;
pub(crate) mod numeric;
pub(crate) mod operand;
mod rewrite;
mod text;
mod unary;
mod wide;

use std::collections::HashMap;

use date_part::DatePart;
use text::TextFunction;

pub(crate) use arithmetic::ArithmeticOperator;
pub(crate) use block::BlockProgram;
pub(crate) use comparison::ComparisonOperator;
pub(crate) use evaluate::Evaluation;
pub(crate) use extremum::Extremum;
pub(crate) use infer::{ColumnRef, Scope, parse_nanos};
pub(crate) use math::MathFunction;
pub(crate) use operand::Literal;

use crate::column_type::ColumnType;

/// Index of an expression in the pool.
pub(crate) type ExpressionId = usize;

/// One operation; its operands stand before it in the pool.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Expression {
    Column {
        node: usize,
        column: usize,
    },
    Literal(Literal),
    Convert {
        value: ExpressionId,
        from: ColumnType,
    },
    Arithmetic {
        operator: ArithmeticOperator,
        left: ExpressionId,
        right: ExpressionId,
    },
    Compare {
        operator: ComparisonOperator,
        left: ExpressionId,
        right: ExpressionId,
        operands: ColumnType,
    },
    And {
        left: ExpressionId,
        right: ExpressionId,
    },
    Or {
        left: ExpressionId,
        right: ExpressionId,
    },
    Not {
        value: ExpressionId,
    },
    IsNull {
        value: ExpressionId,
    },
    FillNull {
        value: ExpressionId,
        other: ExpressionId,
    },
    Negate {
        value: ExpressionId,
    },
    Absolute {
        value: ExpressionId,
    },
    Math {
        function: MathFunction,
        value: ExpressionId,
    },
    Round {
        value: ExpressionId,
        decimals: i32,
    },
    FloorTime {
        value: ExpressionId,
        every: i64,
    },
    DatePart {
        part: DatePart,
        value: ExpressionId,
        from: ColumnType,
    },
    Cast {
        value: ExpressionId,
        from: ColumnType,
        /// What does not fit is an error, and not missing.
        strict: bool,
    },
    If {
        condition: ExpressionId,
        then: ExpressionId,
        other: ExpressionId,
    },
    Extremum {
        kind: Extremum,
        left: ExpressionId,
        right: ExpressionId,
    },
    Text {
        function: TextFunction,
        value: ExpressionId,
    },
    Concat {
        parts: Vec<ExpressionId>,
    },
}

/// What is known of an expression before any batch.
#[derive(Debug, Clone)]
pub(crate) struct Typed {
    pub(crate) expression: Expression,
    pub(crate) column_type: ColumnType,
    /// The plan's dictionary that the ids of a utf8 column belong to.
    pub(crate) dictionary: Option<usize>,
    /// The row domain; `None` for one made of literals alone.
    pub(crate) domain: Option<usize>,
}

/// All expressions of a plan.
#[derive(Debug, Default)]
pub(crate) struct Expressions {
    all: Vec<Typed>,
    index: HashMap<(Expression, ColumnType), ExpressionId>,
}

impl Expressions {
    pub(crate) fn get(&self, id: ExpressionId) -> &Typed {
        &self.all[id]
    }

    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    /// The id of the expression, entered unless an equal one is there.
    fn enter(&mut self, typed: Typed) -> ExpressionId {
        let key = (typed.expression.clone(), typed.column_type);
        let all = &mut self.all;
        *self.index.entry(key).or_insert_with(|| {
            all.push(typed);
            all.len() - 1
        })
    }

    /// The expression that reads a column of a node.
    pub(crate) fn column(
        &mut self,
        node: usize,
        column: usize,
        column_type: ColumnType,
        dictionary: Option<usize>,
        domain: usize,
    ) -> ExpressionId {
        let expression = Expression::Column { node, column };
        self.enter(Typed {
            expression,
            column_type,
            dictionary,
            domain: Some(domain),
        })
    }

    /// Whether a literal in the expression is missing.
    pub(crate) fn has_missing(&self, id: ExpressionId) -> bool {
        let expression = &self.all[id].expression;
        let mut found = *expression == Expression::Literal(Literal::Null);
        expression.visit_operands(&mut |operand| found = found || self.has_missing(operand));
        found
    }

    /// Calls `visit` with every column that the expression reads.
    pub(crate) fn visit_columns(&self, id: ExpressionId, visit: &mut dyn FnMut(usize, usize)) {
        let expression = &self.all[id].expression;
        if let Expression::Column { node, column } = expression {
            visit(*node, *column);
        }
        expression.visit_operands(&mut |operand| self.visit_columns(operand, visit));
    }
}

impl Expression {
    /// Calls `visit` with every operand, in order.
    pub(crate) fn visit_operands(&self, visit: &mut dyn FnMut(ExpressionId)) {
        match self {
            Self::Column { .. } | Self::Literal(_) => {}
            Self::Convert { value, .. }
            | Self::Not { value }
            | Self::IsNull { value }
            | Self::Negate { value }
            | Self::Absolute { value }
            | Self::Math { value, .. }
            | Self::Round { value, .. }
            | Self::FloorTime { value, .. }
            | Self::DatePart { value, .. }
            | Self::Cast { value, .. }
            | Self::Text { value, .. } => visit(*value),
            Self::Arithmetic { left, right, .. }
            | Self::Compare { left, right, .. }
            | Self::And { left, right }
            | Self::Or { left, right }
            | Self::Extremum { left, right, .. }
            | Self::FillNull {
                value: left,
                other: right,
            } => {
                visit(*left);
                visit(*right);
            }
            Self::If {
                condition,
                then,
                other,
            } => {
                visit(*condition);
                visit(*then);
                visit(*other);
            }
            Self::Concat { parts } => parts.iter().copied().for_each(visit),
        }
    }
}
