//! `groupBy` with a bound: running aggregates per key, of as many groups as are wanted, or of those
//! that had a row lately.

use arrow_array::cast::AsArray;
use arrow_array::types::TimestampNanosecondType;
use arrow_array::{Array, ArrayRef};

use super::grouped_kernel::GroupedKernel;
use crate::error::PlanError;
use crate::expression::ExpressionId;
use crate::group::Touched;
use crate::plan::aggregation::Aggregation;
use crate::plan::idle_groups::IdleGroups;
use crate::plan::keys::GroupKeys;
use crate::plan::live_groups::LiveGroups;
use crate::plan::operator::{Context, Operator, Value, expect_parts};
use crate::state::{StateReader, StateWriter};

/// How long groups live.
#[derive(Debug, Clone, Default)]
pub(crate) struct Bound {
    /// Where there would be more, the group that has been idle longest is evicted.
    pub(crate) max_groups: Option<usize>,
    /// Nanoseconds without a row after which a group is evicted.
    pub(crate) ttl: Option<i64>,
    /// The times of the rows; without it the time is given from outside.
    pub(crate) time: Option<ExpressionId>,
}

/// Running aggregates per key. What is evicted goes aside with its last results; a key that comes
/// again begins anew.
///
/// Time only ever advances: it is the greatest time seen so far, of the rows or from outside. Cost
/// for each row: constant beside the lookup of its key. Memory: the groups that are alive, and up to
/// as many, or 1,024, that have been evicted.
#[derive(Debug)]
pub(crate) struct BoundedGroupBy {
    input: usize,
    bound: Bound,
    changes: bool,
    aggregations: Vec<Aggregation>,
    kernels: Vec<GroupedKernel>,
    groups: LiveGroups,
    idle: IdleGroups,
    now: Option<i64>,
    /// Evicted and not emitted yet.
    evicted: Vec<u32>,
    evictions: u64,
    touched: Touched,
    ids: Vec<u32>,
    shown: Vec<u32>,
}

impl BoundedGroupBy {
    pub(crate) fn new(
        input: usize,
        keys: GroupKeys,
        aggregations: Vec<Aggregation>,
        changes: bool,
        bound: Bound,
    ) -> Result<Self, PlanError> {
        let kernels = aggregations
            .iter()
            .map(GroupedKernel::new)
            .collect::<Result<_, _>>()?;
        Ok(Self {
            input,
            bound,
            changes,
            aggregations,
            kernels,
            groups: LiveGroups::new(keys),
            idle: IdleGroups::new(),
            now: None,
            evicted: Vec::new(),
            evictions: 0,
            touched: Touched::default(),
            ids: Vec::new(),
            shown: Vec::new(),
        })
    }

    /// Time goes on, and groups that have been idle for too long end.
    fn advance(&mut self, time: i64) {
        match self.now {
            Some(now) if time <= now => return,
            // The first time there is: nothing is known of how long groups were idle before.
            None => self.idle.restamp(time),
            _ => {}
        }
        self.now = Some(time);
        let Some(ttl) = self.bound.ttl else { return };
        while let Some((group, since)) = self.idle.longest()
            && since.saturating_add(ttl) <= time
        {
            self.evict(group);
        }
    }

    fn evict(&mut self, group: u32) {
        self.idle.end(group);
        self.groups.end(group);
        self.evicted.push(group);
        self.evictions += 1;
    }

    /// The group of a row, which begins with it where there is none.
    fn step(&mut self, key: u32) -> Result<u32, PlanError> {
        let now = self.now.unwrap_or(i64::MIN);
        if let Some(group) = self.groups.find(key) {
            self.idle.touch(group, now);
            return Ok(group);
        }
        if self.bound.max_groups == Some(self.groups.living())
            && let Some((longest, _)) = self.idle.longest()
        {
            self.evict(longest);
        }
        let group = self.groups.begin(key)?;
        self.idle.begin(now);
        Ok(group)
    }

    fn columns(&self, context: &Context<'_>, groups: &[u32]) -> Result<Vec<ArrayRef>, PlanError> {
        let mut columns = self.groups.columns(groups, context.dictionaries)?;
        for (kernel, aggregation) in self.kernels.iter().zip(&self.aggregations) {
            columns.push(kernel.results(aggregation, groups, false)?);
        }
        Ok(columns)
    }
}

impl Operator for BoundedGroupBy {
    fn run(&mut self, context: &mut Context<'_>) -> Result<Option<Value>, PlanError> {
        let rows = context.value(self.input)?.rows;
        let arrays = self.groups.arrays(context, rows)?;
        let lanes = self
            .aggregations
            .iter()
            .map(|aggregation| aggregation.lane(context, rows))
            .collect::<Result<Vec<_>, _>>()?;
        let times = match self.bound.time {
            Some(time) => Some(context.array(time, rows)?),
            None => None,
        };
        let times = times
            .as_ref()
            .map(|times| times.as_primitive::<TimestampNanosecondType>());
        if times.is_none() {
            self.advance(context.now);
        }
        let keys = self.groups.intern(&arrays, rows);
        self.ids.clear();
        for (row, &key) in keys.iter().enumerate() {
            if let Some(times) = times.filter(|times| times.is_valid(row)) {
                self.advance(times.value(row));
            }
            let group = self.step(key)?;
            self.ids.push(group);
        }
        self.groups.reuse(keys);
        for (kernel, lane) in self.kernels.iter_mut().zip(&lanes) {
            kernel.update(&self.ids, lane)?;
        }
        self.shown.clear();
        if self.changes {
            self.touched.list(self.ids.iter(), &mut self.shown);
            self.shown.retain(|&group| self.groups.is_alive(group));
        } else {
            self.groups.all(&mut self.shown);
        }
        let mut value = Value::new(self.shown.len(), self.columns(context, &self.shown)?);
        value.aside = Some(Box::new(Value::new(
            self.evicted.len(),
            self.columns(context, &self.evicted)?,
        )));
        self.evicted.clear();
        if let Some(kept) = self.groups.clean() {
            self.idle.keep(&kept);
            self.kernels
                .iter_mut()
                .for_each(|kernel| kernel.keep(&kept));
        }
        Ok(Some(value))
    }

    fn puts_aside(&self) -> bool {
        true
    }

    fn evicted_groups(&self) -> u64 {
        self.evictions
    }

    fn snapshot(&self) -> Vec<Vec<u8>> {
        let mut parts = self.groups.snapshot();
        parts.push(self.idle.snapshot());
        let evicted: Vec<u64> = self.evicted.iter().map(|&id| u64::from(id)).collect();
        parts.push(
            StateWriter::new(1)
                .bools(&[self.now.is_some()])
                .i64(self.now.unwrap_or_default())
                .u64(self.evictions)
                .u64s(&evicted)
                .finish(),
        );
        parts.extend(self.kernels.iter().map(GroupedKernel::snapshot));
        parts
    }

    fn restore(&mut self, state: &[&[u8]]) -> Result<(), PlanError> {
        let groups = self.groups.parts();
        expect_parts(state, groups + 2 + self.kernels.len())?;
        let mut reader = StateReader::new("groupBy", 1, state[groups + 1])?;
        let known = reader.bools()? == [true];
        let now = reader.i64()?;
        let (evictions, evicted) = (reader.u64()?, reader.u64s()?);
        self.groups.restore(&state[..groups])?;
        let count = self.groups.len();
        if evicted.iter().any(|&id| id >= count as u64) {
            return Err(reader.corrupt("an evicted group that is not there").into());
        }
        reader.finish()?;
        self.idle
            .restore(state[groups], count, |group| self.groups.is_alive(group))?;
        for (kernel, part) in self.kernels.iter_mut().zip(&state[groups + 2..]) {
            kernel.restore(part)?;
        }
        self.now = known.then_some(now);
        self.evictions = evictions;
        self.evicted = evicted
            .into_iter()
            .map_while(|id| id.try_into().ok())
            .collect();
        Ok(())
    }
}
