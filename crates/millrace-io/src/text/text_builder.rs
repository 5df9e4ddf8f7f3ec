//! Columns of text under construction: plain, and as ids of a dictionary.

use std::sync::Arc;

use arrow_array::types::Int32Type;
use arrow_array::{Array, ArrayRef, DictionaryArray, PrimitiveArray, StringArray};
use arrow_buffer::{NullBuffer, OffsetBuffer, ScalarBuffer};
use millrace_core::dictionary::Dictionary;

/// Distinct strings from which on a dictionary is worth it only where rows are many times as many.
const MANY: usize = 1 << 16;
/// Rows for each distinct string that are worth a dictionary, once there are many.
const REPEATS: usize = 4;

/// Strings one after the other.
#[derive(Debug)]
pub(crate) struct PlainBuilder {
    text: String,
    /// Where each string ends.
    ends: Vec<i32>,
}

impl PlainBuilder {
    pub(crate) fn new() -> Self {
        Self {
            text: String::new(),
            ends: Vec::new(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    #[inline]
    pub(crate) fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.ends
            .push(i32::try_from(self.text.len()).unwrap_or(i32::MAX));
    }

    pub(crate) fn truncate(&mut self, rows: usize) {
        self.ends.truncate(rows);
        let end = self
            .ends
            .last()
            .map_or(0, |&end| end.unsigned_abs() as usize);
        self.text.truncate(end);
    }

    pub(crate) fn finish(&mut self, nulls: Option<NullBuffer>) -> ArrayRef {
        let mut offsets = Vec::with_capacity(self.ends.len() + 1);
        offsets.push(0);
        offsets.append(&mut self.ends);
        let text = std::mem::take(&mut self.text).into_bytes();
        self.text.reserve(text.len());
        Arc::new(StringArray::new(
            OffsetBuffer::new(ScalarBuffer::from(offsets)),
            text.into(),
            nulls,
        ))
    }
}

/// Strings as ids of a dictionary that lives as long as the builder. Where strings hardly repeat it is
/// given up, and the column is plain from then on: the dictionary does not grow without bound.
#[derive(Debug)]
pub(crate) struct InternedBuilder {
    dictionary: Dictionary,
    ids: Vec<u32>,
    /// What was last handed out as the dictionary's strings: the same array as long as it will do, so
    /// that whoever gets it looks each string up only once.
    published: Option<ArrayRef>,
    rows: usize,
    /// Rows since strings were last handed out.
    since: usize,
    plain: Option<PlainBuilder>,
}

impl InternedBuilder {
    pub(crate) fn new() -> Self {
        Self {
            dictionary: Dictionary::new(),
            ids: Vec::new(),
            published: None,
            rows: 0,
            since: 0,
            plain: None,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.plain
            .as_ref()
            .map_or(self.ids.len(), PlainBuilder::len)
    }

    #[inline]
    pub(crate) fn push(&mut self, text: &str) {
        match &mut self.plain {
            None => self.ids.push(self.dictionary.intern(text)),
            Some(plain) => plain.push(text),
        }
    }

    pub(crate) fn truncate(&mut self, rows: usize) {
        match &mut self.plain {
            None => self.ids.truncate(rows),
            Some(plain) => plain.truncate(rows),
        }
    }

    pub(crate) fn finish(&mut self, nulls: Option<NullBuffer>) -> ArrayRef {
        if let Some(plain) = &mut self.plain {
            return plain.finish(nulls);
        }
        self.rows += self.ids.len();
        self.since += self.ids.len();
        let known = self.published.as_ref().map_or(0, |strings| strings.len());
        let highest = self
            .ids
            .iter()
            .copied()
            .max()
            .map_or(0, |id| id as usize + 1);
        // Each new array makes its receiver look strings up again, so that the next one comes when as
        // many rows have come.
        let array: ArrayRef = if highest > known && self.since < self.dictionary.len() {
            let text = self.dictionary.take(&self.ids);
            let (offsets, values, _) = text.into_parts();
            self.ids.clear();
            Arc::new(StringArray::new(offsets, values, nulls))
        } else {
            let strings = match &self.published {
                Some(strings) if highest <= known => Arc::clone(strings),
                _ => {
                    self.since = 0;
                    Arc::new(self.dictionary.to_array()) as ArrayRef
                }
            };
            self.published = Some(Arc::clone(&strings));
            let ids: Vec<i32> = self.ids.drain(..).map(u32::cast_signed).collect();
            let ids = PrimitiveArray::<Int32Type>::new(ScalarBuffer::from(ids), nulls);
            Arc::new(DictionaryArray::<Int32Type>::new(ids, strings))
        };
        if self.dictionary.len() > MANY && self.rows < REPEATS * self.dictionary.len() {
            self.plain = Some(PlainBuilder::new());
            self.dictionary = Dictionary::new();
            self.published = None;
        }
        array
    }
}
