//! Group keys: rows of key columns become dense ids in first-seen order, or where one dictionary
//! is the key its ids as they are.
//!
//! A missing key is a key of its own. −0 and 0 are one key, and so are all NaN.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int32Type, Int64Type};
use arrow_array::{Array, ArrayRef, Int64Array, PrimitiveArray};
use arrow_buffer::ScalarBuffer;

use super::aggregation::{from_float, from_integer};
use super::dictionaries::PlanDictionary;
use super::operator::{Context, expect_parts};
use super::string_keys::StringKeys;
use crate::column_type::ColumnType;
use crate::dictionary::{Dictionary, IntegerDictionary, RowDictionary};
use crate::error::PlanError;
use crate::expression::ExpressionId;

/// The keys of one column that were seen.
#[derive(Debug)]
enum Seen {
    /// Ids of a dictionary of the plan.
    Ids(StringKeys),
    Text(Dictionary),
    /// Integers, or the bits of floats.
    Integers {
        keys: IntegerDictionary,
        column_type: ColumnType,
        /// The column of all keys as it was last made. Keys only grow, so it stands for as long as
        /// there are as many.
        all: Option<ArrayRef>,
    },
}

/// One key column.
#[derive(Debug)]
struct KeyColumn {
    expression: ExpressionId,
    seen: Seen,
}

/// The key columns of a group-by.
#[derive(Debug)]
pub(crate) struct GroupKeys {
    columns: Vec<KeyColumn>,
    /// Only where there are several columns.
    rows: Option<RowDictionary>,
    scratch: Vec<Vec<u32>>,
}

impl GroupKeys {
    /// Keys by expressions that yield their lane: utf8, f64 or i64, of the given types.
    pub(crate) fn new(columns: &[(ExpressionId, ColumnType, Option<usize>)]) -> Self {
        let rows = (columns.len() > 1).then(|| RowDictionary::new(columns.len()));
        let columns = columns
            .iter()
            .map(|&(expression, column_type, dictionary)| KeyColumn {
                expression,
                seen: match (column_type, dictionary) {
                    (ColumnType::Utf8, Some(dictionary)) => Seen::Ids(StringKeys::new(dictionary)),
                    (ColumnType::Utf8, None) => Seen::Text(Dictionary::new()),
                    _ => Seen::Integers {
                        keys: IntegerDictionary::new(),
                        column_type,
                        all: None,
                    },
                },
            })
            .collect::<Vec<_>>();
        Self {
            scratch: vec![Vec::new(); columns.len()],
            columns,
            rows,
        }
    }

    /// The key columns of this batch.
    pub(crate) fn arrays(
        &self,
        context: &mut Context<'_>,
        rows: usize,
    ) -> Result<Vec<ArrayRef>, PlanError> {
        self.columns
            .iter()
            .map(|column| context.array(column.expression, rows))
            .collect()
    }

    /// The expression of the only key column and its dictionary, where rows are numbered by id.
    pub(crate) fn by_id(&self) -> Option<(ExpressionId, usize)> {
        match (&self.columns[..], &self.rows) {
            ([KeyColumn { expression, seen }], None) => match seen {
                Seen::Ids(keys) if keys.is_by_id() => Some((*expression, keys.dictionary())),
                _ => None,
            },
            _ => None,
        }
    }

    /// Has rows numbered by the ids of their strings in place of their groups, where that can be:
    /// [`Self::ids`] gives them. Tables by number are then as long as the dictionary.
    pub(crate) fn number_by_id(&mut self, by_id: bool) {
        if let ([KeyColumn { seen, .. }], None) = (&mut self.columns[..], &self.rows)
            && let Seen::Ids(keys) = seen
        {
            keys.number_by_id(by_id);
        }
    }

    /// The ids of rows that are numbered by them, none of which may be missing.
    pub(crate) fn ids(
        &mut self,
        arrays: &[ArrayRef],
        dictionaries: &[PlanDictionary],
    ) -> Option<ScalarBuffer<u32>> {
        let (_, dictionary) = self.by_id()?;
        let ids = arrays.first()?.as_dictionary::<Int32Type>().keys().values();
        let ids = ScalarBuffer::new(ids.inner().clone(), 0, ids.len());
        self.note(&ids, &dictionaries[dictionary]);
        Some(ids)
    }

    /// Takes note of the ids of a batch of rows that are numbered by them.
    pub(crate) fn note(&mut self, ids: &[u32], dictionary: &PlanDictionary) {
        if let [KeyColumn { seen, .. }] = &mut self.columns[..]
            && let Seen::Ids(keys) = seen
        {
            keys.note(ids, dictionary.strings().len());
        }
    }

    /// Appends the numbers of the groups from group `from` on, in first-seen order.
    pub(crate) fn numbers(&self, from: usize, numbers: &mut Vec<u32>) -> Result<(), PlanError> {
        if let ([KeyColumn { seen, .. }], None) = (&self.columns[..], &self.rows)
            && let Seen::Ids(keys) = seen
        {
            keys.numbers(from, numbers);
            return Ok(());
        }
        let end = u32::try_from(self.len())
            .map_err(|_| PlanError::Overflow("Cannot group by: 2^32 keys".to_owned()))?;
        numbers.extend((0..end).skip(from));
        Ok(())
    }

    /// Appends the group of each row to `ids`; without key columns all rows are one group.
    pub(crate) fn intern(&mut self, arrays: &[ArrayRef], rows: usize, ids: &mut Vec<u32>) {
        match (&mut self.columns[..], &mut self.rows) {
            ([], _) => ids.resize(ids.len() + rows, 0),
            ([column], _) => column.intern(&arrays[0], ids),
            (columns, Some(dictionary)) => {
                for ((column, array), part) in columns.iter_mut().zip(arrays).zip(&mut self.scratch)
                {
                    part.clear();
                    column.intern(array, part);
                }
                let parts: Vec<&[u32]> = self.scratch.iter().map(Vec::as_slice).collect();
                dictionary.intern(&parts, ids);
            }
            (_, None) => {}
        }
    }

    /// How many groups there are.
    pub(crate) fn len(&self) -> usize {
        match (&self.columns[..], &self.rows) {
            ([], _) => 1,
            (_, Some(rows)) => rows.len(),
            (columns, None) => columns[0].len(),
        }
    }

    /// The key columns of the given groups.
    pub(crate) fn columns(
        &self,
        groups: &[u32],
        dictionaries: &[PlanDictionary],
    ) -> Result<Vec<ArrayRef>, PlanError> {
        let Some(rows) = &self.rows else {
            return self
                .columns
                .iter()
                .map(|column| column.take(groups, dictionaries))
                .collect();
        };
        let mut parts = vec![Vec::with_capacity(groups.len()); self.columns.len()];
        for &group in groups {
            let row = rows
                .get(group)
                .ok_or_else(|| PlanError::Internal(format!("group {group} has no keys")))?;
            for (part, id) in parts.iter_mut().zip(row) {
                part.push(id);
            }
        }
        self.columns
            .iter()
            .zip(&parts)
            .map(|(column, ids)| column.take(ids, dictionaries))
            .collect()
    }

    /// The key columns of all groups, in order; `groups` lists them.
    pub(crate) fn all_columns(
        &mut self,
        groups: &[u32],
        dictionaries: &[PlanDictionary],
    ) -> Result<Vec<ArrayRef>, PlanError> {
        if let ([column], None) = (&mut self.columns[..], &self.rows) {
            return Ok(vec![column.take_all(groups, dictionaries)?]);
        }
        self.columns(groups, dictionaries)
    }

    /// Keeps these groups alone, which get the ids 0, 1, 2, ...
    pub(crate) fn keep(&mut self, groups: &[u32]) {
        let Some(rows) = &mut self.rows else {
            if let [column] = &mut self.columns[..] {
                column.keep(groups);
            }
            return;
        };
        let kept: Vec<Vec<u32>> = groups.iter().filter_map(|&group| rows.get(group)).collect();
        *rows = RowDictionary::new(self.columns.len());
        for (at, (column, part)) in self.columns.iter_mut().zip(&mut self.scratch).enumerate() {
            // Each key of the column once, in the order of the groups.
            let mut order = IntegerDictionary::new();
            part.clear();
            part.extend(kept.iter().map(|row| order.intern(i64::from(row[at]))));
            #[expect(clippy::cast_possible_truncation, reason = "these keys came from u32")]
            let ids: Vec<u32> = order.keys().iter().map(|&key| key as u32).collect();
            column.keep(&ids);
        }
        let parts: Vec<&[u32]> = self.scratch.iter().map(Vec::as_slice).collect();
        rows.intern(&parts, &mut Vec::with_capacity(kept.len()));
    }

    /// Forgets all groups.
    pub(crate) fn clear(&mut self) {
        for column in &mut self.columns {
            match &mut column.seen {
                Seen::Ids(keys) => keys.clear(),
                Seen::Integers { keys, all, .. } => {
                    *keys = IntegerDictionary::new();
                    *all = None;
                }
                Seen::Text(keys) => *keys = Dictionary::new(),
            }
        }
        if let Some(rows) = &mut self.rows {
            *rows = RowDictionary::new(self.columns.len());
        }
    }

    /// How many parts the state has.
    pub(crate) fn parts(&self) -> usize {
        self.columns.len() + usize::from(self.rows.is_some())
    }

    pub(crate) fn snapshot(&self) -> Vec<Vec<u8>> {
        let columns = self.columns.iter().map(|column| match &column.seen {
            Seen::Ids(keys) => keys.snapshot(),
            Seen::Integers { keys, .. } => keys.snapshot(),
            Seen::Text(keys) => keys.snapshot(),
        });
        columns
            .chain(self.rows.iter().map(RowDictionary::snapshot))
            .collect()
    }

    pub(crate) fn restore(&mut self, state: &[&[u8]]) -> Result<(), PlanError> {
        expect_parts(state, self.parts())?;
        for (column, part) in self.columns.iter_mut().zip(state) {
            match &mut column.seen {
                Seen::Ids(keys) => keys.restore(part)?,
                Seen::Integers { keys, all, .. } => {
                    keys.restore(part)?;
                    *all = None;
                }
                Seen::Text(keys) => keys.restore(part)?,
            }
        }
        if let (Some(rows), Some(part)) = (&mut self.rows, state.last()) {
            rows.restore(part)?;
        }
        Ok(())
    }
}

impl KeyColumn {
    fn len(&self) -> usize {
        match &self.seen {
            Seen::Ids(keys) => keys.len(),
            Seen::Integers { keys, .. } => keys.len(),
            Seen::Text(keys) => keys.len(),
        }
    }

    fn keep(&mut self, ids: &[u32]) {
        match &mut self.seen {
            Seen::Ids(keys) => keys.keep(ids),
            Seen::Integers { keys, all, .. } => {
                keys.keep(ids);
                *all = None;
            }
            Seen::Text(keys) => keys.keep(ids),
        }
    }

    fn intern(&mut self, array: &ArrayRef, ids: &mut Vec<u32>) {
        match &mut self.seen {
            Seen::Ids(keys) => keys.intern(array.as_dictionary::<Int32Type>().keys(), ids),
            Seen::Text(keys) => keys.intern_array(array.as_string(), ids),
            Seen::Integers {
                keys, column_type, ..
            } if column_type.is_float() => {
                let array = array.as_primitive::<Float64Type>();
                ids.extend(array.iter().map(|key| match key {
                    Some(key) => keys.intern(canonical_bits(key)),
                    None => keys.intern_null(),
                }));
            }
            Seen::Integers { keys, .. } => {
                let array: &PrimitiveArray<Int64Type> = array.as_primitive();
                keys.intern_slice(array.values(), array.nulls(), ids);
            }
        }
    }

    /// As [`Self::take`] of all ids, in order.
    fn take_all(
        &mut self,
        ids: &[u32],
        dictionaries: &[PlanDictionary],
    ) -> Result<ArrayRef, PlanError> {
        if let Seen::Ids(keys) = &mut self.seen {
            return keys.take_all(ids, dictionaries);
        }
        if let Seen::Integers { all: Some(all), .. } = &self.seen
            && all.len() == ids.len()
        {
            return Ok(Arc::clone(all));
        }
        let made = match &self.seen {
            Seen::Integers {
                keys, column_type, ..
            } if !column_type.is_float() && keys.null_id().is_none() => {
                from_integer(keys.keys().to_vec().into(), *column_type)?
            }
            _ => self.take(ids, dictionaries)?,
        };
        if let Seen::Integers { all, .. } = &mut self.seen {
            *all = Some(Arc::clone(&made));
        }
        Ok(made)
    }

    /// The keys of the given ids of this column.
    fn take(&self, ids: &[u32], dictionaries: &[PlanDictionary]) -> Result<ArrayRef, PlanError> {
        match &self.seen {
            Seen::Ids(keys) => keys.take(ids, dictionaries),
            Seen::Text(keys) => Ok(Arc::new(keys.take(ids))),
            Seen::Integers {
                keys, column_type, ..
            } if column_type.is_float() => {
                let floats = ids.iter().map(|&id| {
                    keys.get(id)
                        .map(|bits| f64::from_bits(bits.cast_unsigned()))
                });
                from_float(floats.collect(), *column_type)
            }
            Seen::Integers {
                keys, column_type, ..
            } => from_integer(
                ids.iter().map(|&id| keys.get(id)).collect::<Int64Array>(),
                *column_type,
            ),
        }
    }
}

/// The bits of a float, equal for keys that are equal.
fn canonical_bits(key: f64) -> i64 {
    if key.is_nan() {
        f64::NAN.to_bits().cast_signed()
    } else {
        (key + 0.0).to_bits().cast_signed()
    }
}
