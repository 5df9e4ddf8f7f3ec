//! Columns that nodes keep from batch to batch: any type, as arrays and as state.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{ArrowPrimitiveType, Float32Type, Float64Type, Int32Type};
use arrow_array::{
    Array, ArrayRef, BooleanArray, Float32Array, Float64Array, PrimitiveArray, StringArray,
    new_empty_array,
};
use arrow_schema::ArrowError;

use super::operator::{Context, expect_parts};
use crate::column_type::ColumnType;
use crate::error::PlanError;
use crate::expression::ExpressionId;
use crate::expression::numeric::{Number, dispatch_numeric};
use crate::state::{StateReader, StateWriter};

/// A column of a node's input whose rows are kept: text of a dictionary as ids, which stay the same
/// while the dictionary grows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KeptColumn {
    pub(crate) expression: ExpressionId,
    pub(crate) column_type: ColumnType,
    pub(crate) dictionary: Option<usize>,
}

impl KeptColumn {
    /// The type of the arrays that are kept.
    fn storage(self) -> ColumnType {
        match self.dictionary {
            Some(_) => ColumnType::I32,
            None => self.column_type,
        }
    }

    /// The rows of this batch as they are kept.
    pub(crate) fn rows(
        self,
        context: &mut Context<'_>,
        rows: usize,
    ) -> Result<ArrayRef, PlanError> {
        let array = context.array(self.expression, rows)?;
        Ok(match array.as_dictionary_opt::<Int32Type>() {
            Some(encoded) => Arc::new(encoded.keys().clone()),
            None => array,
        })
    }

    /// Kept rows as a column of results.
    pub(crate) fn shown(
        self,
        context: &Context<'_>,
        kept: ArrayRef,
    ) -> Result<ArrayRef, PlanError> {
        match self.dictionary {
            Some(dictionary) => {
                let ids = kept.as_primitive::<Int32Type>().clone();
                Ok(Arc::new(context.dictionaries[dictionary].column(ids)?))
            }
            None => Ok(kept),
        }
    }

    /// No rows.
    pub(crate) fn empty(self) -> ArrayRef {
        new_empty_array(&self.storage().arrow())
    }

    /// Appends kept rows to a state.
    pub(crate) fn write(self, kept: &ArrayRef, state: &mut StateWriter) -> Result<(), PlanError> {
        let valid: Vec<bool> = (0..kept.len()).map(|row| kept.is_valid(row)).collect();
        state.bools(&valid);
        match self.storage() {
            ColumnType::Bool => {
                let bits = kept.as_boolean();
                let bits: Vec<bool> = bits.iter().map(|bit| bit == Some(true)).collect();
                state.bools(&bits);
            }
            ColumnType::Utf8 => {
                for text in kept.as_string::<i32>() {
                    state.bytes(text.unwrap_or_default().as_bytes());
                }
            }
            ColumnType::F64 => {
                let values = kept.as_primitive::<Float64Type>();
                let values: Vec<f64> = values.iter().map(Option::unwrap_or_default).collect();
                state.f64s(&values);
            }
            ColumnType::F32 => {
                let values = kept.as_primitive::<Float32Type>();
                let values: Vec<f64> = values
                    .iter()
                    .map(|value| value.unwrap_or_default().into())
                    .collect();
                state.f64s(&values);
            }
            storage => dispatch_numeric!(storage, T => {
                for value in kept.as_primitive::<T>() {
                    state.bytes(&value.unwrap_or_default().to_wide().to_le_bytes());
                }
            }),
        }
        Ok(())
    }

    /// Reads rows that [`Self::write`] wrote.
    pub(crate) fn read(self, state: &mut StateReader<'_>) -> Result<ArrayRef, PlanError> {
        let valid = state.bools()?;
        let count = valid.len();
        let nulls = Some(valid.clone().into()).filter(|_| valid.contains(&false));
        let other = |state: &StateReader<'_>, got: usize| {
            state.corrupt(format!("{got} values for {count} rows"))
        };
        Ok(match self.storage() {
            ColumnType::Bool => {
                let bits = state.bools()?;
                if bits.len() != count {
                    return Err(other(state, bits.len()).into());
                }
                Arc::new(BooleanArray::new(bits.into(), nulls))
            }
            ColumnType::Utf8 => {
                let mut texts = Vec::with_capacity(count);
                for &valid in &valid {
                    let text = std::str::from_utf8(state.bytes()?)
                        .map_err(|error| state.corrupt(error.to_string()))?;
                    texts.push(valid.then_some(text));
                }
                Arc::new(StringArray::from(texts))
            }
            ColumnType::F64 => {
                let values = state.f64s()?;
                if values.len() != count {
                    return Err(other(state, values.len()).into());
                }
                Arc::new(Float64Array::new(values.into(), nulls))
            }
            ColumnType::F32 => {
                let values = state.f64s()?;
                if values.len() != count {
                    return Err(other(state, values.len()).into());
                }
                #[expect(clippy::cast_possible_truncation, reason = "these came from f32")]
                let values: Vec<f32> = values.into_iter().map(|value| value as f32).collect();
                Arc::new(Float32Array::new(values.into(), nulls))
            }
            storage => dispatch_numeric!(storage, T => {
                let mut values = Vec::with_capacity(count);
                for _ in 0..count {
                    let value = <[u8; 16]>::try_from(state.bytes()?)
                        .ok()
                        .map(i128::from_le_bytes)
                        .and_then(<T as ArrowPrimitiveType>::Native::from_integer);
                    values.push(value.ok_or_else(|| state.corrupt("an integer of another type"))?);
                }
                Arc::new(PrimitiveArray::<T>::new(values.into(), nulls)) as ArrayRef
            }),
        })
    }
}

/// The state of kept rows, a part for each column.
pub(crate) fn write_kept<'a>(
    columns: &[KeptColumn],
    kept: impl IntoIterator<Item = &'a ArrayRef>,
) -> Vec<Vec<u8>> {
    columns
        .iter()
        .zip(kept)
        .map(|(column, rows)| {
            let mut state = StateWriter::new(1);
            // Every type that is kept has a state: this cannot fail.
            let _ = column.write(rows, &mut state);
            state.finish()
        })
        .collect()
}

/// Reads the rows that [`write_kept`] wrote, of which `fits` says whether they may be.
pub(crate) fn read_kept(
    kernel: &'static str,
    columns: &[KeptColumn],
    state: &[&[u8]],
    fits: impl Fn(&ArrayRef) -> bool,
) -> Result<Vec<ArrayRef>, PlanError> {
    expect_parts(state, columns.len())?;
    let parts = columns.iter().zip(state);
    parts
        .map(|(column, part)| {
            let mut reader = StateReader::new(kernel, 1, part)?;
            let rows = column.read(&mut reader)?;
            if !fits(&rows) {
                return Err(reader.corrupt(format!("{} rows", rows.len())).into());
            }
            reader.finish()?;
            Ok(rows)
        })
        .collect()
}

/// What went wrong inside a kernel of arrow, which was given what it takes.
pub(crate) fn arrow(error: ArrowError) -> PlanError {
    PlanError::Internal(error.to_string())
}
