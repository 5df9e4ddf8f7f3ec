//! Columns under construction, row by row.

use std::sync::Arc;

use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, DurationNanosecondType, Float32Type, Float64Type, Int8Type,
    Int16Type, Int32Type, Int64Type, TimestampNanosecondType, UInt8Type, UInt16Type, UInt32Type,
    UInt64Type,
};
use arrow_array::{ArrayRef, BooleanArray, NullArray, PrimitiveArray};
use arrow_buffer::{BooleanBuffer, BooleanBufferBuilder, NullBuffer, ScalarBuffer};
use millrace_core::column_type::ColumnType;
use millrace_core::text::{parse_date, parse_duration, parse_timestamp};

use crate::column::{FileColumn, Wanted};
use crate::text::number::Number;
use crate::text::text_builder::{InternedBuilder, PlainBuilder};

const NANOS_OF_MILLI: f64 = 1e6;
const MILLI_NANOS: i64 = 1_000_000;
const DAY_MILLIS: i64 = 86_400_000;
const MILLIS_OF_DAY: f64 = 86_400_000.0;

/// One column: its values, and the rows without one.
#[derive(Debug)]
pub(crate) struct ColumnBuilder {
    pub(crate) name: String,
    pub(crate) column_type: ColumnType,
    pub(crate) values: Values,
    /// The rows whose value is missing, ascending; their place among the values is taken.
    nulls: Vec<u32>,
}

/// The values so far.
#[derive(Debug)]
pub(crate) enum Values {
    Unused,
    Bool(Vec<bool>),
    I8(Vec<i8>),
    I16(Vec<i16>),
    I32(Vec<i32>),
    I64(Vec<i64>),
    U8(Vec<u8>),
    U16(Vec<u16>),
    U32(Vec<u32>),
    U64(Vec<u64>),
    F32(Vec<f32>),
    F64(Vec<f64>),
    Plain(PlainBuilder),
    Interned(InternedBuilder),
}

/// `body` for the vector of whatever type the values are.
macro_rules! each {
    ($values:expr, $vector:ident => $body:expr, else $other:expr) => {
        match $values {
            Values::Unused => $other,
            Values::Bool($vector) => $body,
            Values::I8($vector) => $body,
            Values::I16($vector) => $body,
            Values::I32($vector) => $body,
            Values::I64($vector) => $body,
            Values::U8($vector) => $body,
            Values::U16($vector) => $body,
            Values::U32($vector) => $body,
            Values::U64($vector) => $body,
            Values::F32($vector) => $body,
            Values::F64($vector) => $body,
            Values::Plain($vector) => $body,
            Values::Interned($vector) => $body,
        }
    };
}

/// A value that does not fit its column.
#[derive(Debug)]
pub(crate) struct Unfit;

type Fit = Result<(), Unfit>;

impl ColumnBuilder {
    pub(crate) fn new(column: &FileColumn, wanted: Wanted) -> Self {
        use ColumnType as C;
        let values = match column.column_type {
            _ if wanted == Wanted::Unused => Values::Unused,
            C::Bool => Values::Bool(Vec::new()),
            C::I8 => Values::I8(Vec::new()),
            C::I16 => Values::I16(Vec::new()),
            C::I32 | C::Date => Values::I32(Vec::new()),
            C::I64 | C::Timestamp | C::Duration => Values::I64(Vec::new()),
            C::U8 => Values::U8(Vec::new()),
            C::U16 => Values::U16(Vec::new()),
            C::U32 => Values::U32(Vec::new()),
            C::U64 => Values::U64(Vec::new()),
            C::F32 => Values::F32(Vec::new()),
            C::F64 => Values::F64(Vec::new()),
            C::Utf8 if wanted == Wanted::Interned => Values::Interned(InternedBuilder::new()),
            C::Utf8 => Values::Plain(PlainBuilder::new()),
        };
        Self {
            name: column.name.clone(),
            column_type: column.column_type,
            values,
            nulls: Vec::new(),
        }
    }

    pub(crate) fn is_used(&self) -> bool {
        !matches!(self.values, Values::Unused)
    }

    /// Rows so far; 0 where the column is not used.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        each!(&self.values, values => values.len(), else 0)
    }

    /// Forgets the rows from `rows` on.
    pub(crate) fn truncate(&mut self, rows: usize) {
        each!(&mut self.values, values => values.truncate(rows), else ());
        while self.nulls.last().is_some_and(|&row| row as usize >= rows) {
            self.nulls.pop();
        }
    }

    #[inline]
    pub(crate) fn null(&mut self) {
        let row = u32::try_from(self.len()).unwrap_or(u32::MAX);
        each!(&mut self.values, values => {
            values.push(Default::default());
            self.nulls.push(row);
        }, else ());
    }

    #[inline]
    pub(crate) fn boolean(&mut self, value: bool) -> Fit {
        match &mut self.values {
            Values::Unused => {}
            Values::Bool(values) => values.push(value),
            _ => return Err(Unfit),
        }
        Ok(())
    }

    /// A number, of a text that it was read from at `at`. For times milliseconds, as in JavaScript.
    #[inline]
    pub(crate) fn number(&mut self, number: &Number, text: &str, at: usize) -> Fit {
        match &mut self.values {
            Values::Unused => {}
            Values::F64(values) => values.push(finite(number.float(text, at))?),
            Values::F32(values) => {
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "what f32 cannot hold is infinite"
                )]
                let value = number.float(text, at) as f32;
                if value.is_infinite() {
                    return Err(Unfit);
                }
                values.push(value);
            }
            Values::I64(values) => match self.column_type {
                ColumnType::I64 => values.push(integer(number, text, at)?),
                _ => values.push(nanoseconds(number, text, at).ok_or(Unfit)?),
            },
            Values::I32(values) => match self.column_type {
                ColumnType::I32 => values.push(integer(number, text, at)?),
                _ => {
                    let days = (number.float(text, at) / MILLIS_OF_DAY).floor();
                    #[expect(clippy::cast_possible_truncation, reason = "within the range")]
                    values.push(if days.abs() < 2_147_483_648.0 {
                        days as i32
                    } else {
                        return Err(Unfit);
                    });
                }
            },
            Values::I8(values) => values.push(integer(number, text, at)?),
            Values::I16(values) => values.push(integer(number, text, at)?),
            Values::U8(values) => values.push(integer(number, text, at)?),
            Values::U16(values) => values.push(integer(number, text, at)?),
            Values::U32(values) => values.push(integer(number, text, at)?),
            Values::U64(values) => values.push(integer(number, text, at)?),
            Values::Plain(values) => values.push(text.get(at..number.end).ok_or(Unfit)?),
            Values::Interned(values) => values.push(text.get(at..number.end).ok_or(Unfit)?),
            Values::Bool(_) => return Err(Unfit),
        }
        Ok(())
    }

    /// A value that stands there as text: text itself, or a time in ISO 8601.
    #[inline]
    pub(crate) fn text(&mut self, text: &str) -> Fit {
        match &mut self.values {
            Values::Unused => {}
            Values::Plain(values) => values.push(text),
            Values::Interned(values) => values.push(text),
            Values::I64(values) => values.push(
                match self.column_type {
                    ColumnType::Timestamp => parse_timestamp(text),
                    ColumnType::Duration => parse_duration(text),
                    _ => None,
                }
                .ok_or(Unfit)?,
            ),
            Values::I32(values) if self.column_type == ColumnType::Date => {
                values.push(parse_date(text).ok_or(Unfit)?);
            }
            _ => return Err(Unfit),
        }
        Ok(())
    }

    /// A float that is not written as a number: `NaN` and the infinities.
    pub(crate) fn float(&mut self, value: f64) -> Fit {
        match &mut self.values {
            Values::Unused => {}
            Values::F64(values) => values.push(value),
            #[expect(
                clippy::cast_possible_truncation,
                reason = "the special values are in both"
            )]
            Values::F32(values) => values.push(value as f32),
            _ => return Err(Unfit),
        }
        Ok(())
    }

    /// An integer, which fits its type; for times milliseconds.
    #[inline]
    pub(crate) fn integer(&mut self, value: i64) -> Fit {
        match &mut self.values {
            #[expect(
                clippy::cast_precision_loss,
                reason = "the nearest float is what is wanted"
            )]
            Values::F64(values) => values.push(value as f64),
            #[expect(
                clippy::cast_precision_loss,
                reason = "the nearest float is what is wanted"
            )]
            Values::F32(values) => values.push(value as f32),
            Values::I64(values) => values.push(match self.column_type {
                ColumnType::I64 => value,
                _ => value.checked_mul(MILLI_NANOS).ok_or(Unfit)?,
            }),
            Values::I32(values) if self.column_type == ColumnType::Date => {
                let days = value.div_euclid(DAY_MILLIS);
                values.push(i32::try_from(days).map_err(|_| Unfit)?);
            }
            _ => return self.raw(value),
        }
        Ok(())
    }

    /// An integer as it lies in memory: of times nanoseconds, of dates days.
    #[inline]
    pub(crate) fn raw(&mut self, value: i64) -> Fit {
        match &mut self.values {
            Values::Unused => {}
            Values::I64(values) => values.push(value),
            Values::I32(values) => values.push(narrow(value)?),
            Values::I16(values) => values.push(narrow(value)?),
            Values::I8(values) => values.push(narrow(value)?),
            Values::U64(values) => values.push(narrow(value)?),
            Values::U32(values) => values.push(narrow(value)?),
            Values::U16(values) => values.push(narrow(value)?),
            Values::U8(values) => values.push(narrow(value)?),
            _ => return Err(Unfit),
        }
        Ok(())
    }

    /// The column so far, of `rows` rows; the next one begins.
    pub(crate) fn finish(&mut self, rows: usize) -> ArrayRef {
        let nulls = self.take_nulls(rows);
        let timed = self.column_type;
        match &mut self.values {
            Values::Unused => Arc::new(NullArray::new(0)),
            Values::Bool(values) => {
                let bits = BooleanBuffer::collect_bool(values.len(), |row| values[row]);
                values.clear();
                Arc::new(BooleanArray::new(bits, nulls))
            }
            Values::I8(values) => primitive::<Int8Type>(values, nulls),
            Values::I16(values) => primitive::<Int16Type>(values, nulls),
            Values::I32(values) if timed == ColumnType::Date => {
                primitive::<Date32Type>(values, nulls)
            }
            Values::I32(values) => primitive::<Int32Type>(values, nulls),
            Values::I64(values) => match timed {
                ColumnType::Timestamp => primitive::<TimestampNanosecondType>(values, nulls),
                ColumnType::Duration => primitive::<DurationNanosecondType>(values, nulls),
                _ => primitive::<Int64Type>(values, nulls),
            },
            Values::U8(values) => primitive::<UInt8Type>(values, nulls),
            Values::U16(values) => primitive::<UInt16Type>(values, nulls),
            Values::U32(values) => primitive::<UInt32Type>(values, nulls),
            Values::U64(values) => primitive::<UInt64Type>(values, nulls),
            Values::F32(values) => primitive::<Float32Type>(values, nulls),
            Values::F64(values) => primitive::<Float64Type>(values, nulls),
            Values::Plain(values) => values.finish(nulls),
            Values::Interned(values) => values.finish(nulls),
        }
    }

    fn take_nulls(&mut self, rows: usize) -> Option<NullBuffer> {
        if self.nulls.is_empty() {
            return None;
        }
        let mut bits = BooleanBufferBuilder::new(rows);
        bits.append_n(rows, true);
        for row in self.nulls.drain(..) {
            bits.set_bit(row as usize, false);
        }
        Some(NullBuffer::new(bits.finish()))
    }
}

fn primitive<T: ArrowPrimitiveType>(
    values: &mut Vec<T::Native>,
    nulls: Option<NullBuffer>,
) -> ArrayRef {
    let next = Vec::with_capacity(values.len());
    let values = std::mem::replace(values, next);
    Arc::new(PrimitiveArray::<T>::new(ScalarBuffer::from(values), nulls))
}

#[inline]
fn narrow<N: TryFrom<i64>>(value: i64) -> Result<N, Unfit> {
    N::try_from(value).map_err(|_| Unfit)
}

#[inline]
fn finite(value: f64) -> Result<f64, Unfit> {
    if value.is_infinite() {
        Err(Unfit)
    } else {
        Ok(value)
    }
}

/// An integer that fits its type.
#[inline]
fn integer<N: TryFrom<i64> + TryFrom<i128>>(
    number: &Number,
    text: &str,
    at: usize,
) -> Result<N, Unfit> {
    const SHORT: usize = 18;
    if number.whole && number.digits <= SHORT {
        let magnitude = number.mantissa.cast_signed();
        let value = if number.negative {
            -magnitude
        } else {
            magnitude
        };
        return N::try_from(value).map_err(|_| Unfit);
    }
    let value = number.integer(text, at).ok_or(Unfit)?;
    N::try_from(value).map_err(|_| Unfit)
}

/// Milliseconds as nanoseconds, a fraction rounded to the nearest.
fn nanoseconds(number: &Number, text: &str, at: usize) -> Option<i64> {
    if let Ok(whole) = integer::<i64>(number, text, at) {
        return whole.checked_mul(1_000_000);
    }
    let milliseconds = number.float(text, at);
    let whole = milliseconds.floor();
    let rest = ((milliseconds - whole) * NANOS_OF_MILLI).round_ties_even();
    if whole.abs() >= 9_223_372_036_854.0 {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "within the range")]
    (whole as i64)
        .checked_mul(1_000_000)?
        .checked_add(rest as i64)
}
