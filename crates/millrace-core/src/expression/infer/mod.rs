//! Turns the text form of an expression into typed entries of the pool, or says what is wrong.

mod functions;
mod numbers;
mod pairs;
mod times;

use super::arithmetic::ArithmeticOperator;
use super::comparison::ComparisonOperator;
use super::extremum::Extremum;
use super::literal::{fits, parse_literal};
use super::numeric::DAY;
use super::operand::Literal;
use super::{Expression, ExpressionId, Expressions, Typed};
use crate::column_type::ColumnType;
use crate::error::PlanError;
use crate::plan::spec::{ExprSpec, OperatorSpec};

/// What an expression can refer to.
pub(crate) trait Scope {
    /// Column `name` of a node, or the only column of a series.
    fn column(&self, node: usize, name: Option<&str>, action: &str)
    -> Result<ColumnRef, PlanError>;

    /// How a row domain is called in messages.
    fn domain_name(&self, domain: usize) -> String;
}

/// A column of a node.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ColumnRef {
    pub(crate) column: usize,
    pub(crate) column_type: ColumnType,
    pub(crate) dictionary: Option<usize>,
    pub(crate) domain: usize,
}

impl Expressions {
    /// Enters an expression; `action` begins the message of an error, as in `Cannot filter`.
    pub(crate) fn build(
        &mut self,
        spec: &ExprSpec,
        scope: &dyn Scope,
        action: &str,
    ) -> Result<ExpressionId, PlanError> {
        match spec {
            ExprSpec::Column { col, of } => {
                let found = scope.column(*of, col.as_deref(), action)?;
                Ok(self.column(
                    *of,
                    found.column,
                    found.column_type,
                    found.dictionary,
                    found.domain,
                ))
            }
            ExprSpec::Literal { lit, literal_type } => {
                let (literal, column_type) = parse_literal(lit, *literal_type, action)?;
                Ok(self.literal(literal, column_type))
            }
            ExprSpec::Operator(spec) => {
                let args = spec
                    .args
                    .iter()
                    .map(|arg| self.build(arg, scope, action))
                    .collect::<Result<Vec<_>, _>>()?;
                let domain = self.domain(&args, scope, &spec.op, action)?;
                let mut operator = Operator {
                    pool: self,
                    spec,
                    action,
                    domain,
                };
                operator.enter(&args)
            }
        }
    }

    /// The expression converted to a type that its values widen to, as kernels want them.
    pub(crate) fn lane(&mut self, id: ExpressionId, to: ColumnType) -> ExpressionId {
        let Typed {
            column_type: from,
            domain,
            ..
        } = *self.get(id);
        if from == to {
            return id;
        }
        let expression = Expression::Convert { value: id, from };
        self.enter(Typed {
            expression,
            column_type: to,
            dictionary: None,
            domain,
        })
    }

    fn literal(&mut self, literal: Literal, column_type: ColumnType) -> ExpressionId {
        let expression = Expression::Literal(literal);
        self.enter(Typed {
            expression,
            column_type,
            dictionary: None,
            domain: None,
        })
    }

    /// The domain that all operands share.
    fn domain(
        &self,
        args: &[ExpressionId],
        scope: &dyn Scope,
        op: &str,
        action: &str,
    ) -> Result<Option<usize>, PlanError> {
        let mut shared: Option<usize> = None;
        for domain in args.iter().filter_map(|&arg| self.get(arg).domain) {
            match shared {
                Some(first) if first != domain => {
                    return Err(PlanError::TypeMismatch(format!(
                        "Cannot {action}: operands of {op} must have the same rows, got rows of \
                         {} and of {}",
                        scope.domain_name(first),
                        scope.domain_name(domain)
                    )));
                }
                _ => shared = Some(domain),
            }
        }
        Ok(shared)
    }
}

/// One operator being entered.
struct Operator<'a> {
    pool: &'a mut Expressions,
    spec: &'a OperatorSpec,
    action: &'a str,
    domain: Option<usize>,
}

impl Operator<'_> {
    fn enter(&mut self, args: &[ExpressionId]) -> Result<ExpressionId, PlanError> {
        use ColumnType::Bool;
        match (self.spec.op.as_str(), args) {
            ("add", &[a, b]) => self.arithmetic(ArithmeticOperator::Add, a, b),
            ("sub", &[a, b]) => self.arithmetic(ArithmeticOperator::Sub, a, b),
            ("mul", &[a, b]) => self.arithmetic(ArithmeticOperator::Mul, a, b),
            ("mod", &[a, b]) => self.arithmetic(ArithmeticOperator::Mod, a, b),
            ("div", &[a, b]) => self.arithmetic(ArithmeticOperator::Div, a, b),
            ("pow", &[a, b]) => self.arithmetic(ArithmeticOperator::Pow, a, b),
            ("eq", &[a, b]) => self.compare(ComparisonOperator::Eq, a, b),
            ("ne", &[a, b]) => self.compare(ComparisonOperator::Ne, a, b),
            ("lt", &[a, b]) => self.compare(ComparisonOperator::Lt, a, b),
            ("le", &[a, b]) => self.compare(ComparisonOperator::Le, a, b),
            ("gt", &[a, b]) => self.compare(ComparisonOperator::Lt, b, a),
            ("ge", &[a, b]) => self.compare(ComparisonOperator::Le, b, a),
            ("and", &[a, b]) => {
                let (left, right) = (self.boolean(a)?, self.boolean(b)?);
                Ok(self.result(Expression::And { left, right }, Bool))
            }
            ("or", &[a, b]) => {
                let (left, right) = (self.boolean(a)?, self.boolean(b)?);
                Ok(self.result(Expression::Or { left, right }, Bool))
            }
            ("not", &[value]) => {
                let value = self.boolean(value)?;
                Ok(self.result(Expression::Not { value }, Bool))
            }
            ("isNull", &[value]) => Ok(self.result(Expression::IsNull { value }, Bool)),
            ("fillNull", &[value, other]) => self.fill_null(value, other),
            ("if", &[condition, then, other]) => self.choose(condition, then, other),
            ("least", &[a, b]) => self.extremum(Extremum::Least, a, b),
            ("greatest", &[a, b]) => self.extremum(Extremum::Greatest, a, b),
            ("clipMin", &[value, bound]) => self.extremum(Extremum::AtLeast, value, bound),
            ("clipMax", &[value, bound]) => self.extremum(Extremum::AtMost, value, bound),
            _ => self.function(args),
        }
    }

    fn type_of(&self, id: ExpressionId) -> ColumnType {
        self.pool.get(id).column_type
    }

    fn literal_of(&self, id: ExpressionId) -> Option<&Literal> {
        match &self.pool.get(id).expression {
            Expression::Literal(literal) => Some(literal),
            _ => None,
        }
    }

    fn mismatch(&self, wanted: &str, args: &[ExpressionId]) -> PlanError {
        let got: Vec<_> = args.iter().map(|&arg| self.type_of(arg).name()).collect();
        PlanError::TypeMismatch(format!(
            "Cannot {}: {} needs {wanted}, got {}",
            self.action,
            self.spec.op,
            got.join(" and ")
        ))
    }

    fn result(&mut self, expression: Expression, column_type: ColumnType) -> ExpressionId {
        let domain = self.domain;
        self.pool.enter(Typed {
            expression,
            column_type,
            dictionary: None,
            domain,
        })
    }

    fn boolean(&mut self, id: ExpressionId) -> Result<ExpressionId, PlanError> {
        if self.literal_of(id) == Some(&Literal::Null) {
            return Ok(self.pool.literal(Literal::Null, ColumnType::Bool));
        }
        if self.type_of(id) == ColumnType::Bool {
            Ok(id)
        } else {
            Err(self.mismatch("bool", &[id]))
        }
    }

    fn number(&self, id: ExpressionId) -> Result<ColumnType, PlanError> {
        let column_type = self.type_of(id);
        if column_type.is_numeric() {
            Ok(column_type)
        } else {
            Err(self.mismatch("a number", &[id]))
        }
    }

    /// The expression as one of type `to`; a literal becomes a literal of that type.
    fn convert(&mut self, id: ExpressionId, to: ColumnType) -> Result<ExpressionId, PlanError> {
        if let Some(literal) = self.literal_of(id).cloned() {
            let literal = match literal {
                Literal::Integer(days)
                    if (self.type_of(id), to) == (ColumnType::Date, ColumnType::Timestamp) =>
                {
                    Literal::Integer(days * i128::from(DAY))
                }
                other => other,
            };
            if !fits(&literal, to) {
                return Err(PlanError::InvalidArgument(format!(
                    "Cannot {}: literal {literal} of {} must be within {to}",
                    self.action, self.spec.op
                )));
            }
            return Ok(self.pool.literal(literal, to));
        }
        Ok(self.pool.lane(id, to))
    }
}

/// Whole nanoseconds greater than 0, as text.
pub(crate) fn parse_nanos(text: &str, what: &str, action: &str) -> Result<i64, PlanError> {
    text.parse::<i64>()
        .ok()
        .filter(|&nanos| nanos > 0)
        .ok_or_else(|| {
            PlanError::InvalidArgument(format!(
                "Cannot {action}: {what} must be a whole number of nanoseconds greater than 0, got \
             {text:?}"
            ))
        })
}
