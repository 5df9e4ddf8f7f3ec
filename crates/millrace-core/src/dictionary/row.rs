//! Rows of ids to dense ids: keys of several columns.

use super::IntegerDictionary;
use crate::kernel_error::KernelError;
use crate::state::{StateReader, StateWriter};

/// An interner of rows of ids, in first-seen order.
///
/// Columns are folded from the left: the pair of the id so far and the next column's id is an
/// integer key of 64 bits. Cost per row: one integer lookup per column after the first.
///
/// # Examples
/// ```
/// use millrace_core::dictionary::RowDictionary;
///
/// let mut dictionary = RowDictionary::new(2);
/// let mut ids = Vec::new();
/// dictionary.intern(&[&[0, 0, 1], &[5, 6, 5]], &mut ids);
/// dictionary.intern(&[&[0], &[6]], &mut ids);
/// assert_eq!(ids, [0, 1, 2, 1]);
/// assert_eq!(dictionary.get(1), Some(vec![0, 6]));
/// ```
#[derive(Debug, Clone)]
pub struct RowDictionary {
    width: usize,
    first: IntegerDictionary,
    pairs: Vec<IntegerDictionary>,
}

impl RowDictionary {
    /// An empty dictionary of rows of `width` ids.
    ///
    /// # Panics
    /// If `width` is 0.
    pub fn new(width: usize) -> Self {
        assert!(width > 0, "a row has at least one id");
        let pairs = vec![IntegerDictionary::new(); width - 1];
        Self {
            width,
            first: IntegerDictionary::new(),
            pairs,
        }
    }

    fn last(&self) -> &IntegerDictionary {
        self.pairs.last().unwrap_or(&self.first)
    }

    /// How many rows have an id.
    pub fn len(&self) -> usize {
        self.last().len()
    }

    /// Whether no row has an id.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The row of an id.
    pub fn get(&self, id: u32) -> Option<Vec<u32>> {
        let mut row = vec![0; self.width];
        let mut id = id;
        for (column, pair) in self.pairs.iter().enumerate().rev() {
            let key = pair.get(id)?.cast_unsigned();
            row[column + 1] = key as u32;
            id = (key >> 32) as u32;
        }
        row[0] = u32::try_from(self.first.get(id)?).ok()?;
        Some(row)
    }

    /// Appends the id of each row of the columns to `ids`.
    ///
    /// # Panics
    /// If there are not `width` columns of equal length.
    pub fn intern(&mut self, columns: &[&[u32]], ids: &mut Vec<u32>) {
        assert_eq!(columns.len(), self.width, "width of a row");
        let rows = columns[0].len();
        assert!(
            columns.iter().all(|column| column.len() == rows),
            "column lengths"
        );
        let start = ids.len();
        ids.extend(
            columns[0]
                .iter()
                .map(|&id| self.first.intern(i64::from(id))),
        );
        for (pair, column) in self.pairs.iter_mut().zip(&columns[1..]) {
            for (slot, &id) in ids[start..].iter_mut().zip(*column) {
                let key = u64::from(*slot) << 32 | u64::from(id);
                *slot = pair.intern(key.cast_signed());
            }
        }
    }

    /// The state as bytes. Cost: linear in the rows.
    pub fn snapshot(&self) -> Vec<u8> {
        let mut state = StateWriter::new(1);
        state.bytes(&self.first.snapshot());
        for pair in &self.pairs {
            state.bytes(&pair.snapshot());
        }
        state.finish()
    }

    /// Takes up the state that `bytes` hold, for the same width.
    ///
    /// # Errors
    /// [`KernelError::CorruptState`] if `bytes` are no such state; the dictionary is then
    /// unchanged.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), KernelError> {
        let mut state = StateReader::new("RowDictionary", 1, bytes)?;
        let mut next = Self::new(self.width);
        next.first.restore(state.bytes()?)?;
        for pair in &mut next.pairs {
            pair.restore(state.bytes()?)?;
        }
        state.finish()?;
        *self = next;
        Ok(())
    }
}
