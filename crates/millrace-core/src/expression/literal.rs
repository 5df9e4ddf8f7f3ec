//! Literals: from text, and which column types they fit.

use super::operand::Literal;
use crate::column_type::ColumnType;
use crate::error::PlanError;

/// Reads a literal and the type that it is declared to have, or that it has by its form.
pub(super) fn parse_literal(
    value: &serde_json::Value,
    declared: Option<ColumnType>,
    action: &str,
) -> Result<(Literal, ColumnType), PlanError> {
    use serde_json::Value;
    let unfit = || {
        PlanError::TypeMismatch(format!(
            "Cannot {action}: literal {value} must be {}",
            declared.map_or("null, a boolean, a number or a string", ColumnType::name)
        ))
    };
    let literal = match (value, declared) {
        (Value::Null, _) => Literal::Null,
        (Value::Bool(value), None | Some(ColumnType::Bool)) => Literal::Bool(*value),
        (Value::String(text), None | Some(ColumnType::Utf8)) => Literal::Text(text.clone()),
        (Value::String(text), Some(declared)) if declared.is_float() => {
            Literal::Float(text.parse::<f64>().map_err(|_| unfit())?.to_bits())
        }
        (Value::String(text), Some(declared))
            if declared.is_integer() || declared.is_temporal() =>
        {
            Literal::Integer(text.parse().map_err(|_| unfit())?)
        }
        (Value::Number(number), declared)
            if declared.is_none_or(|declared| declared.width().is_some()) =>
        {
            let integer = number
                .as_i64()
                .map(i128::from)
                .or_else(|| number.as_u64().map(i128::from));
            match (integer, number.as_f64()) {
                (Some(integer), _) if !declared.is_some_and(ColumnType::is_float) => {
                    Literal::Integer(integer)
                }
                (_, Some(float)) => Literal::Float(float.to_bits()),
                _ => return Err(unfit()),
            }
        }
        _ => return Err(unfit()),
    };
    let column_type = declared.unwrap_or(match literal {
        Literal::Bool(_) => ColumnType::Bool,
        Literal::Text(_) => ColumnType::Utf8,
        Literal::Null | Literal::Integer(_) | Literal::Float(_) => ColumnType::F64,
    });
    if !fits(&literal, column_type) {
        return Err(unfit());
    }
    Ok((literal, column_type))
}

/// Whether the literal can stand for a value of the type.
pub(super) fn fits(literal: &Literal, column_type: ColumnType) -> bool {
    match (literal, column_type) {
        (Literal::Null, _)
        | (Literal::Bool(_), ColumnType::Bool)
        | (Literal::Text(_), ColumnType::Utf8) => true,
        (Literal::Integer(_) | Literal::Float(_), ColumnType::Bool | ColumnType::Utf8)
        | (Literal::Bool(_) | Literal::Text(_), _) => false,
        (_, ColumnType::I8) => literal.number::<i8>().is_some(),
        (_, ColumnType::I16) => literal.number::<i16>().is_some(),
        (_, ColumnType::I32 | ColumnType::Date) => literal.number::<i32>().is_some(),
        (_, ColumnType::I64 | ColumnType::Timestamp | ColumnType::Duration) => {
            literal.number::<i64>().is_some()
        }
        (_, ColumnType::U8) => literal.number::<u8>().is_some(),
        (_, ColumnType::U16) => literal.number::<u16>().is_some(),
        (_, ColumnType::U32) => literal.number::<u32>().is_some(),
        (_, ColumnType::U64) => literal.number::<u64>().is_some(),
        (_, ColumnType::F32 | ColumnType::F64) => true,
    }
}
