//! The times of rows that windows over spans of time run on.

use arrow_array::cast::AsArray;
use arrow_array::temporal_conversions::as_datetime;
use arrow_array::types::TimestampNanosecondType;
use arrow_array::{Array, TimestampNanosecondArray};

use super::operator::Context;
use crate::error::PlanError;
use crate::expression::ExpressionId;
use crate::kernel_error::KernelError;

/// A column of times, of which none may be missing.
#[derive(Debug)]
pub(crate) struct TimeColumn {
    pub(crate) column: ExpressionId,
    pub(crate) name: String,
    pub(crate) action: &'static str,
}

impl TimeColumn {
    /// The times of this batch, or which of them is missing.
    pub(crate) fn times(
        &self,
        context: &mut Context<'_>,
        rows: usize,
    ) -> Result<TimestampNanosecondArray, PlanError> {
        let times = context.array(self.column, rows)?;
        let times = times.as_primitive::<TimestampNanosecondType>().clone();
        if times.null_count() > 0 {
            let row = (0..rows).find(|&row| times.is_null(row)).unwrap_or(0);
            return Err(self.refusal("be missing", "null", row, ""));
        }
        Ok(times)
    }

    fn refusal(&self, must_not: &str, got: &str, row: usize, after: &str) -> PlanError {
        PlanError::Unordered(format!(
            "Cannot {}: times must not {must_not}, got {got} in row {row} of column {}{after}",
            self.action, self.name
        ))
    }
}

/// A column of times that must neither decrease nor be missing, from the first batch on.
#[derive(Debug)]
pub(crate) struct TimeAxis {
    column: TimeColumn,
    latest: Option<i64>,
}

impl TimeAxis {
    pub(crate) fn new(column: TimeColumn) -> Self {
        Self {
            column,
            latest: None,
        }
    }

    /// The times of this batch, or which of them is missing or out of order.
    pub(crate) fn times(
        &self,
        context: &mut Context<'_>,
        rows: usize,
    ) -> Result<TimestampNanosecondArray, PlanError> {
        let times = self.column.times(context, rows)?;
        let values = times.values();
        let first = values.first().copied();
        let before = self.latest.filter(|&latest| first < Some(latest));
        let fault = match (before, first) {
            (Some(latest), Some(_)) => Some((0, latest)),
            _ => values
                .windows(2)
                .position(|pair| pair[1] < pair[0])
                .map(|row| (row + 1, values[row])),
        };
        match fault {
            None => Ok(times),
            Some((row, before)) => Err(self.column.refusal(
                "decrease",
                &shown(values[row]),
                row,
                &format!(" after {}", shown(before)),
            )),
        }
    }

    /// Takes up the last time of a batch.
    pub(crate) fn advance(&mut self, times: &TimestampNanosecondArray) {
        self.latest = times.values().last().copied().or(self.latest);
    }

    pub(crate) fn snapshot(&self) -> Vec<u8> {
        self.latest
            .map_or_else(Vec::new, |time| time.to_le_bytes().to_vec())
    }

    pub(crate) fn restore(&mut self, bytes: &[u8]) -> Result<(), KernelError> {
        self.latest = match bytes {
            [] => None,
            bytes => Some(i64::from_le_bytes(bytes.try_into().map_err(|_| {
                KernelError::CorruptState {
                    kernel: "times",
                    detail: format!("a time must be 8 bytes, got {}", bytes.len()),
                }
            })?)),
        };
        Ok(())
    }
}

/// A time as ISO 8601 writes it.
fn shown(nanoseconds: i64) -> String {
    as_datetime::<TimestampNanosecondType>(nanoseconds)
        .map_or_else(|| format!("{nanoseconds} ns"), |time| format!("{time:?}Z"))
}
