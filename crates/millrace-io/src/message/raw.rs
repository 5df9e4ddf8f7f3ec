//! Values that are text as they are.

use millrace_core::batch::Batch;
use millrace_core::column_type::ColumnType;

use crate::column::{FileColumn, Wanted};
use crate::error::ReadError;
use crate::text::{Reason, Rows, utf8};

/// One column of text, a value in each row.
#[derive(Debug)]
pub(super) struct RawValues {
    rows: Rows,
    is_used: bool,
}

impl RawValues {
    pub(super) fn new(columns: &[FileColumn], wanted: &[Wanted]) -> Result<Self, ReadError> {
        if !matches!(columns, [only] if only.column_type == ColumnType::Utf8) {
            return Err(ReadError::InvalidArgument(format!(
                "Cannot decode raw values: there must be one column of utf8, got {}",
                columns.len()
            )));
        }
        Ok(Self {
            rows: Rows::new(columns, wanted),
            is_used: wanted.iter().any(|&wanted| wanted != Wanted::Unused),
        })
    }

    pub(super) fn push(&mut self, value: &[u8]) -> Result<(), Reason> {
        // What nobody reads is not looked at.
        if self.is_used {
            let text = utf8(value)?;
            self.rows
                .column(0)
                .text(text)
                .map_err(|_| Reason::new("the value must be text"))?;
        }
        self.rows.commit();
        Ok(())
    }

    pub(super) fn push_missing(&mut self) {
        self.rows.commit();
    }

    pub(super) fn rows(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn finish(&mut self) -> Batch {
        self.rows.finish()
    }
}
