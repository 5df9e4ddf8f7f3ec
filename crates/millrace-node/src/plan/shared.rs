//! The plan behind a [`super::NativePlan`], at home or on its thread, and the results on their way out.

use std::mem::take;

use arrow_array::{Array as _, StringArray};
use millrace_core::batch::{Batch, Emission};
use millrace_core::error::PlanError;
use millrace_core::plan::{InputSchema, Plan, SinkSchema};
use napi::bindgen_prelude::{Array, TypedArray, TypedArrayType};
use zerocopy::FromBytes;

use super::refusal::{away, broken, dead, no_thread, waiting};
use super::thread::{Done, PlanThread, Resident, Stats, Task, Work};
use super::{Bytes, Numbers};
use crate::emit::{Described, Target, scalar_room, write, write_floats, write_scalars};
use crate::failure::{Failure, Result, core_error, guard};
use crate::intake::{self, Fresh, Taken};
use crate::rows::NativeRows;

/// What a plan's object shares with its function.
pub(super) struct Shared {
    /// Away while its thread has it.
    pub(super) plan: Option<Box<Plan>>,
    pub(super) inputs: Vec<InputSchema>,
    pub(super) sinks: Vec<SinkSchema>,
    pub(super) thread: Option<PlanThread>,
    /// A result that was waited for and not polled yet.
    pub(super) next: Option<Done>,
    /// The time that the thread has yet to be told.
    pub(super) now: Option<i64>,
    /// Strings that it has yet to get.
    pub(super) owed: Fresh,
    /// As of the last result of the thread.
    pub(super) stats: Stats,
    pub(super) strings: Vec<StringArray>,
    /// Results that did not fit the caller's memory, or of a call that is running.
    pub(super) emissions: Vec<Emission>,
    /// How many strings of each dictionary JavaScript knows.
    pub(super) sent: Vec<usize>,
    /// Results of [`NativePlan::reducer`].
    pub(super) scalars: Vec<Option<f64>>,
    pub(super) state: State,
}

/// What a plan can be called for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Ready,
    /// Results wait to be taken.
    Waiting,
    /// A call is running, or ended in a panic: state may be incomplete.
    Running,
}

impl Shared {
    pub(super) fn new(plan: Plan) -> Self {
        let inputs = plan.inputs().to_vec();
        Self {
            sent: vec![0; dictionaries(&inputs)],
            inputs,
            sinks: plan.sinks().to_vec(),
            plan: Some(Box::new(plan)),
            thread: None,
            next: None,
            now: None,
            owed: Fresh::new(),
            stats: Stats::default(),
            strings: Vec::new(),
            emissions: Vec::new(),
            scalars: Vec::new(),
            state: State::Ready,
        }
    }

    /// As [`NativePlan::reducer`] says.
    pub(super) fn reduce(&mut self, values: &[f64], control: &mut [f64]) -> i32 {
        let Some(room) = scalar_room(self.sinks.len(), control) else {
            return -1;
        };
        let Some(plan) = &mut self.plan else {
            return -1;
        };
        if self.state != State::Ready {
            return -1;
        }
        self.state = State::Running;
        // After a panic the plan stays as it is, and `push_f64` says that it must be restored.
        let written = guard("emit", || Ok(plan.reduce_floats(values, &mut self.scalars)));
        let Ok(written) = written else {
            return -1;
        };
        self.state = State::Ready;
        if !written {
            return -1;
        }
        write_scalars(&self.scalars, room);
        i32::try_from(self.scalars.len()).unwrap_or(-1)
    }

    /// `push_f64` without an array in between; false, with nothing done, where the plan is away or not
    /// of the kind for it, or the results do not fit.
    pub(super) fn push_floats(
        &mut self,
        values: &TypedArray<'_>,
        control: Numbers<'_>,
        slab: Bytes<'_>,
        offset: u32,
    ) -> Result<bool> {
        let wanted = self.plan.as_deref().and_then(Plan::float_columns);
        let Some(wanted) = wanted else {
            return Ok(false);
        };
        if values.typed_array_type != TypedArrayType::Float64 {
            return Ok(false);
        }
        let columns = vec![&values.arraybuffer[..]; wanted.len()];
        self.write_floats(&columns, control, slab, offset)
    }

    /// Likewise `push`.
    pub(super) fn push_float_columns(
        &mut self,
        rows: usize,
        buffers: &Array<'_>,
        control: Numbers<'_>,
        slab: Bytes<'_>,
        offset: u32,
    ) -> Result<bool> {
        let plan = self.plan.as_deref();
        let Some(columns) = plan.and_then(|plan| intake::float_columns(plan, rows, buffers)) else {
            return Ok(false);
        };
        let columns: Vec<&[u8]> = columns
            .iter()
            .map(|column| &column.arraybuffer[..])
            .collect();
        self.write_floats(&columns, control, slab, offset)
    }

    fn write_floats(
        &mut self,
        columns: &[&[u8]],
        control: Numbers<'_>,
        slab: Bytes<'_>,
        offset: u32,
    ) -> Result<bool> {
        let (State::Ready, Some(plan)) = (self.state, &mut self.plan) else {
            return Ok(false);
        };
        let mut target = Target {
            control: control.unwrap_or_default(),
            slab: slab.unwrap_or_default(),
            offset: offset as usize,
        };
        self.state = State::Running;
        let written = guard("emit", || Ok(write_floats(plan, columns, &mut target)))?;
        self.state = State::Ready;
        Ok(written)
    }

    /// `push` from where the rows lie; false, with nothing done, where the plan or the batch is not of
    /// the kind for it.
    pub(super) fn push_keyed(&mut self, rows: usize, buffers: &Array<'_>) -> Result<bool> {
        let Some(plan) = &mut self.plan else {
            return Ok(false);
        };
        let Some((ids, values)) = intake::keyed(plan, rows, buffers) else {
            return Ok(false);
        };
        let (Ok(ids), Ok(values)) = (
            <[u32]>::ref_from_bytes(&ids.arraybuffer),
            <[f64]>::ref_from_bytes(&values.arraybuffer),
        ) else {
            return Ok(false);
        };
        plan.push_keyed(ids, values, &mut self.emissions)
            .map_err(core_error)
    }

    /// The plan, which comes home if its thread has it.
    pub(super) fn home(&mut self) -> Result<&mut Plan> {
        if self.plan.is_none() {
            let thread = self.thread.as_mut().ok_or_else(no_thread)?;
            if thread.pending() > 0 || self.next.is_some() {
                return Err(away("use"));
            }
            let task = Task {
                plan: None,
                now: self.now.take(),
                fresh: take(&mut self.owed),
                work: Work::Return,
            };
            thread.submit(task, 0);
            let resident = thread.wait().and_then(|done| done.plan);
            let Resident { plan, is_broken } = resident.ok_or_else(|| dead("use"))?;
            if is_broken {
                self.state = State::Running;
            }
            self.plan = Some(plan);
        }
        self.plan.as_deref_mut().ok_or_else(no_thread)
    }

    /// Has the plan do what yields emissions.
    pub(super) fn run(
        &mut self,
        work: impl FnOnce(&mut Plan, &mut Vec<Emission>) -> std::result::Result<(), PlanError>,
    ) -> Result<()> {
        let mut emissions = take(&mut self.emissions);
        let plan = self.home();
        let result = plan.and_then(|plan| work(plan, &mut emissions).map_err(core_error));
        self.emissions = emissions;
        result
    }

    /// Runs a batch that was taken in.
    pub(super) fn run_taken(&mut self, taken: Taken) -> Result<()> {
        let input = taken.input;
        self.run(|plan, emissions| {
            let batch = taken.complete(plan)?;
            plan.push(input, batch, emissions)
        })
    }

    /// Rows that were decoded, for an input; nothing where they were taken already.
    pub(super) fn decoded(&self, input: usize, rows: &mut NativeRows) -> Result<Option<Batch>> {
        let schema = self.inputs.get(input);
        Ok(schema
            .map(|schema| rows.take(schema))
            .transpose()?
            .flatten())
    }

    /// Gives the thread something to do, and the plan along with it if it is at home.
    pub(super) fn hand_over(&mut self, action: &str, work: Work, bytes: usize) -> Result<u32> {
        let thread = self.thread.as_mut().ok_or_else(no_thread)?;
        if thread.is_dead() {
            return Err(dead(action));
        }
        let is_broken = self.state == State::Running;
        let plan = self.plan.take().map(|plan| Resident { plan, is_broken });
        let task = Task {
            plan,
            now: self.now.take(),
            fresh: take(&mut self.owed),
            work,
        };
        thread.submit(task, bytes);
        Ok(count(thread.in_line()))
    }

    /// Notes the strings of dictionaries that JavaScript brought itself.
    pub(super) fn note(&mut self, fresh: &Fresh) {
        for (dictionary, strings) in fresh {
            self.sent[*dictionary] += strings.len();
        }
    }

    /// Runs `body`, which collects emissions, and writes them out.
    pub(super) fn call(
        &mut self,
        action: &str,
        control: Numbers<'_>,
        slab: Bytes<'_>,
        offset: u32,
        body: impl FnOnce(&mut Self) -> Result<()>,
    ) -> Result<i32> {
        match self.state {
            State::Ready => {}
            State::Waiting => return Err(waiting(action)),
            State::Running => return Err(broken(action)),
        }
        guard(action, || {
            self.state = State::Running;
            if let Err(error) = body(self) {
                self.emissions.clear();
                self.state = State::Ready;
                return Err(error);
            }
            self.deliver(control, slab, offset)
        })
    }

    /// Writes the emissions out, or says what memory they need.
    pub(super) fn deliver(
        &mut self,
        control: Numbers<'_>,
        slab: Bytes<'_>,
        offset: u32,
    ) -> Result<i32> {
        let (control, slab) = (control.unwrap_or_default(), slab.unwrap_or_default());
        let mut target = Target {
            control,
            slab,
            offset: offset as usize,
        };
        if target.control.len() < 4 {
            self.state = State::Waiting;
            return Err(Failure::new(
                "ERR_INVALID_ARGUMENT",
                format!(
                    "Cannot write results: control must hold 4 numbers, got {}",
                    target.control.len()
                ),
            ));
        }
        let (plan, strings) = (self.plan.as_deref(), &self.strings);
        let dictionary = |index| match plan {
            Some(plan) => plan.dictionary(index),
            None => strings.get(index),
        };
        let described = Described {
            sinks: &self.sinks,
            dictionary: &dictionary,
        };
        match write(&described, &self.emissions, &mut self.sent, &mut target) {
            Ok(count) => {
                self.emissions.clear();
                self.state = State::Ready;
                i32::try_from(count).map_err(|_| {
                    Failure::new("ERR_INTERNAL", format!("Cannot deliver {count} emissions"))
                })
            }
            Err(need) => {
                self.state = State::Waiting;
                #[expect(clippy::cast_precision_loss, reason = "lengths are below 2^53")]
                target.control[..2].copy_from_slice(&[need.bytes as f64, need.numbers as f64]);
                Ok(-1)
            }
        }
    }
}

/// How many dictionaries the inputs have.
fn dictionaries(inputs: &[InputSchema]) -> usize {
    inputs
        .iter()
        .flat_map(|input| &input.columns)
        .filter(|column| column.dictionary.is_some())
        .count()
}

pub(super) fn count(submissions: usize) -> u32 {
    u32::try_from(submissions).unwrap_or(u32::MAX)
}
