//! Functions of one value: of numbers, times and text, and casts.

use super::super::cast;
use super::super::date_part::DatePart;
use super::super::math::MathFunction;
use super::super::operand::Literal;
use super::super::text::TextFunction;
use super::super::{Expression, ExpressionId};
use super::{Operator, parse_nanos};
use crate::column_type::ColumnType;
use crate::error::PlanError;

impl Operator<'_> {
    /// An operator that is called by its name alone.
    pub(super) fn function(&mut self, args: &[ExpressionId]) -> Result<ExpressionId, PlanError> {
        if let (Some(function), &[value]) = (MathFunction::from_name(&self.spec.op), args) {
            return self.math(function, value);
        }
        if let (Some(part), &[value]) = (DatePart::from_name(&self.spec.op), args) {
            return self.date_part(part, value);
        }
        match (self.spec.op.as_str(), args) {
            ("neg", &[value]) => self.negate(value),
            ("abs", &[value]) => self.absolute(value),
            ("round", &[value]) => self.round(value),
            ("floorTime", &[value]) => {
                if self.type_of(value) != ColumnType::Timestamp {
                    return Err(self.mismatch("a timestamp", &[value]));
                }
                let every = self.spec.every.as_deref().unwrap_or("");
                let every = parse_nanos(every, "every of floorTime", self.action)?;
                let expression = Expression::FloorTime { value, every };
                Ok(self.result(expression, ColumnType::Timestamp))
            }
            ("cast", &[value]) => self.cast(value),
            ("concat", args) if !args.is_empty() => {
                let parts = args.iter().map(|&part| self.text(part));
                let parts = parts.collect::<Result<Vec<_>, _>>()?;
                Ok(self.result(Expression::Concat { parts }, ColumnType::Utf8))
            }
            (_, [value, arguments @ ..]) => self.text_function(*value, arguments),
            (_, []) => Err(self.unknown(args)),
        }
    }

    fn unknown(&self, args: &[ExpressionId]) -> PlanError {
        PlanError::InvalidArgument(format!(
            "Cannot {}: {} is not an operator of {} operands",
            self.action,
            self.spec.op,
            args.len()
        ))
    }

    fn negate(&mut self, value: ExpressionId) -> Result<ExpressionId, PlanError> {
        if self.type_of(value) == ColumnType::Duration {
            let nanos = self.convert(value, ColumnType::I64)?;
            let negated = self.result(Expression::Negate { value: nanos }, ColumnType::I64);
            return self.convert(negated, ColumnType::Duration);
        }
        let column_type = self.number(value)?;
        let signed = match column_type {
            ColumnType::U8 | ColumnType::U16 | ColumnType::U32 | ColumnType::U64 => ColumnType::I64,
            other => other,
        };
        let value = self.convert(value, signed)?;
        Ok(self.result(Expression::Negate { value }, signed))
    }

    fn absolute(&mut self, value: ExpressionId) -> Result<ExpressionId, PlanError> {
        if self.type_of(value) == ColumnType::Duration {
            let nanos = self.convert(value, ColumnType::I64)?;
            let absolute = self.result(Expression::Absolute { value: nanos }, ColumnType::I64);
            return self.convert(absolute, ColumnType::Duration);
        }
        let column_type = self.number(value)?;
        Ok(self.result(Expression::Absolute { value }, column_type))
    }

    fn round(&mut self, value: ExpressionId) -> Result<ExpressionId, PlanError> {
        let column_type = self.number(value)?;
        let decimals = self.spec.decimals.unwrap_or(0.0);
        if decimals.fract() != 0.0 || decimals.abs() > 300.0 {
            return Err(PlanError::InvalidArgument(format!(
                "Cannot {}: decimals of round must be a whole number from -300 to 300, got \
                 {decimals}",
                self.action
            )));
        }
        #[expect(clippy::cast_possible_truncation, reason = "whole and within ±300")]
        let decimals = decimals as i32;
        Ok(self.result(Expression::Round { value, decimals }, column_type))
    }

    fn date_part(
        &mut self,
        part: DatePart,
        value: ExpressionId,
    ) -> Result<ExpressionId, PlanError> {
        let from = self.type_of(value);
        let fits =
            from == ColumnType::Timestamp || (from == ColumnType::Date && part.is_of_dates());
        if !fits {
            let wanted = if part.is_of_dates() {
                "a timestamp or a date"
            } else {
                "a timestamp"
            };
            return Err(self.mismatch(wanted, &[value]));
        }
        let expression = Expression::DatePart { part, value, from };
        Ok(self.result(expression, ColumnType::I32))
    }

    fn cast(&mut self, value: ExpressionId) -> Result<ExpressionId, PlanError> {
        let from = self.type_of(value);
        let Some(to) = self.spec.to else {
            return Err(PlanError::InvalidArgument(format!(
                "Cannot {}: cast must have a type to cast to, got none",
                self.action
            )));
        };
        if from == to {
            return Ok(value);
        }
        if self.literal_of(value) == Some(&Literal::Null) {
            return Ok(self.pool.literal(Literal::Null, to));
        }
        if !cast::is_possible(from, to) {
            return Err(PlanError::TypeMismatch(format!(
                "Cannot {}: there is no cast from {from} to {to}",
                self.action
            )));
        }
        let strict = self.spec.strict.unwrap_or(true);
        let expression = Expression::Cast {
            value,
            from,
            strict,
        };
        Ok(self.result(expression, to))
    }

    fn text(&mut self, id: ExpressionId) -> Result<ExpressionId, PlanError> {
        if self.literal_of(id) == Some(&Literal::Null) {
            return self.convert(id, ColumnType::Utf8);
        }
        if self.type_of(id) == ColumnType::Utf8 {
            Ok(id)
        } else {
            Err(self.mismatch("text", &[id]))
        }
    }

    fn text_function(
        &mut self,
        value: ExpressionId,
        arguments: &[ExpressionId],
    ) -> Result<ExpressionId, PlanError> {
        use ColumnType::{Bool, I32, Utf8};
        let mut texts = Vec::new();
        let mut numbers = Vec::new();
        for &argument in arguments {
            match self.literal_of(argument) {
                Some(Literal::Text(text)) => texts.push(text.clone()),
                Some(&Literal::Integer(number)) => numbers.push(i64::try_from(number)),
                _ => return Err(self.mismatch("plain values as arguments", &[argument])),
            }
        }
        let mut texts = texts.into_iter();
        let mut numbers = numbers.into_iter();
        let ends = (texts.next(), texts.next(), numbers.next(), numbers.next());
        let (function, column_type) = match (self.spec.op.as_str(), ends) {
            ("upper", (None, None, None, None)) => (TextFunction::Upper, Utf8),
            ("lower", (None, None, None, None)) => (TextFunction::Lower, Utf8),
            ("trim", (None, None, None, None)) => (TextFunction::Trim, Utf8),
            ("length", (None, None, None, None)) => (TextFunction::Length, I32),
            ("startsWith", (Some(part), None, None, None)) => {
                (TextFunction::StartsWith(part), Bool)
            }
            ("endsWith", (Some(part), None, None, None)) => (TextFunction::EndsWith(part), Bool),
            ("contains", (Some(part), None, None, None)) => (TextFunction::Contains(part), Bool),
            ("replace", (Some(pattern), Some(by), None, None)) => {
                (TextFunction::Replace { pattern, by }, Utf8)
            }
            ("slice", (None, None, Some(Ok(start)), None)) => {
                (TextFunction::Slice { start, end: None }, Utf8)
            }
            ("slice", (None, None, Some(Ok(start)), Some(Ok(end)))) => {
                let end = Some(end);
                (TextFunction::Slice { start, end }, Utf8)
            }
            _ => {
                let all: Vec<_> = std::iter::once(value)
                    .chain(arguments.iter().copied())
                    .collect();
                return Err(self.unknown(&all));
            }
        };
        let value = self.text(value)?;
        Ok(self.result(Expression::Text { function, value }, column_type))
    }
}
