//! The batch under construction: rows are taken as a whole or not at all.

use millrace_core::batch::Batch;

use crate::column::{FileColumn, Wanted};
use crate::text::column_builder::ColumnBuilder;

/// The columns of a batch, and how many rows of them are complete.
#[derive(Debug)]
pub(crate) struct Rows {
    pub(crate) columns: Vec<ColumnBuilder>,
    /// Indices of the columns that are used.
    used: Vec<usize>,
    rows: usize,
    /// Values of the row under construction.
    values: usize,
}

impl Rows {
    pub(crate) fn new(columns: &[FileColumn], wanted: &[Wanted]) -> Self {
        let columns: Vec<ColumnBuilder> = columns
            .iter()
            .zip(wanted)
            .map(|(column, &wanted)| ColumnBuilder::new(column, wanted))
            .collect();
        let used = (0..columns.len())
            .filter(|&index| columns[index].is_used())
            .collect();
        Self {
            columns,
            used,
            rows: 0,
            values: 0,
        }
    }

    /// Rows that are complete.
    pub(crate) fn len(&self) -> usize {
        self.rows
    }

    /// The column that the next value of the row goes to. What it had of this row is forgotten: the
    /// last of several values of one name counts.
    #[inline]
    pub(crate) fn column(&mut self, index: usize) -> &mut ColumnBuilder {
        let column = &mut self.columns[index];
        if column.len() > self.rows {
            column.truncate(self.rows);
        } else {
            self.values += 1;
        }
        column
    }

    /// The row is complete; columns without a value are missing in it.
    #[inline]
    pub(crate) fn commit(&mut self) {
        if self.values != self.used.len() {
            for &index in &self.used {
                let column = &mut self.columns[index];
                if column.len() == self.rows {
                    column.null();
                }
            }
        }
        self.rows += 1;
        self.values = 0;
    }

    /// The row is no row: its values are forgotten.
    pub(crate) fn abandon(&mut self) {
        for &index in &self.used {
            let column = &mut self.columns[index];
            if column.len() > self.rows {
                column.truncate(self.rows);
            }
        }
        self.values = 0;
    }

    /// The complete rows; the next batch begins.
    pub(crate) fn finish(&mut self) -> Batch {
        self.abandon();
        let rows = std::mem::take(&mut self.rows);
        Batch {
            rows,
            columns: self
                .columns
                .iter_mut()
                .map(|column| column.finish(rows))
                .collect(),
        }
    }
}
