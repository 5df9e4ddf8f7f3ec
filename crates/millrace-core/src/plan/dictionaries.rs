//! The dictionaries of a plan: one for each utf8 input column that is marked so.
//!
//! A dictionary only grows, so an id keeps its meaning from batch to batch and nodes work on ids.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowDictionaryKeyType, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type,
    UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef, DictionaryArray, Int32Array, StringArray};
use arrow_schema::DataType;

use crate::dictionary::Dictionary;
use crate::error::PlanError;
use crate::group::largest;
use crate::words::each_word;

/// One dictionary and its strings as a column.
#[derive(Debug)]
pub(crate) struct PlanDictionary {
    ids: Dictionary,
    strings: StringArray,
    scratch: Vec<u32>,
}

impl PlanDictionary {
    pub(crate) fn new() -> Self {
        Self {
            ids: Dictionary::new(),
            strings: StringArray::new_null(0),
            scratch: Vec::new(),
        }
    }

    /// All strings, in the order of their ids.
    pub(crate) fn strings(&self) -> &StringArray {
        &self.strings
    }

    /// Appends strings that are not in it yet; they get the next ids.
    pub(crate) fn extend(&mut self, strings: &StringArray) -> Result<(), PlanError> {
        for string in strings.iter().flatten() {
            let known = self.ids.len();
            if self.ids.intern(string) as usize != known {
                self.strings = self.ids.to_array();
                return Err(PlanError::InvalidArgument(format!(
                    "Cannot extend a dictionary: a new string must differ from all before it, got \
                     {string:?} twice"
                )));
            }
        }
        self.refresh();
        Ok(())
    }

    /// A column of any utf8 form as ids of this dictionary.
    pub(crate) fn encode(&mut self, array: &ArrayRef, column: &str) -> Result<ArrayRef, PlanError> {
        if let Some(encoded) = array.as_dictionary_opt::<Int32Type>()
            && encoded
                .values()
                .as_any()
                .downcast_ref::<StringArray>()
                .is_some_and(|values| {
                    // The same buffers: a batch made from this very dictionary.
                    values.len() <= self.strings.len()
                        && values.values().ptr_eq(self.strings.values())
                        && values
                            .offsets()
                            .inner()
                            .inner()
                            .ptr_eq(self.strings.offsets().inner().inner())
                })
        {
            return Ok(Arc::clone(array));
        }
        self.scratch.clear();
        match array.data_type() {
            DataType::Utf8 => self.ids.intern_array(array.as_string(), &mut self.scratch),
            DataType::LargeUtf8 => {
                self.ids
                    .intern_large_array(array.as_string(), &mut self.scratch);
            }
            DataType::Dictionary(key, value) if **value == DataType::Utf8 => match **key {
                DataType::Int8 => self.intern::<Int8Type>(array)?,
                DataType::Int16 => self.intern::<Int16Type>(array)?,
                DataType::Int32 => self.intern::<Int32Type>(array)?,
                DataType::Int64 => self.intern::<Int64Type>(array)?,
                DataType::UInt8 => self.intern::<UInt8Type>(array)?,
                DataType::UInt16 => self.intern::<UInt16Type>(array)?,
                DataType::UInt32 => self.intern::<UInt32Type>(array)?,
                _ => self.intern::<UInt64Type>(array)?,
            },
            other => {
                return Err(PlanError::TypeMismatch(format!(
                    "Cannot emit to column {column}: its values must be utf8, got {other}"
                )));
            }
        }
        self.refresh();
        let null = self.ids.null_id();
        let keys: Int32Array = if null.is_some() && array.null_count() > 0 {
            self.scratch
                .iter()
                .map(|&id| (Some(id) != null).then_some(id.cast_signed()))
                .collect()
        } else {
            self.scratch
                .iter()
                .map(|id| id.cast_signed())
                .collect::<Vec<_>>()
                .into()
        };
        self.column(keys).map(|array| Arc::new(array) as ArrayRef)
    }

    /// Refuses ids that it has not; a negative one comes as one beyond 2^31.
    pub(crate) fn check(&self, ids: &[u32]) -> Result<(), PlanError> {
        let strings = self.strings.len();
        if ids.is_empty() || (largest(ids) as usize) < strings {
            return Ok(());
        }
        let bad = ids.iter().position(|&id| id as usize >= strings);
        let row = bad.unwrap_or_default();
        Err(PlanError::InvalidArgument(format!(
            "Cannot read dictionary ids: they must be below the number of strings {strings}, got {} \
             in row {row}",
            ids[row].cast_signed()
        )))
    }

    /// The words of a text as ids of this dictionary.
    pub(crate) fn encode_words(&mut self, text: &str) -> Result<ArrayRef, PlanError> {
        let mut ids = Vec::new();
        each_word(text, |word| ids.push(self.ids.intern(word).cast_signed()));
        self.refresh();
        self.column(ids.into())
            .map(|array| Arc::new(array) as ArrayRef)
    }

    /// Ids as a column with this dictionary; refuses an id that it has not.
    pub(crate) fn column(&self, ids: Int32Array) -> Result<DictionaryArray<Int32Type>, PlanError> {
        DictionaryArray::try_new(ids, Arc::new(self.strings.clone())).map_err(|error| {
            PlanError::InvalidArgument(format!(
                "Cannot read dictionary ids: they must be below the number of strings {}: {error}",
                self.strings.len()
            ))
        })
    }

    fn intern<K: ArrowDictionaryKeyType>(&mut self, array: &ArrayRef) -> Result<(), PlanError> {
        self.ids
            .intern_dictionary(array.as_dictionary::<K>(), &mut self.scratch)?;
        Ok(())
    }

    fn refresh(&mut self) {
        if self.ids.len() != self.strings.len() {
            self.strings = self.ids.to_array();
        }
    }

    pub(crate) fn snapshot(&self) -> Vec<u8> {
        self.ids.snapshot()
    }

    pub(crate) fn restore(&mut self, bytes: &[u8]) -> Result<(), PlanError> {
        self.ids.restore(bytes)?;
        self.strings = self.ids.to_array();
        Ok(())
    }
}
