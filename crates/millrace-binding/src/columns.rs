//! Columns of whole-column kernels, from typed arrays and back.

use std::borrow::Cow;

use bytemuck::Pod;
use millrace_core::bulk::Column;
use napi::bindgen_prelude::{
    Array, Either4, Float32Array, Float64Array, Int32Array, TypedArray, TypedArrayType, Uint32Array,
};

use crate::failure::{Failure, Result};

/// A column as JavaScript gets it.
pub type JsColumn = Either4<Float32Array, Float64Array, Int32Array, Uint32Array>;

/// The typed arrays of a list.
///
/// # Errors
/// Where something else is among them.
pub fn columns_in<'a>(arrays: &Array<'a>) -> Result<Vec<TypedArray<'a>>> {
    (0..arrays.len())
        .map(|index| match arrays.get::<TypedArray<'a>>(index) {
            Ok(Some(array)) => Ok(array),
            _ => Err(Failure::new(
                "ERR_TYPE_MISMATCH",
                format!("Cannot run a batch: column {index} must be a typed array"),
            )),
        })
        .collect()
}

/// A typed array as a column, without a copy.
///
/// # Errors
/// Where it is of a type that no kernel takes.
pub fn column_of<'a>(array: &'a TypedArray<'_>) -> Result<Column<'a>> {
    let bytes: &[u8] = &array.arraybuffer;
    Ok(match array.typed_array_type {
        TypedArrayType::Float32 => Column::F32(values(bytes)),
        TypedArrayType::Float64 => Column::F64(values(bytes)),
        TypedArrayType::Int32 => Column::I32(values(bytes)),
        TypedArrayType::Uint32 => Column::U32(values(bytes)),
        other => {
            return Err(Failure::new(
                "ERR_TYPE_MISMATCH",
                format!(
                    "Cannot run a batch: a column must be a Float32Array, Float64Array, Int32Array \
                     or Uint32Array, got {}Array",
                    other.as_ref()
                ),
            ));
        }
    })
}

/// The values where they lie; copied only where they lie askew.
fn values<T: Pod>(bytes: &[u8]) -> Cow<'_, [T]> {
    match bytemuck::try_cast_slice(bytes) {
        Ok(values) => Cow::Borrowed(values),
        Err(_) => Cow::Owned(bytemuck::pod_collect_to_vec(bytes)),
    }
}

/// Columns as typed arrays, whose memory goes over to JavaScript.
#[must_use]
pub fn columns_out(columns: Vec<Column<'static>>) -> Vec<JsColumn> {
    columns
        .into_iter()
        .map(|column| match column {
            Column::F32(values) => Either4::A(Float32Array::new(values.into_owned())),
            Column::F64(values) => Either4::B(Float64Array::new(values.into_owned())),
            Column::I32(values) => Either4::C(Int32Array::new(values.into_owned())),
            Column::U32(values) => Either4::D(Uint32Array::new(values.into_owned())),
        })
        .collect()
}
