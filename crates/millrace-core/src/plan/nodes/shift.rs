//! `shift`: the value that each column had n rows before.

use std::collections::VecDeque;

use arrow_array::{Array, ArrayRef, new_null_array};
use arrow_select::concat::concat;

use crate::error::PlanError;
use crate::plan::column_state::{KeptColumn, arrow, read_kept, write_kept};
use crate::plan::operator::{Context, Operator, Value};

/// Pieces below this many rows are joined.
const PIECE: usize = 1024;

/// The last n rows of a column, in pieces as they came.
#[derive(Debug, Default)]
struct Kept {
    pieces: VecDeque<ArrayRef>,
    rows: usize,
}

impl Kept {
    fn push(&mut self, rows: ArrayRef) -> Result<(), PlanError> {
        self.rows += rows.len();
        let joined = match self.pieces.back() {
            Some(last) if last.len() < PIECE && rows.len() < PIECE => {
                let joined = concat(&[last, &rows]).map_err(arrow)?;
                self.pieces.pop_back();
                joined
            }
            _ => rows,
        };
        self.pieces.push_back(joined);
        Ok(())
    }

    /// Takes the oldest `count` rows out, which are there.
    fn take(&mut self, mut count: usize, out: &mut Vec<ArrayRef>) {
        self.rows -= count;
        while count > 0 {
            let Some(piece) = self.pieces.pop_front() else {
                return;
            };
            if piece.len() > count {
                out.push(piece.slice(0, count));
                self.pieces
                    .push_front(piece.slice(count, piece.len() - count));
                return;
            }
            count -= piece.len();
            out.push(piece);
        }
    }
}

/// Every row of its input n rows later; missing at first. Memory: n rows, and the batches that they
/// came in.
#[derive(Debug)]
pub(crate) struct ShiftNode {
    input: usize,
    n: usize,
    columns: Vec<KeptColumn>,
    kept: Vec<Kept>,
}

impl ShiftNode {
    pub(crate) fn new(input: usize, n: usize, columns: Vec<KeptColumn>) -> Self {
        Self {
            input,
            n,
            kept: columns.iter().map(|_| Kept::default()).collect(),
            columns,
        }
    }
}

impl Operator for ShiftNode {
    fn run(&mut self, context: &mut Context<'_>) -> Result<Option<Value>, PlanError> {
        let rows = context.value(self.input)?.rows;
        let fresh = self
            .columns
            .iter()
            .map(|column| column.rows(context, rows))
            .collect::<Result<Vec<_>, _>>()?;
        let mut out = Vec::with_capacity(fresh.len());
        for ((column, kept), fresh) in self.columns.iter().zip(&mut self.kept).zip(fresh) {
            let missing = (self.n - kept.rows).min(rows);
            let data_type = fresh.data_type().clone();
            kept.push(fresh)?;
            let mut parts = vec![new_null_array(&data_type, missing)];
            kept.take(rows - missing, &mut parts);
            let parts: Vec<&dyn Array> = parts.iter().map(AsRef::as_ref).collect();
            out.push(column.shown(context, concat(&parts).map_err(arrow)?)?);
        }
        Ok(Some(Value::new(rows, out)))
    }

    fn snapshot(&self) -> Vec<Vec<u8>> {
        let columns = self.columns.iter().zip(&self.kept);
        let joined: Vec<ArrayRef> = columns
            .map(|(column, kept)| {
                let empty = column.empty();
                let pieces: Vec<&dyn Array> = std::iter::once(&empty)
                    .chain(&kept.pieces)
                    .map(AsRef::as_ref)
                    .collect();
                // Pieces are of one type: this cannot fail.
                concat(&pieces).unwrap_or(empty.clone())
            })
            .collect();
        write_kept(&self.columns, &joined)
    }

    fn restore(&mut self, state: &[&[u8]]) -> Result<(), PlanError> {
        let rows = read_kept("shift", &self.columns, state, |rows| rows.len() <= self.n)?;
        self.kept = rows
            .into_iter()
            .map(|rows| {
                let mut kept = Kept::default();
                kept.push(rows).map(|()| kept)
            })
            .collect::<Result<_, _>>()?;
        Ok(())
    }
}
