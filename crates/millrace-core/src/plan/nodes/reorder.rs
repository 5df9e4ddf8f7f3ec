//! `reorder`: rows in order of time, however late they come up to a bound.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use arrow_array::{Array, ArrayRef};
use arrow_select::concat::concat;

use crate::error::PlanError;
use crate::kernel_error::KernelError;
use crate::plan::column_state::{KeptColumn, arrow, read_kept, write_kept};
use crate::plan::operator::{Context, Operator, Value, expect_parts, unused_column};
use crate::plan::time_axis::TimeColumn;
use crate::state::{StateReader, StateWriter};
use crate::take::take;

/// Rows by time, those of one time in the order in which they came.
///
/// A row goes out when a row has come that is `lateness` later. One that is older than a row that may
/// have gone out by then is late: it goes aside and is counted. Where more than `max_rows` would wait
/// the oldest go out early. Which rows are late does not depend on how they are cut into batches.
///
/// Memory: the rows of `lateness`, up to `max_rows`. Cost: a sort of the rows that wait and of the
/// batch, none where all is in order.
#[derive(Debug)]
pub(crate) struct Reorder {
    input: usize,
    times: TimeColumn,
    lateness: i64,
    max_rows: usize,
    columns: Vec<KeptColumn>,
    used: Vec<bool>,
    /// The rows that wait, by time.
    kept: Vec<ArrayRef>,
    kept_times: Vec<i64>,
    /// No row may be older any more.
    mark: Option<i64>,
    late: u64,
}

impl Reorder {
    pub(crate) fn new(
        input: usize,
        times: TimeColumn,
        lateness: i64,
        max_rows: usize,
        columns: Vec<KeptColumn>,
    ) -> Self {
        Self {
            input,
            times,
            lateness,
            max_rows,
            used: vec![true; columns.len()],
            kept: columns.iter().map(|column| column.empty()).collect(),
            columns,
            kept_times: Vec::new(),
            mark: None,
            late: 0,
        }
    }

    /// Which rows of a batch are in time, and which are late.
    fn admit(&mut self, times: &[i64]) -> (Vec<u32>, Vec<u32>) {
        let mut bounded = (self.kept_times.len() + times.len() > self.max_rows).then(|| {
            let waiting = self.kept_times.iter().map(|&time| Reverse(time));
            waiting.collect::<BinaryHeap<_>>()
        });
        let (mut in_time, mut late) = (Vec::with_capacity(times.len()), Vec::new());
        for (row, &time) in (0..).zip(times) {
            if self.mark.is_some_and(|mark| time < mark) {
                late.push(row);
                continue;
            }
            in_time.push(row);
            self.mark = self.mark.max(Some(time.saturating_sub(self.lateness)));
            let Some(waiting) = &mut bounded else {
                continue;
            };
            waiting.push(Reverse(time));
            while let Some(&Reverse(oldest)) = waiting.peek() {
                if Some(oldest) > self.mark && waiting.len() <= self.max_rows {
                    break;
                }
                self.mark = self.mark.max(Some(oldest));
                waiting.pop();
            }
        }
        (in_time, late)
    }

    /// The rows of `pool` at `rows`, as they are kept; those of columns that nobody uses are none.
    fn pick(&self, pool: &[ArrayRef], rows: &[u32]) -> Result<Vec<ArrayRef>, PlanError> {
        let next = |row: u32| row + 1;
        let consecutive = rows.is_sorted_by(|&a, &b| next(a) == b);
        let pool = pool.iter().zip(&self.columns).zip(&self.used);
        pool.map(|((column, kind), &used)| match rows.first() {
            None => Ok(kind.empty()),
            Some(_) if !used => Ok(column.clone()),
            Some(&first) if consecutive => Ok(column.slice(first as usize, rows.len())),
            Some(_) => take(column, rows, None).map_err(arrow),
        })
        .collect()
    }

    /// Rows as the value of this node.
    fn shown(
        &self,
        context: &Context<'_>,
        kept: Vec<ArrayRef>,
        rows: usize,
    ) -> Result<Value, PlanError> {
        let columns = self.columns.iter().zip(kept).zip(&self.used);
        let columns = columns
            .map(|((column, kept), &used)| match used {
                true => column.shown(context, kept),
                false => Ok(unused_column()),
            })
            .collect::<Result<_, _>>()?;
        Ok(Value::new(rows, columns))
    }

    fn keep(&mut self, kept: Vec<ArrayRef>, times: Vec<i64>) {
        self.kept = kept;
        self.kept_times = times;
    }

    fn keep_none(&mut self) -> (Vec<ArrayRef>, Vec<i64>) {
        let kept = self.columns.iter().map(|column| column.empty()).collect();
        (
            std::mem::replace(&mut self.kept, kept),
            std::mem::take(&mut self.kept_times),
        )
    }
}

impl Operator for Reorder {
    fn check(&self, context: &mut Context<'_>) -> Result<(), PlanError> {
        let rows = context.value(self.input)?.rows;
        self.times.times(context, rows).map(drop)
    }

    fn run(&mut self, context: &mut Context<'_>) -> Result<Option<Value>, PlanError> {
        let rows = context.value(self.input)?.rows;
        let times = self.times.times(context, rows)?;
        let columns = self.columns.iter().zip(&self.used);
        let fresh = columns
            .map(|(column, &used)| match used {
                true => column.rows(context, rows),
                false => Ok(column.empty()),
            })
            .collect::<Result<Vec<_>, _>>()?;
        let (in_time, late) = self.admit(times.values());
        let waiting = u32::try_from(self.kept_times.len()).unwrap_or(u32::MAX);
        let mut pool_times = self.kept_times.clone();
        pool_times.extend_from_slice(times.values());
        let pool = self.kept.iter().zip(&fresh);
        let pool = pool
            .map(|(kept, fresh)| match waiting {
                0 => Ok(fresh.clone()),
                _ => concat(&[kept, fresh]).map_err(arrow),
            })
            .collect::<Result<Vec<_>, _>>()?;
        let time_of = |row: &u32| pool_times[*row as usize];
        let mut order: Vec<u32> = (0..waiting)
            .chain(in_time.iter().map(|row| row + waiting))
            .collect();
        if !order.is_sorted_by_key(time_of) {
            order.sort_by_key(time_of);
        }
        let ready = order.partition_point(|row| Some(time_of(row)) <= self.mark);
        let (out, rest) = order.split_at(ready);
        let mut value = self.shown(context, self.pick(&pool, out)?, out.len())?;
        if !late.is_empty() {
            self.late += late.len() as u64;
            let rows = self.pick(&fresh, &late)?;
            value.aside = Some(Box::new(self.shown(context, rows, late.len())?));
        }
        // Copied, as slices would keep whole batches.
        let kept = pool.iter().zip(&self.used);
        let kept = kept
            .map(|(column, &used)| match used {
                true => take(column, rest, None).map_err(arrow),
                false => Ok(column.clone()),
            })
            .collect::<Result<_, _>>()?;
        let times = rest.iter().map(time_of).collect();
        self.keep(kept, times);
        Ok(Some(value))
    }

    fn flush(&mut self, context: &mut Context<'_>) -> Result<Option<Value>, PlanError> {
        let (kept, times) = self.keep_none();
        let Some(&last) = times.last() else {
            return Ok(None);
        };
        self.mark = self.mark.max(Some(last));
        self.shown(context, kept, times.len()).map(Some)
    }

    fn prune(&mut self, used: &[bool]) {
        self.used = used.to_vec();
    }

    fn late_rows(&self) -> u64 {
        self.late
    }

    fn puts_aside(&self) -> bool {
        true
    }

    fn snapshot(&self) -> Vec<Vec<u8>> {
        let mut parts = write_kept(&self.columns, &self.kept);
        let mut state = StateWriter::new(1);
        state
            .i64s(&self.kept_times)
            .i64s(&Vec::from_iter(self.mark))
            .u64(self.late);
        parts.push(state.finish());
        parts
    }

    fn restore(&mut self, state: &[&[u8]]) -> Result<(), PlanError> {
        expect_parts(state, self.columns.len() + 1)?;
        let (kept, head) = state.split_at(self.columns.len());
        let mut reader = StateReader::new("reorder", 1, head[0])?;
        let times = reader.i64s()?;
        let mark = match reader.i64s()?[..] {
            [] => None,
            [mark] => Some(mark),
            _ => return Err(reader.corrupt("several marks").into()),
        };
        let late = reader.u64()?;
        if !times.is_sorted() {
            return Err(reader.corrupt("rows out of order").into());
        }
        reader.finish()?;
        let rows = read_kept("reorder", &self.columns, kept, |_| true)?;
        for (rows, &used) in rows.iter().zip(&self.used) {
            if used && rows.len() != times.len() {
                let detail = format!("{} rows at {} times", rows.len(), times.len());
                let kernel = "reorder";
                return Err(KernelError::CorruptState { kernel, detail }.into());
            }
        }
        self.keep(rows, times);
        self.mark = mark;
        self.late = late;
        Ok(())
    }
}
