//! Values by their types: into a column, or passed over.

use millrace_core::column_type::ColumnType;

use super::cursor::Cursor;
use super::schema::{Logical, Node, Schema};
use crate::text::{ColumnBuilder, Reason, Unfit, utf8};

/// Values within values that are followed: records may contain themselves.
const MOST_NESTED: usize = 64;

const NANOS_OF_DAY: i64 = 86_400_000_000_000;

/// Reads a value into a column.
pub(super) fn field(
    node: &Node,
    cursor: &mut Cursor<'_>,
    column: &mut ColumnBuilder,
) -> Result<(), Reason> {
    let (fit, got) = match node {
        Node::Null => {
            column.null();
            return Ok(());
        }
        Node::Boolean => (column.boolean(boolean(cursor)?), Got::Type("a boolean")),
        Node::Int(logical) => {
            let value = int(cursor)?;
            (integer(value, *logical, column), Got::Number(value))
        }
        Node::Long(logical) => {
            let value = cursor.long()?;
            (integer(value, *logical, column), Got::Number(value))
        }
        Node::Float => {
            let value = f32::from_le_bytes(cursor.array()?);
            (column.float(value.into()), Got::Type("a float"))
        }
        Node::Double => {
            let value = f64::from_le_bytes(cursor.array()?);
            let fit = match column.column_type {
                // The largest that an f32 holds.
                ColumnType::F32 if value.is_finite() && value.abs() > f32::MAX.into() => Err(Unfit),
                _ => column.float(value),
            };
            (fit, Got::Type("a double"))
        }
        Node::Text | Node::Bytes => {
            let text = utf8(cursor.counted()?)?;
            (column.text(text), Got::Text(text))
        }
        Node::Enum(symbols) => {
            let symbol = symbols.get(cursor.count()?);
            let symbol = symbol.ok_or_else(|| Reason::new("an enum has no such symbol"))?;
            (column.text(symbol), Got::Text(symbol))
        }
        Node::Union(branches) => {
            return field(branch(branches, cursor)?, cursor, column);
        }
        Node::Fixed(_) => (Err(Unfit), Got::Type("a fixed")),
        Node::Array(_) => (Err(Unfit), Got::Type("an array")),
        Node::Map(_) => (Err(Unfit), Got::Type("a map")),
        Node::Record(_) => (Err(Unfit), Got::Type("a record")),
    };
    fit.map_err(|Unfit| {
        let wanted = column.column_type.name();
        match got {
            Got::Type(name) => Reason::value(&column.name, wanted, name),
            Got::Number(value) => Reason::value(&column.name, wanted, &value.to_string()),
            Got::Text(text) => Reason::value(&column.name, wanted, &format!("{text:?}")),
        }
    })
}

/// What a value is, for messages.
enum Got<'a> {
    Type(&'static str),
    Number(i64),
    Text(&'a str),
}

fn integer(value: i64, logical: Logical, column: &mut ColumnBuilder) -> Result<(), Unfit> {
    match (logical, column.column_type) {
        (Logical::Date, ColumnType::Date) => column.raw(value),
        (Logical::Date, ColumnType::Timestamp) => {
            column.raw(value.checked_mul(NANOS_OF_DAY).ok_or(Unfit)?)
        }
        (Logical::Timestamp(unit), ColumnType::Timestamp) => {
            column.raw(value.checked_mul(unit).ok_or(Unfit)?)
        }
        (Logical::Timestamp(unit), ColumnType::Date) => {
            column.raw(value.div_euclid(NANOS_OF_DAY / unit))
        }
        _ => column.integer(value),
    }
}

fn boolean(cursor: &mut Cursor<'_>) -> Result<bool, Reason> {
    match cursor.array()? {
        [0] => Ok(false),
        [1] => Ok(true),
        [other] => Err(Reason::new(format!(
            "a boolean must be 0 or 1, got {other}"
        ))),
    }
}

fn int(cursor: &mut Cursor<'_>) -> Result<i64, Reason> {
    let value = cursor.long()?;
    match i32::try_from(value) {
        Ok(_) => Ok(value),
        Err(_) => Err(Reason::new("an int has more than 32 bits")),
    }
}

fn branch<'a>(branches: &'a [Node], cursor: &mut Cursor<'_>) -> Result<&'a Node, Reason> {
    let branch = branches.get(cursor.count()?);
    branch.ok_or_else(|| Reason::new("a union has no such branch"))
}

/// Passes over a value.
pub(super) fn skip(
    node: &Node,
    schema: &Schema,
    cursor: &mut Cursor<'_>,
    depth: usize,
) -> Result<(), Reason> {
    if depth > MOST_NESTED {
        let reason = format!("its values are nested more than {MOST_NESTED} deep");
        return Err(Reason::new(reason));
    }
    match node {
        Node::Null => {}
        Node::Boolean => {
            boolean(cursor)?;
        }
        Node::Int(_) => {
            int(cursor)?;
        }
        Node::Long(_) | Node::Enum(_) => {
            cursor.long()?;
        }
        Node::Float => {
            cursor.take(4)?;
        }
        Node::Double => {
            cursor.take(8)?;
        }
        Node::Bytes | Node::Text => {
            cursor.counted()?;
        }
        Node::Fixed(size) => {
            cursor.take(*size)?;
        }
        Node::Array(items) => blocks(cursor, |cursor| skip(items, schema, cursor, depth + 1))?,
        Node::Map(values) => blocks(cursor, |cursor| {
            cursor.counted()?;
            skip(values, schema, cursor, depth + 1)
        })?,
        Node::Union(branches) => {
            skip(branch(branches, cursor)?, schema, cursor, depth + 1)?;
        }
        Node::Record(index) => {
            for (_, node) in schema.record(*index) {
                skip(node, schema, cursor, depth + 1)?;
            }
        }
    }
    Ok(())
}

/// Blocks of items, each with its count before it, until one of none.
fn blocks(
    cursor: &mut Cursor<'_>,
    mut item: impl FnMut(&mut Cursor<'_>) -> Result<(), Reason>,
) -> Result<(), Reason> {
    loop {
        match cursor.long()? {
            0 => return Ok(()),
            // A negative count is followed by the bytes that the block has.
            count if count < 0 => {
                cursor.counted()?;
            }
            count => {
                for _ in 0..count {
                    let before = cursor.left();
                    item(cursor)?;
                    // Items without a byte are passed over, however many there are.
                    if cursor.left() == before {
                        break;
                    }
                }
            }
        }
    }
}
