//! Values that are Arrow IPC: many rows each.

use std::io::Cursor;
use std::sync::Arc;

use arrow_array::{ArrayRef, NullArray, new_null_array};
use arrow_select::concat::concat;
use millrace_core::batch::Batch;

use crate::arrow::{Messages, beyond_range};
use crate::column::{FileColumn, Wanted};
use crate::convert::{plan_column, text_column};
use crate::error::ReadError;
use crate::input::ByteStream;
use crate::reading::guard;
use crate::text::Reason;

/// What values are called in messages.
const NAME: &str = "value";

/// The rows of values, put together when a batch ends.
#[derive(Debug)]
pub(super) struct ArrowValues {
    columns: Vec<FileColumn>,
    wanted: Vec<Wanted>,
    parts: Vec<Batch>,
    rows: usize,
}

impl ArrowValues {
    pub(super) fn new(columns: &[FileColumn], wanted: &[Wanted]) -> Self {
        Self {
            columns: columns.to_vec(),
            wanted: wanted.to_vec(),
            parts: Vec::new(),
            rows: 0,
        }
    }

    /// All rows of a value, or none of them.
    pub(super) fn push(&mut self, value: &[u8]) -> Result<usize, Reason> {
        let before = self.parts.len();
        let read = guard(NAME, || self.read(value));
        match read {
            Ok(rows) => {
                self.rows += rows;
                Ok(rows)
            }
            Err(error) => {
                self.parts.truncate(before);
                Err(match error {
                    ReadError::Corrupt { detail, .. } => {
                        Reason::new(format!("its value must be Arrow IPC, {detail}"))
                    }
                    other => Reason::new(other.to_string()),
                })
            }
        }
    }

    fn read(&mut self, value: &[u8]) -> Result<usize, ReadError> {
        let stream = ByteStream::new(NAME, Cursor::new(value.to_vec()))?;
        let mut messages = Messages::new(stream)?;
        let mut rows = 0;
        let mut next = messages.next_batch()?;
        let indices = messages.indices_of(&self.columns)?;
        while let Some(part) = next {
            let columns = indices
                .iter()
                .zip(&self.wanted)
                .map(|(&index, &wanted)| match wanted {
                    Wanted::Unused => Ok(unused()),
                    // Parts of several messages have to go together: text is plain in all of them.
                    _ => plan_column(part.column(index))
                        .and_then(|array| text_column(array, Wanted::Plain))
                        .ok_or_else(|| beyond_range(NAME)),
                })
                .collect::<Result<_, _>>()?;
            rows += part.num_rows();
            self.parts.push(Batch {
                rows: part.num_rows(),
                columns,
            });
            next = messages.next_batch()?;
        }
        Ok(rows)
    }

    pub(super) fn push_missing(&mut self) {
        let columns = self.columns.iter().zip(&self.wanted);
        let columns = columns.map(|(column, &wanted)| match wanted {
            Wanted::Unused => unused(),
            _ => new_null_array(&column.column_type.arrow(), 1),
        });
        self.parts.push(Batch {
            rows: 1,
            columns: columns.collect(),
        });
        self.rows += 1;
    }

    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    pub(super) fn finish(&mut self) -> Result<Batch, ReadError> {
        let rows = std::mem::take(&mut self.rows);
        let parts = std::mem::take(&mut self.parts);
        let columns = (0..self.columns.len()).map(|index| {
            if self.wanted[index] == Wanted::Unused {
                return Ok(unused());
            }
            let arrays: Vec<_> = parts
                .iter()
                .map(|part| part.columns[index].as_ref())
                .collect();
            match arrays.as_slice() {
                [] => Ok(new_null_array(&self.columns[index].column_type.arrow(), 0)),
                arrays => concat(arrays).map_err(|error| ReadError::Corrupt {
                    path: NAME.to_owned(),
                    format: "Arrow IPC",
                    detail: error.to_string(),
                }),
            }
        });
        let columns = columns.collect::<Result<_, _>>()?;
        Ok(Batch { rows, columns })
    }
}

fn unused() -> ArrayRef {
    Arc::new(NullArray::new(0))
}
