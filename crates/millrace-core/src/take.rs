//! Rows of a column by their places.
//!
//! `arrow_select::take` does the same for every type of Arrow, with comparators for some of them: 1.1 MB
//! more of machine code than for the types that columns have here.

use std::sync::Arc;

use arrow_array::builder::StringBuilder;
use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{Array, ArrayRef, BooleanArray, DictionaryArray, Int32Array, make_array};
use arrow_buffer::{ArrowNativeType, BooleanBuffer, Buffer, NullBuffer, ScalarBuffer};
use arrow_schema::{ArrowError, DataType};

/// The values at `places`, in their order; missing where the value is, and where `missing` says that the
/// place is, which then may be any number. Text with a dictionary keeps it.
///
/// # Errors
/// [`ArrowError::NotYetImplemented`] for a type that columns do not have.
///
/// # Panics
/// For a place beyond the column.
///
/// # Examples
/// ```
/// use std::sync::Arc;
///
/// use arrow_array::{ArrayRef, Float64Array};
/// use millrace_core::take::take;
///
/// let column: ArrayRef = Arc::new(Float64Array::from(vec![Some(1.0), None, Some(3.0)]));
/// let taken = take(&column, &[2, 1, 2], None).unwrap();
/// assert_eq!(*taken, Float64Array::from(vec![Some(3.0), None, Some(3.0)]));
/// ```
pub fn take(
    values: &ArrayRef,
    places: &[u32],
    missing: Option<&NullBuffer>,
) -> Result<ArrayRef, ArrowError> {
    let nulls = nulls_at(values.nulls(), places, missing);
    Ok(match values.data_type() {
        DataType::Boolean => {
            let bits = values.as_boolean().values();
            let taken = BooleanBuffer::collect_bool(places.len(), |row| {
                is_there(missing, row) && bits.value(places[row] as usize)
            });
            Arc::new(BooleanArray::new(taken, nulls))
        }
        DataType::Utf8 => {
            let texts = values.as_string::<i32>();
            let mut taken = StringBuilder::with_capacity(places.len(), 0);
            for (row, &place) in places.iter().enumerate() {
                if is_there(nulls.as_ref(), row) {
                    taken.append_value(texts.value(place as usize));
                } else {
                    taken.append_null();
                }
            }
            Arc::new(taken.finish())
        }
        DataType::Dictionary(..) => {
            let Some(encoded) = values.as_dictionary_opt::<Int32Type>() else {
                return Err(unknown(values.data_type()));
            };
            let keys = gather(encoded.keys().values(), places, missing);
            let keys = Int32Array::new(keys.into(), nulls);
            Arc::new(DictionaryArray::try_new(
                keys,
                Arc::clone(encoded.values()),
            )?)
        }
        other => {
            let data = values.to_data();
            let buffer: Buffer = match other.primitive_width() {
                Some(1) => Buffer::from_vec(gather::<u8>(data.buffer(0), places, missing)),
                Some(2) => Buffer::from_vec(gather::<u16>(data.buffer(0), places, missing)),
                Some(4) => Buffer::from_vec(gather::<u32>(data.buffer(0), places, missing)),
                Some(8) => Buffer::from_vec(gather::<u64>(data.buffer(0), places, missing)),
                _ => return Err(unknown(other)),
            };
            let taken = data.into_builder().offset(0).len(places.len());
            make_array(taken.buffers(vec![buffer]).nulls(nulls).build()?)
        }
    })
}

/// [`take`] at the places that the keys of a dictionary are.
pub(crate) fn take_keys(values: &ArrayRef, keys: &Int32Array) -> Result<ArrayRef, ArrowError> {
    let places = ScalarBuffer::<u32>::new(keys.values().inner().clone(), 0, keys.len());
    take(values, &places, keys.nulls())
}

fn unknown(data_type: &DataType) -> ArrowError {
    ArrowError::NotYetImplemented(format!("rows of {data_type} by their places"))
}

fn is_there(nulls: Option<&NullBuffer>, row: usize) -> bool {
    nulls.is_none_or(|nulls| nulls.is_valid(row))
}

fn nulls_at(
    nulls: Option<&NullBuffer>,
    places: &[u32],
    missing: Option<&NullBuffer>,
) -> Option<NullBuffer> {
    let Some(nulls) = nulls.filter(|nulls| nulls.null_count() > 0) else {
        return missing.cloned();
    };
    let valid = BooleanBuffer::collect_bool(places.len(), |row| {
        is_there(missing, row) && nulls.is_valid(places[row] as usize)
    });
    Some(valid.into())
}

fn gather<T: ArrowNativeType>(
    values: &[T],
    places: &[u32],
    missing: Option<&NullBuffer>,
) -> Vec<T> {
    match missing {
        None => places.iter().map(|&place| values[place as usize]).collect(),
        // A missing place may be beyond the values.
        Some(_) => places
            .iter()
            .map(|&place| values.get(place as usize).copied().unwrap_or_default())
            .collect(),
    }
}
