//! Turns the text form of an expression into typed entries of the pool, or says what is wrong.

use super::arithmetic::ArithmeticOperator;
use super::comparison::ComparisonOperator;
use super::literal::{fits, parse_literal};
use super::math::MathFunction;
use super::operand::Literal;
use super::{Expression, ExpressionId, Expressions, Typed};
use crate::column_type::ColumnType;
use crate::error::PlanError;
use crate::plan::spec::ExprSpec;

const NANOS_PER_MILLI: f64 = 1e6;

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
            ExprSpec::Operator {
                op,
                args,
                decimals,
                every,
            } => {
                let args = args
                    .iter()
                    .map(|arg| self.build(arg, scope, action))
                    .collect::<Result<Vec<_>, _>>()?;
                let domain = self.domain(&args, scope, op, action)?;
                let mut operator = Operator {
                    pool: self,
                    op,
                    action,
                    domain,
                };
                operator.enter(&args, *decimals, every.as_deref())
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
    op: &'a str,
    action: &'a str,
    domain: Option<usize>,
}

impl Operator<'_> {
    fn enter(
        &mut self,
        args: &[ExpressionId],
        decimals: Option<f64>,
        every: Option<&str>,
    ) -> Result<ExpressionId, PlanError> {
        use ColumnType::{Bool, Timestamp};
        if let (Some(function), &[value]) = (MathFunction::from_name(self.op), args) {
            return self.math(function, value);
        }
        match (self.op, args) {
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
            ("neg", &[value]) => {
                let column_type = self.number(value)?;
                let signed = match column_type {
                    ColumnType::U8 | ColumnType::U16 | ColumnType::U32 | ColumnType::U64 => {
                        ColumnType::I64
                    }
                    other => other,
                };
                let value = self.convert(value, signed)?;
                Ok(self.result(Expression::Negate { value }, signed))
            }
            ("abs", &[value]) => {
                let column_type = self.number(value)?;
                Ok(self.result(Expression::Absolute { value }, column_type))
            }
            ("round", &[value]) => {
                let column_type = self.number(value)?;
                let decimals = decimals.unwrap_or(0.0);
                if decimals.fract() != 0.0 || decimals.abs() > 300.0 {
                    return Err(PlanError::InvalidArgument(format!(
                        "Cannot {}: decimals of round must be a whole number from -300 to 300, \
                         got {decimals}",
                        self.action
                    )));
                }
                #[expect(clippy::cast_possible_truncation, reason = "whole and within ±300")]
                let decimals = decimals as i32;
                Ok(self.result(Expression::Round { value, decimals }, column_type))
            }
            ("floorTime", &[value]) => {
                if self.type_of(value) != Timestamp {
                    return Err(self.mismatch("a timestamp", &[value]));
                }
                let every = parse_nanos(every.unwrap_or(""), "every of floorTime", self.action)?;
                Ok(self.result(Expression::FloorTime { value, every }, Timestamp))
            }
            _ => Err(PlanError::InvalidArgument(format!(
                "Cannot {}: {} is not an operator of {} operands",
                self.action,
                self.op,
                args.len()
            ))),
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
            self.op,
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
            if !fits(&literal, to) {
                return Err(PlanError::InvalidArgument(format!(
                    "Cannot {}: literal {literal} of {} must be within {to}",
                    self.action, self.op
                )));
            }
            return Ok(self.pool.literal(literal, to));
        }
        Ok(self.pool.lane(id, to))
    }

    /// A number literal as a count of nanoseconds; it was given in milliseconds.
    fn nanos(&mut self, id: ExpressionId) -> Result<ExpressionId, PlanError> {
        let typed = self.pool.get(id);
        let Expression::Literal(literal) = &typed.expression else {
            return Ok(id);
        };
        if typed.column_type != ColumnType::F64 || *literal == Literal::Null {
            return Ok(id);
        }
        let nanos = match literal {
            Literal::Integer(millis) => millis.checked_mul(1_000_000),
            Literal::Float(bits) => {
                let nanos = (f64::from_bits(*bits) * NANOS_PER_MILLI).round_ties_even();
                #[expect(clippy::cast_possible_truncation, reason = "within ±1e19")]
                (nanos.abs() < 1e19).then_some(nanos as i128)
            }
            Literal::Null | Literal::Bool(_) | Literal::Text(_) => None,
        };
        let literal = nanos
            .map(Literal::Integer)
            .filter(|literal| fits(literal, ColumnType::I64));
        let Some(literal) = literal else {
            return Err(self.mismatch("a time in milliseconds", &[id]));
        };
        Ok(self.pool.literal(literal, ColumnType::I64))
    }

    /// The type in which two numbers meet.
    fn common(&self, a: ExpressionId, b: ExpressionId) -> Result<ColumnType, PlanError> {
        use ColumnType::{F32, F64, I8, I16, I32, I64, U8, U16, U32, U64};
        let (left, right) = (self.number(a)?, self.number(b)?);
        // A literal takes the type of the column it meets, where it fits that.
        let adapted = |literal: Option<&Literal>, column_type: ColumnType| {
            literal
                .is_some_and(|literal| fits(literal, column_type))
                .then_some(column_type)
        };
        match (self.literal_of(a), self.literal_of(b)) {
            (None, literal @ Some(_)) => {
                if let Some(column_type) = adapted(literal, left) {
                    return Ok(column_type);
                }
                if left.is_integer() && adapted(literal, I64).is_some() && left != U64 {
                    return Ok(I64);
                }
                return Ok(F64);
            }
            (literal @ Some(_), None) => {
                if let Some(column_type) = adapted(literal, right) {
                    return Ok(column_type);
                }
                if right.is_integer() && adapted(literal, I64).is_some() && right != U64 {
                    return Ok(I64);
                }
                return Ok(F64);
            }
            _ => {}
        }
        let rank = |column_type| match column_type {
            I8 | U8 => 1,
            I16 | U16 => 2,
            I32 | U32 => 3,
            _ => 4,
        };
        let signed = |column_type| matches!(column_type, I8 | I16 | I32 | I64);
        Ok(match (left, right) {
            (left, right) if left == right => left,
            (F32 | F64, _) | (_, F32 | F64) => F64,
            (left, right) if signed(left) == signed(right) => {
                if rank(left) >= rank(right) {
                    left
                } else {
                    right
                }
            }
            _ => I64,
        })
    }

    fn arithmetic(
        &mut self,
        operator: ArithmeticOperator,
        a: ExpressionId,
        b: ExpressionId,
    ) -> Result<ExpressionId, PlanError> {
        use ColumnType::{F32, F64, I64, Timestamp};
        let times = (self.type_of(a) == Timestamp, self.type_of(b) == Timestamp);
        if times != (false, false) {
            let result = match (operator, times) {
                (ArithmeticOperator::Sub, (true, true)) => I64,
                (ArithmeticOperator::Add, (true, false) | (false, true))
                | (ArithmeticOperator::Sub, (true, false)) => Timestamp,
                _ => return Err(self.mismatch("numbers", &[a, b])),
            };
            let (a, b) = (self.nanos(a)?, self.nanos(b)?);
            if [a, b].iter().any(|&id| {
                let column_type = self.type_of(id);
                column_type != Timestamp && !column_type.is_integer()
            }) {
                return Err(self.mismatch("a timestamp and whole nanoseconds", &[a, b]));
            }
            let (left, right) = (self.convert(a, I64)?, self.convert(b, I64)?);
            let difference = self.result(
                Expression::Arithmetic {
                    operator,
                    left,
                    right,
                },
                I64,
            );
            return self.convert(difference, result);
        }
        let mut operands = self.common(a, b)?;
        if matches!(operator, ArithmeticOperator::Div | ArithmeticOperator::Pow) && operands != F32
        {
            operands = F64;
        }
        let (left, right) = (self.convert(a, operands)?, self.convert(b, operands)?);
        Ok(self.result(
            Expression::Arithmetic {
                operator,
                left,
                right,
            },
            operands,
        ))
    }

    /// A function of one number: f32 stays, any other number becomes f64.
    fn math(
        &mut self,
        function: MathFunction,
        value: ExpressionId,
    ) -> Result<ExpressionId, PlanError> {
        let column_type = self.number(value)?;
        if column_type.is_integer() && function.keeps_integers() {
            return Ok(value);
        }
        let column_type = match column_type {
            ColumnType::F32 => ColumnType::F32,
            _ => ColumnType::F64,
        };
        let value = self.convert(value, column_type)?;
        Ok(self.result(Expression::Math { function, value }, column_type))
    }

    fn compare(
        &mut self,
        operator: ComparisonOperator,
        a: ExpressionId,
        b: ExpressionId,
    ) -> Result<ExpressionId, PlanError> {
        use ColumnType::{Bool, F32, F64, I64, Timestamp, U8, U16, U32, U64, Utf8};
        let null_a = self.literal_of(a) == Some(&Literal::Null);
        let null_b = self.literal_of(b) == Some(&Literal::Null);
        let operands = match (self.type_of(a), self.type_of(b)) {
            (left @ (Bool | Utf8), right) if left == right || null_b => left,
            (_, right @ (Bool | Utf8)) if null_a => right,
            (Timestamp, right) if right == Timestamp || right.is_numeric() || null_b => I64,
            (left, Timestamp) if left.is_numeric() || null_a => I64,
            (left, right) if left.is_numeric() && right.is_numeric() => match self.common(a, b)? {
                F32 | F64 => F64,
                U8 | U16 | U32 | U64 => U64,
                _ => I64,
            },
            _ => return Err(self.mismatch("two values of one kind", &[a, b])),
        };
        let (mut left, mut right) = (a, b);
        if self.type_of(a) == Timestamp || self.type_of(b) == Timestamp {
            (left, right) = (self.nanos(a)?, self.nanos(b)?);
            if [left, right].iter().any(|&id| self.type_of(id).is_float()) && !null_a && !null_b {
                return Err(self.mismatch("two timestamps", &[a, b]));
            }
        }
        if operands == Utf8 {
            // Ids stay: a comparison with a dictionary needs no copy of the text.
            if null_a {
                left = self.convert(a, Utf8)?;
            }
            if null_b {
                right = self.convert(b, Utf8)?;
            }
        } else {
            (left, right) = (
                self.convert(left, operands)?,
                self.convert(right, operands)?,
            );
        }
        Ok(self.result(
            Expression::Compare {
                operator,
                left,
                right,
                operands,
            },
            Bool,
        ))
    }

    fn fill_null(
        &mut self,
        value: ExpressionId,
        other: ExpressionId,
    ) -> Result<ExpressionId, PlanError> {
        use ColumnType::Timestamp;
        let (left, right) = (self.type_of(value), self.type_of(other));
        let other = if left == Timestamp {
            self.nanos(other)?
        } else {
            other
        };
        let null = self.literal_of(other) == Some(&Literal::Null);
        let column_type = if left == right || null || left == Timestamp {
            left
        } else if left.is_numeric() && right.is_numeric() {
            self.common(value, other)?
        } else {
            return Err(self.mismatch("two values of one kind", &[value, other]));
        };
        if left == Timestamp && !null && right != Timestamp && self.literal_of(other).is_none() {
            return Err(self.mismatch("two timestamps", &[value, other]));
        }
        let value = self.convert(value, column_type)?;
        let other = self.convert(other, column_type)?;
        Ok(self.result(Expression::FillNull { value, other }, column_type))
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
