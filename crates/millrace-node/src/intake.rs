//! Copies what JavaScript passed into Arrow arrays, checking every length first.
//!
//! Everything is copied before anything runs: nothing of the core sees memory that JavaScript
//! could write or let go of.

use std::sync::Arc;

use arrow_array::types::{
    ArrowPrimitiveType, DurationNanosecondType, Int64Type, TimestampNanosecondType, UInt64Type,
};
use arrow_array::{
    Array as _, ArrayRef, BooleanArray, Int32Array, NullArray, PrimitiveArray, StringArray, types,
};
use arrow_buffer::{BooleanBuffer, Buffer, MutableBuffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use millrace_core::batch::Batch;
use millrace_core::column_type::ColumnType;
use millrace_core::error::PlanError;
use millrace_core::plan::{ColumnSchema, InputSchema, Plan};
use napi::bindgen_prelude::TypedArrayType;
use napi::bindgen_prelude::{Array, Either, Null, TypedArray};

use crate::failure::{Result, core_error};

/// One slot of `push`'s buffers.
type Slot<'a> = Option<TypedArray<'a>>;

/// A batch of one input as it was taken in: what only the plan can do has yet to come.
#[derive(Debug)]
pub(crate) struct Taken {
    pub(crate) input: usize,
    rows: usize,
    columns: Vec<TakenColumn>,
    /// Bytes that were copied.
    pub(crate) bytes: usize,
}

#[derive(Debug)]
enum TakenColumn {
    Array(ArrayRef),
    /// Ids of a dictionary.
    Ids(usize, Int32Array),
}

impl Taken {
    /// The batch as the plan reads it.
    pub(crate) fn complete(self, plan: &Plan) -> std::result::Result<Batch, PlanError> {
        let complete = |column| match column {
            TakenColumn::Array(array) => Ok(array),
            TakenColumn::Ids(dictionary, ids) => {
                let column = plan.dictionary_column(dictionary, ids)?;
                Ok(Arc::new(column) as ArrayRef)
            }
        };
        let columns: std::result::Result<_, PlanError> =
            self.columns.into_iter().map(complete).collect();
        Ok(Batch {
            rows: self.rows,
            columns: columns?,
        })
    }
}

/// New strings of dictionaries, in the order of their ids.
pub(crate) type Fresh = Vec<(usize, StringArray)>;

/// Copies the strings that a batch brings: for the plan, whether or not it takes the rows, since
/// JavaScript sends each of them once.
pub(crate) fn fresh(inputs: &[InputSchema], input: usize, buffers: &Array<'_>) -> Result<Fresh> {
    let mut fresh = Fresh::new();
    let Some(schema) = inputs.get(input) else {
        return Ok(fresh);
    };
    let mut at = 0;
    for (column, &used) in schema.columns.iter().zip(&schema.used) {
        let intake = Intake {
            column,
            rows: 0,
            buffers,
            at,
        };
        if used
            && let (ColumnType::Utf8, Some(dictionary)) = (column.column_type, column.dictionary)
            && intake.slot(1)?.is_some()
        {
            fresh.push((dictionary, intake.strings(1, None)?));
        }
        at += slots(column);
    }
    Ok(fresh)
}

/// Copies the columns of a batch.
pub(crate) fn take(
    inputs: &[InputSchema],
    input: usize,
    rows: usize,
    buffers: &Array<'_>,
) -> Result<Taken> {
    let schema = inputs.get(input).ok_or_else(|| {
        core_error(PlanError::InvalidArgument(format!(
            "Cannot emit: there is no input {input}"
        )))
    })?;
    let mut bytes = 0;
    let mut at = 0;
    let mut columns = Vec::with_capacity(schema.columns.len());
    for (column, &used) in schema.columns.iter().zip(&schema.used) {
        let taken = if used {
            let intake = Intake {
                column,
                rows,
                buffers,
                at,
            };
            intake.column()?
        } else {
            TakenColumn::Array(Arc::new(NullArray::new(0)))
        };
        bytes += match &taken {
            TakenColumn::Array(array) => array.get_buffer_memory_size(),
            TakenColumn::Ids(_, ids) => ids.get_buffer_memory_size(),
        };
        columns.push(taken);
        at += slots(column);
    }
    if buffers.len() != at {
        return Err(core_error(PlanError::LengthMismatch(format!(
            "Cannot emit to {}: there must be {at} buffers, got {}",
            schema.name,
            buffers.len()
        ))));
    }
    Ok(Taken {
        input,
        rows,
        columns,
        bytes,
    })
}

/// The keys' ids and the values of a batch of a plan that takes them from where they lie, none of
/// them missing and no string new; `None` for any other batch.
pub(crate) fn keyed<'a>(
    plan: &Plan,
    rows: usize,
    buffers: &'a Array<'_>,
) -> Option<(TypedArray<'a>, TypedArray<'a>)> {
    let (key, value) = plan.keyed_columns()?;
    let whole = Whole::new(plan, rows, buffers)?;
    Some((
        whole.column(key, TypedArrayType::Int32, 4)?,
        whole.column(value, TypedArrayType::Float64, 8)?,
    ))
}

/// Likewise the columns of a plan that takes floats from where they lie.
pub(crate) fn float_columns<'a>(
    plan: &Plan,
    rows: usize,
    buffers: &'a Array<'_>,
) -> Option<Vec<TypedArray<'a>>> {
    let columns = plan.float_columns()?;
    let whole = Whole::new(plan, rows, buffers)?;
    columns
        .iter()
        .map(|&column| whole.column(column, TypedArrayType::Float64, 8))
        .collect()
}

/// A batch of the first input, of which columns are wanted as they lie.
struct Whole<'a, 'b> {
    columns: &'b [ColumnSchema],
    rows: usize,
    buffers: &'a Array<'a>,
}

impl<'a, 'b> Whole<'a, 'b> {
    fn new(plan: &'b Plan, rows: usize, buffers: &'a Array<'a>) -> Option<Self> {
        let columns = &plan.inputs().first()?.columns[..];
        let whole = Self {
            columns,
            rows,
            buffers,
        };
        (buffers.len() == whole.at(columns.len())).then_some(whole)
    }

    /// Where the buffers of a column begin.
    fn at(&self, column: usize) -> u32 {
        self.columns[..column].iter().map(slots).sum()
    }

    /// The values of a column, if they are of a type and size and no other buffer says anything.
    fn column(&self, column: usize, of: TypedArrayType, size: usize) -> Option<TypedArray<'a>> {
        let at = self.at(column);
        for other in at + 1..at + slots(&self.columns[column]) {
            if self
                .buffers
                .get::<Slot<'_>>(other)
                .ok()?
                .flatten()
                .is_some()
            {
                return None;
            }
        }
        let values = self.buffers.get::<Slot<'_>>(at).ok()?.flatten()?;
        let fits = values.typed_array_type == of && values.arraybuffer.len() == size * self.rows;
        fits.then_some(values)
    }
}

/// How many buffers a column takes.
fn slots(column: &ColumnSchema) -> u32 {
    match (column.column_type, column.dictionary) {
        (ColumnType::Utf8, Some(_)) => 4,
        (ColumnType::Utf8, None) => 3,
        _ => 2,
    }
}

/// The only column of an input that is one f64 column.
pub(crate) fn floats(input: usize, values: &TypedArray<'_>) -> Result<Taken> {
    if values.typed_array_type != TypedArrayType::Float64 {
        return Err(core_error(PlanError::TypeMismatch(format!(
            "Cannot emit: values must be a Float64Array, got {}",
            values.typed_array_type.as_ref()
        ))));
    }
    let rows = values.arraybuffer.len() / 8;
    let array = PrimitiveArray::<types::Float64Type>::new(scalars(values, rows), None);
    Ok(Taken {
        input,
        rows,
        columns: vec![TakenColumn::Array(Arc::new(array))],
        bytes: 8 * rows,
    })
}

/// One column being taken in.
struct Intake<'a> {
    column: &'a ColumnSchema,
    rows: usize,
    buffers: &'a Array<'a>,
    /// Index of the column's first buffer.
    at: u32,
}

impl Intake<'_> {
    fn slot(&self, index: u32) -> Result<Slot<'_>> {
        let slot: Option<Either<TypedArray<'_>, Null>> = self
            .buffers
            .get(self.at + index)
            .map_err(|error| self.type_mismatch("a typed array or null", &error.reason))?;
        Ok(match slot {
            Some(Either::A(array)) => Some(array),
            _ => None,
        })
    }

    fn needed(&self, index: u32, what: &str) -> Result<TypedArray<'_>> {
        self.slot(index)?
            .ok_or_else(|| self.type_mismatch(what, "null"))
    }

    fn type_mismatch(&self, wanted: &str, got: &str) -> crate::failure::Failure {
        core_error(PlanError::TypeMismatch(format!(
            "Cannot emit column {}: it must be {wanted}, got {got}",
            self.column.name
        )))
    }

    fn length_mismatch(&self, what: &str, wanted: usize, got: usize) -> crate::failure::Failure {
        core_error(PlanError::LengthMismatch(format!(
            "Cannot emit column {}: {what} must have {wanted} bytes or more, got {got}",
            self.column.name
        )))
    }

    fn column(&self) -> Result<TakenColumn> {
        use ColumnType as C;
        Ok(TakenColumn::Array(match self.column.column_type {
            C::Bool => {
                let values = self.needed(0, "a bitmap in a Uint8Array")?;
                Arc::new(BooleanArray::new(self.bits(&values)?, self.nulls(1)?))
            }
            C::Utf8 => match self.column.dictionary {
                None => Arc::new(self.text()?),
                Some(dictionary) => return self.ids(dictionary),
            },
            C::I8 => self.numbers::<types::Int8Type>(TypedArrayType::Int8)?,
            C::I16 => self.numbers::<types::Int16Type>(TypedArrayType::Int16)?,
            C::I32 => self.numbers::<types::Int32Type>(TypedArrayType::Int32)?,
            C::U8 => self.numbers::<types::UInt8Type>(TypedArrayType::Uint8)?,
            C::U16 => self.numbers::<types::UInt16Type>(TypedArrayType::Uint16)?,
            C::U32 => self.numbers::<types::UInt32Type>(TypedArrayType::Uint32)?,
            C::F32 => self.numbers::<types::Float32Type>(TypedArrayType::Float32)?,
            C::F64 => self.numbers::<types::Float64Type>(TypedArrayType::Float64)?,
            C::I64 => self.wide::<Int64Type>(TypedArrayType::BigInt64, whole_i64)?,
            C::U64 => self.wide::<UInt64Type>(TypedArrayType::BigUint64, whole_u64)?,
            C::Timestamp => {
                self.wide::<TimestampNanosecondType>(TypedArrayType::BigInt64, nanoseconds)?
            }
            C::Duration => {
                self.wide::<DurationNanosecondType>(TypedArrayType::BigInt64, nanoseconds)?
            }
            C::Date => self.numbers::<types::Date32Type>(TypedArrayType::Int32)?,
        }))
    }

    fn numbers<T: ArrowPrimitiveType>(&self, kind: TypedArrayType) -> Result<ArrayRef> {
        let wanted = kind.as_ref().to_owned();
        let values = self.needed(0, &wanted)?;
        if values.typed_array_type != kind {
            return Err(self.type_mismatch(&wanted, values.typed_array_type.as_ref()));
        }
        let width = size_of::<T::Native>();
        let got = values.arraybuffer.len();
        if got != self.rows * width {
            return Err(core_error(PlanError::LengthMismatch(format!(
                "Cannot emit column {}: it must have {} rows, got {}",
                self.column.name,
                self.rows,
                got / width
            ))));
        }
        Ok(Arc::new(PrimitiveArray::<T>::new(
            scalars(&values, self.rows),
            self.nulls(1)?,
        )))
    }

    /// 64-bit integers, as such or as numbers in a Float64Array, which `convert` reads.
    fn wide<T: ArrowPrimitiveType>(
        &self,
        kind: TypedArrayType,
        convert: fn(f64) -> Option<T::Native>,
    ) -> Result<ArrayRef> {
        let values = self.needed(0, kind.as_ref())?;
        if values.typed_array_type != TypedArrayType::Float64 {
            return self.numbers::<T>(kind);
        }
        let floats = self.numbers::<types::Float64Type>(TypedArrayType::Float64)?;
        let floats = arrow_array::cast::AsArray::as_primitive::<types::Float64Type>(&floats);
        let nulls = arrow_array::Array::nulls(floats).cloned();
        let mut integers = Vec::with_capacity(self.rows);
        for (row, &value) in floats.values().iter().enumerate() {
            match convert(value) {
                Some(integer) => integers.push(integer),
                None if nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) => {
                    integers.push(T::Native::default());
                }
                None => {
                    return Err(core_error(PlanError::InvalidArgument(format!(
                        "Cannot emit column {}: row {row} must be a whole {}, got {value}",
                        self.column.name, self.column.column_type
                    ))));
                }
            }
        }
        Ok(Arc::new(PrimitiveArray::<T>::new(
            ScalarBuffer::from(integers),
            nulls,
        )))
    }

    fn bits(&self, bitmap: &TypedArray<'_>) -> Result<BooleanBuffer> {
        if bitmap.typed_array_type != TypedArrayType::Uint8 {
            let got = bitmap.typed_array_type.as_ref();
            return Err(self.type_mismatch("a bitmap in a Uint8Array", got));
        }
        let bytes = self.rows.div_ceil(8);
        if bitmap.arraybuffer.len() < bytes {
            return Err(self.length_mismatch("its bitmap", bytes, bitmap.arraybuffer.len()));
        }
        let copy = Buffer::from(&bitmap.arraybuffer[..bytes]);
        Ok(BooleanBuffer::new(copy, 0, self.rows))
    }

    fn nulls(&self, index: u32) -> Result<Option<NullBuffer>> {
        self.slot(index)?
            .map(|bitmap| self.bits(&bitmap).map(NullBuffer::new))
            .transpose()
            .map(|nulls| nulls.filter(|nulls| nulls.null_count() > 0))
    }

    fn text(&self) -> Result<StringArray> {
        let strings = self.strings(0, Some(self.rows))?;
        let (offsets, values, _) = strings.into_parts();
        Ok(StringArray::new(offsets, values, self.nulls(2)?))
    }

    /// Strings at slots `index` (offsets) and `index + 1` (text).
    fn strings(&self, index: u32, rows: Option<usize>) -> Result<StringArray> {
        let offsets = self.needed(index, "Int32 offsets")?;
        if offsets.typed_array_type != TypedArrayType::Int32 {
            return Err(self.type_mismatch("Int32 offsets", offsets.typed_array_type.as_ref()));
        }
        let count = offsets.arraybuffer.len() / 4;
        if count == 0 || rows.is_some_and(|rows| rows + 1 != count) {
            let wanted = rows.map_or(4, |rows| 4 * (rows + 1));
            return Err(self.length_mismatch("its offsets", wanted, 4 * count));
        }
        let text = self.needed(index + 1, "UTF-8 text in a Uint8Array")?;
        let invalid = |detail: &str| {
            core_error(PlanError::InvalidArgument(format!(
                "Cannot emit column {}: {detail}",
                self.column.name
            )))
        };
        let offsets: ScalarBuffer<i32> = scalars(&offsets, count);
        let ascending = offsets[0] >= 0 && offsets.windows(2).all(|pair| pair[0] <= pair[1]);
        if !ascending {
            return Err(invalid("its offsets must ascend from 0"));
        }
        let text = Buffer::from(&text.arraybuffer[..]);
        StringArray::try_new(OffsetBuffer::new(offsets), text, None).map_err(|error| {
            invalid(&format!(
                "its text must be UTF-8 within its offsets: {error}"
            ))
        })
    }

    fn ids(&self, dictionary: usize) -> Result<TakenColumn> {
        let ids = self.needed(0, "Int32 ids")?;
        if ids.typed_array_type != TypedArrayType::Int32 {
            return Err(self.type_mismatch("Int32 ids", ids.typed_array_type.as_ref()));
        }
        if ids.arraybuffer.len() != 4 * self.rows {
            return Err(self.length_mismatch("its ids", 4 * self.rows, ids.arraybuffer.len()));
        }
        let ids = Int32Array::new(scalars(&ids, self.rows), self.nulls(3)?);
        Ok(TakenColumn::Ids(dictionary, ids))
    }
}

/// A copy of the first `rows` values, aligned for their type.
fn scalars<N: arrow_buffer::ArrowNativeType>(
    values: &TypedArray<'_>,
    rows: usize,
) -> ScalarBuffer<N> {
    let bytes = &values.arraybuffer[..rows * size_of::<N>()];
    let mut copy = MutableBuffer::new(bytes.len());
    copy.extend_from_slice(bytes);
    ScalarBuffer::new(copy.into(), 0, rows)
}

#[expect(clippy::cast_possible_truncation, reason = "whole and within the type")]
fn whole_i64(value: f64) -> Option<i64> {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    (value.fract() == 0.0 && (-LIMIT..LIMIT).contains(&value)).then_some(value as i64)
}

/// Milliseconds as nanoseconds; a fraction is rounded to the nearest nanosecond. The whole part is
/// scaled as an integer: the product would not fit a float.
fn nanoseconds(milliseconds: f64) -> Option<i64> {
    let whole = milliseconds.floor();
    let rest = ((milliseconds - whole) * 1e6).round_ties_even();
    whole_i64(whole)?
        .checked_mul(1_000_000)?
        .checked_add(whole_i64(rest)?)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked before"
)]
fn whole_u64(value: f64) -> Option<u64> {
    const LIMIT: f64 = 18_446_744_073_709_551_616.0;
    (value.fract() == 0.0 && (0.0..LIMIT).contains(&value)).then_some(value as u64)
}
