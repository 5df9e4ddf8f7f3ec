//! `window`: aggregates over the last n rows, or those of a span of time, one row, or one table of
//! keys, for each batch.

use std::collections::VecDeque;

use super::window_kernel::WindowKernel;
use crate::error::PlanError;
use crate::group::{Moves, Touched, keep};
use crate::kernel_error::KernelError;
use crate::plan::aggregation::Aggregation;
use crate::plan::keys::GroupKeys;
use crate::plan::live_groups::LiveGroups;
use crate::plan::operator::{Context, Operator, Value, expect_parts};
use crate::plan::time_axis::TimeAxis;
use crate::state::{StateReader, StateWriter};
use crate::window::Extent;

/// What a window is made of.
#[derive(Debug)]
pub(crate) struct WindowParts {
    pub(crate) input: usize,
    pub(crate) extent: Extent,
    /// The times of the rows, for a span.
    pub(crate) times: Option<TimeAxis>,
    /// None for a window of all rows in one group.
    pub(crate) keys: Option<GroupKeys>,
    pub(crate) aggregations: Vec<Aggregation>,
    /// Emit only the groups that rows came to or left; one that has none left comes once more.
    pub(crate) changes: bool,
}

/// Aggregates over the rows of the window after each batch.
///
/// Rows go in and out one by one, so a result does not depend on where batches end, and a batch
/// costs as much as rows come and leave, beside the table that is emitted. A group without a row in
/// the window is forgotten. Memory: the rows of the window for each aggregate.
#[derive(Debug)]
pub(crate) struct WindowNode {
    input: usize,
    extent: Extent,
    times: Option<TimeAxis>,
    aggregations: Vec<Aggregation>,
    kernels: Vec<WindowKernel>,
    changes: bool,
    groups: Option<LiveGroups>,
    /// The groups of the rows in the window, oldest first.
    rows: VecDeque<u32>,
    /// Their times, for a span.
    row_times: VecDeque<i64>,
    /// How many rows each group has there.
    sizes: Vec<u32>,
    ids: Vec<u32>,
    leaving: Vec<u32>,
    left: Vec<usize>,
    touched: Touched,
    shown: Vec<u32>,
}

impl WindowNode {
    pub(crate) fn new(parts: WindowParts) -> Result<Self, PlanError> {
        let kernels = parts
            .aggregations
            .iter()
            .map(WindowKernel::new)
            .collect::<Result<_, _>>()?;
        Ok(Self {
            input: parts.input,
            extent: parts.extent,
            times: parts.times,
            aggregations: parts.aggregations,
            kernels,
            changes: parts.changes,
            sizes: vec![0; usize::from(parts.keys.is_none())],
            groups: parts.keys.map(LiveGroups::new),
            rows: VecDeque::new(),
            row_times: VecDeque::new(),
            ids: Vec::new(),
            leaving: Vec::new(),
            left: Vec::new(),
            touched: Touched::default(),
            shown: Vec::new(),
        })
    }

    /// Lets a row of a key come in, and those leave that are no longer in its window.
    fn step(&mut self, key: u32, time: Option<i64>) -> Result<(), PlanError> {
        let group = match &mut self.groups {
            None => 0,
            Some(groups) => match groups.find(key) {
                Some(group) => group,
                None => {
                    self.sizes.push(0);
                    groups.begin(key)?
                }
            },
        };
        self.ids.push(group);
        self.rows.push_back(group);
        self.row_times.extend(time);
        self.sizes[group as usize] += 1;
        while self.oldest_leaves(time)
            && let Some(oldest) = self.rows.pop_front()
        {
            self.row_times.pop_front();
            self.leaving.push(oldest);
            self.sizes[oldest as usize] -= 1;
            if self.sizes[oldest as usize] == 0
                && let Some(groups) = &mut self.groups
            {
                groups.end(oldest);
            }
        }
        self.left.push(self.leaving.len());
        Ok(())
    }

    /// Whether the oldest row is out of the window that ends with the newest, of time `time`.
    fn oldest_leaves(&self, time: Option<i64>) -> bool {
        match (self.extent, self.row_times.front().zip(time)) {
            (Extent::Rows(n), _) => self.rows.len() > n,
            (Extent::Span(span), Some((&oldest, time))) => Extent::has_left(span, oldest, time),
            (Extent::Span(_), None) => false,
        }
    }

    /// Lists the groups to emit.
    fn show(&mut self) {
        self.shown.clear();
        let Some(groups) = &self.groups else {
            self.shown.push(0);
            return;
        };
        if !self.changes {
            groups.all(&mut self.shown);
            return;
        }
        let moved = self.ids.iter().chain(&self.leaving);
        self.touched.list(moved, &mut self.shown);
        self.shown.retain(|&group| !groups.is_succeeded(group));
    }

    fn clean(&mut self) {
        let Some(kept) = self.groups.as_mut().and_then(LiveGroups::clean) else {
            return;
        };
        let mut places = vec![0; self.sizes.len()];
        for (place, &group) in (0..).zip(&kept) {
            places[group as usize] = place;
        }
        for group in &mut self.rows {
            *group = places[*group as usize];
        }
        keep(&mut self.sizes, &kept, &0);
        self.kernels
            .iter_mut()
            .for_each(|kernel| kernel.keep(&kept));
    }

    fn key_parts(&self) -> usize {
        self.groups.as_ref().map_or(0, LiveGroups::parts)
    }
}

impl Operator for WindowNode {
    fn check(&self, context: &mut Context<'_>) -> Result<(), PlanError> {
        let rows = context.value(self.input)?.rows;
        match &self.times {
            None => Ok(()),
            Some(axis) => axis.times(context, rows).map(drop),
        }
    }

    fn run(&mut self, context: &mut Context<'_>) -> Result<Option<Value>, PlanError> {
        let rows = context.value(self.input)?.rows;
        let times = match &self.times {
            None => None,
            Some(axis) => Some(axis.times(context, rows)?),
        };
        let lanes = self
            .aggregations
            .iter()
            .map(|aggregation| aggregation.lane(context, rows))
            .collect::<Result<Vec<_>, _>>()?;
        self.ids.clear();
        self.leaving.clear();
        self.left.clear();
        let time_of = |row: usize| times.as_ref().map(|times| times.value(row));
        match &mut self.groups {
            None => (0..rows).try_for_each(|row| self.step(0, time_of(row)))?,
            Some(groups) => {
                let arrays = groups.arrays(context, rows)?;
                let keys = groups.intern(&arrays, rows);
                for (row, &key) in keys.iter().enumerate() {
                    self.step(key, time_of(row))?;
                }
                if let Some(groups) = &mut self.groups {
                    groups.reuse(keys);
                }
            }
        }
        if let (Some(axis), Some(times)) = (&mut self.times, &times) {
            axis.advance(times);
        }
        let moves = Moves {
            ids: &self.ids,
            leaving: &self.leaving,
            left: &self.left,
        };
        for (kernel, lane) in self.kernels.iter_mut().zip(&lanes) {
            kernel.advance(moves, lane)?;
        }
        self.show();
        let mut columns = match &self.groups {
            Some(groups) => groups.columns(&self.shown, context.dictionaries)?,
            None => Vec::new(),
        };
        for (kernel, aggregation) in self.kernels.iter().zip(&self.aggregations) {
            columns.push(kernel.results(aggregation, &self.shown, &self.sizes)?);
        }
        self.clean();
        Ok(Some(Value::new(self.shown.len(), columns)))
    }

    fn snapshot(&self) -> Vec<Vec<u8>> {
        let mut parts = self
            .groups
            .as_ref()
            .map_or_else(Vec::new, LiveGroups::snapshot);
        let ids: Vec<u64> = self.rows.iter().map(|&id| u64::from(id)).collect();
        parts.push(StateWriter::new(1).u64s(&ids).finish());
        if let Some(axis) = &self.times {
            let times: Vec<i64> = self.row_times.iter().copied().collect();
            parts.push(StateWriter::new(1).i64s(&times).finish());
            parts.push(axis.snapshot());
        }
        parts.extend(self.kernels.iter().map(WindowKernel::snapshot));
        parts
    }

    fn restore(&mut self, state: &[&[u8]]) -> Result<(), PlanError> {
        let timed = if self.times.is_some() { 2 } else { 0 };
        expect_parts(state, self.key_parts() + 1 + timed + self.kernels.len())?;
        let (keys, rest) = state.split_at(self.key_parts());
        let mut reader = StateReader::new("window", 1, rest[0])?;
        let ids = reader.u64s()?;
        reader.finish()?;
        if let Some(groups) = &mut self.groups {
            groups.restore(keys)?;
        }
        let known = self.groups.as_ref().map_or(1, LiveGroups::len);
        let mut sizes = vec![0_u32; known];
        let mut rows = Vec::with_capacity(ids.len());
        for id in ids {
            let Some((group, size)) = u32::try_from(id)
                .ok()
                .and_then(|group| Some((group, sizes.get_mut(group as usize)?)))
            else {
                return Err(corrupt("a row of a group that is not there"));
            };
            *size += 1;
            rows.push(group);
        }
        let fits = self.groups.as_ref().is_none_or(|groups| {
            (0..)
                .zip(&sizes)
                .all(|(id, &size)| groups.is_alive(id) == (size > 0))
        });
        let mut times = Vec::new();
        if let Some(axis) = &mut self.times {
            let mut reader = StateReader::new("window", 1, rest[1])?;
            times = reader.i64s()?;
            reader.finish()?;
            axis.restore(rest[2])?;
        }
        let in_extent = match self.extent {
            Extent::Rows(n) => rows.len() <= n,
            Extent::Span(_) => rows.len() == times.len() && times.is_sorted(),
        };
        if !in_extent || !fits {
            return Err(corrupt("rows and groups do not fit each other"));
        }
        for (kernel, part) in self.kernels.iter_mut().zip(&rest[1 + timed..]) {
            kernel.restore(part, &rows)?;
        }
        self.sizes = sizes;
        self.rows = rows.into();
        self.row_times = times.into();
        Ok(())
    }
}

fn corrupt(detail: &str) -> PlanError {
    KernelError::CorruptState {
        kernel: "window",
        detail: detail.to_owned(),
    }
    .into()
}
