//! The exported class that owns one compiled plan.

use std::cell::RefCell;
use std::mem::take;
use std::rc::Rc;

use arrow_array::{Array as _, StringArray};
use millrace_core::batch::{Batch, Emission};
use millrace_core::plan::{ColumnSchema, InputSchema, Plan, SinkSchema};
use millrace_ring::Limits;
use napi::Env;
use napi::bindgen_prelude::{
    Array, Function, FunctionCallContext, TypedArray, TypedArrayType, Uint8Array,
};
use napi::threadsafe_function::ThreadsafeFunctionCallMode;
use napi_derive::napi;
use serde_json::{Value, json};
use zerocopy::FromBytes;

use crate::emit::{Described, Target, scalar_room, write, write_floats, write_scalars};
use crate::failure::{Failure, Result, core_error, guard};
use crate::intake::{self, Fresh, Taken};
use crate::reader::NativeReader;
use crate::rows::NativeRows;
use crate::thread::{self, Done, PlanThread, Resident, Stats, Task, Work, broken};

/// What `poll` returns where no result has come.
const NOTHING: i32 = -2;

/// Memory of the caller that results are written to. Never absent: the type is how a borrowed
/// mutable array is taken without unsafe code.
type Numbers<'a> = Option<&'a mut [f64]>;
type Bytes<'a> = Option<&'a mut [u8]>;

/// One compiled plan: all columns that are connected with each other.
///
/// A call that yields results writes them to the memory passed in and returns how many emissions
/// there are, in order. Where that memory is too small it returns −1 and holds the results:
/// `control[0]` is the number of slab bytes and `control[1]` the length of control that `take`
/// needs, which must come next.
///
/// `control` after a call that returned n ≥ 0:
/// - `[0]` first free byte of the slab, a multiple of 8
/// - `[1]` 0
/// - `[2]` number of dictionary records, which start at 4, six numbers each: dictionary, id of
///   the first new string, how many, byte offset of their Int32 offsets (one more than strings),
///   byte offset and length of their UTF-8 text
/// - `[3]` index of the first emission record: sink (its index in `describe().sinks`), rows,
///   then four numbers for each column:
///   - a column: byte offset of the values, byte offset of the validity bitmap or −1, number of
///     missing values, byte offset of the text. Values of `bool` are a bitmap; of `utf8` with a
///     dictionary Int32 ids; of other `utf8` Int32 offsets into the text, one more than rows;
///     of i64, u64, timestamp and duration 64-bit integers; of date days in Int32.
///   - a scalar (kind `scalar`): the number, 0 where it is missing else 1, 0, 0. An integer
///     beyond ±2^53 has 2 in the second place, and its 8 bytes lie at the offset in the first.
///     utf8 is written as a column of one row.
///
/// After `start` the plan has a thread of its own. What is submitted to it is run in order, and each
/// submission has one result, which `poll` writes out as the other calls do. Whatever needs the plan
/// itself, such as `snapshot`, calls it home, for which all results must have been polled; the next
/// submission sends it out again.
#[napi]
pub struct NativePlan {
    core: Rc<RefCell<Core>>,
}

/// What a plan's object shares with its function.
struct Core {
    /// Away while its thread has it.
    plan: Option<Box<Plan>>,
    inputs: Vec<InputSchema>,
    sinks: Vec<SinkSchema>,
    thread: Option<PlanThread>,
    /// A result that was waited for and not polled yet.
    next: Option<Done>,
    /// The time that the thread has yet to be told.
    now: Option<i64>,
    /// Strings that it has yet to get.
    owed: Fresh,
    /// As of the last result of the thread.
    stats: Stats,
    strings: Vec<StringArray>,
    /// Results that did not fit the caller's memory, or of a call that is running.
    emissions: Vec<Emission>,
    /// How many strings of each dictionary JavaScript knows.
    sent: Vec<usize>,
    /// Results of [`NativePlan::reducer`].
    scalars: Vec<Option<f64>>,
    state: State,
}

/// What a plan can be called for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Ready,
    /// Results wait to be taken.
    Waiting,
    /// A call is running, or ended in a panic: state may be incomplete.
    Running,
}

#[napi]
impl NativePlan {
    /// Compiles the plan written as JSON text.
    #[napi(constructor)]
    pub fn new(spec: String) -> Result<Self> {
        guard("build plan", || {
            let plan = Plan::from_json(&spec).map_err(core_error)?;
            let sent = vec![0; dictionaries(&plan)];
            let state = State::Ready;
            let core = Core {
                inputs: plan.inputs().to_vec(),
                sinks: plan.sinks().to_vec(),
                plan: Some(Box::new(plan)),
                thread: None,
                next: None,
                now: None,
                owed: Fresh::new(),
                stats: Stats::default(),
                strings: Vec::new(),
                emissions: Vec::new(),
                sent,
                scalars: Vec::new(),
                state,
            };
            Ok(Self {
                core: Rc::new(RefCell::new(core)),
            })
        })
    }

    /// JSON text: `{"inputs": [{"name", "columns": [{"name", "type", "dictionary": id|null,
    /// "used": bool}]}], "sinks": [{"node", "kind": "scalar"|"series"|"frame"|"table",
    /// "columns": [{"name", "type", "dictionary": id|null}]}]}`.
    #[napi]
    pub fn describe(&self) -> Result<String> {
        let core = self.core.borrow();
        let inputs: Vec<Value> = core
            .inputs
            .iter()
            .map(|input| {
                let columns = input
                    .columns
                    .iter()
                    .zip(&input.used)
                    .map(|(column, &used)| {
                        let mut column = describe(column);
                        column["used"] = json!(used);
                        column
                    });
                json!({ "name": input.name, "columns": columns.collect::<Vec<_>>() })
            })
            .collect();
        let sinks: Vec<Value> = core
            .sinks
            .iter()
            .map(|sink| {
                let columns: Vec<Value> = sink.columns.iter().map(describe).collect();
                json!({ "node": sink.node, "kind": sink.kind.name(), "columns": columns })
            })
            .collect();
        Ok(json!({ "inputs": inputs, "sinks": sinks }).to_string())
    }

    /// Runs one batch through the plan.
    ///
    /// `buffers` lists for each column of the input, in order: values and validity bitmap; for
    /// `utf8` Int32 offsets (rows + 1), UTF-8 text and validity; for `utf8` with a dictionary
    /// Int32 ids, Int32 offsets of the strings that are new (one more than strings), their text,
    /// and validity. Null stands for no missing values, no new strings, and every buffer of a
    /// column that the plan does not use. Values of `bool` are a bitmap, of date days in Int32.
    /// Values of i64, u64, timestamp and duration may be a Float64Array: whole numbers, for times
    /// milliseconds.
    #[napi(
        ts_args_type = "input: number, rows: number, buffers: ReadonlyArray<TypedArray | null>, control: Float64Array, slab: Uint8Array, offset: number"
    )]
    pub fn push(
        &mut self,
        input: u32,
        rows: u32,
        buffers: Array<'_>,
        control: Numbers<'_>,
        slab: Bytes<'_>,
        offset: u32,
    ) -> Result<i32> {
        let core = &mut *self.core.borrow_mut();
        core.call("emit", control, slab, offset, |this| {
            let (input, rows) = (input as usize, rows as usize);
            if input == 0 && this.push_keyed(rows, &buffers)? {
                return Ok(());
            }
            let fresh = intake::fresh(&this.inputs, input, &buffers)?;
            this.note(&fresh);
            let plan = this.home()?;
            for (dictionary, strings) in &fresh {
                plan.extend_dictionary(*dictionary, strings)
                    .map_err(core_error)?;
            }
            let taken = intake::take(&this.inputs, input, rows, &buffers)?;
            this.run(taken)
        })
    }

    /// `push` of an input that is one f64 column without missing values.
    #[napi(
        ts_args_type = "input: number, values: Float64Array, control: Float64Array, slab: Uint8Array, offset: number"
    )]
    pub fn push_f64(
        &mut self,
        input: u32,
        values: TypedArray<'_>,
        mut control: Numbers<'_>,
        mut slab: Bytes<'_>,
        offset: u32,
    ) -> Result<i32> {
        let core = &mut *self.core.borrow_mut();
        let is_floats = values.typed_array_type == TypedArrayType::Float64;
        if core.state == State::Ready
            && input == 0
            && is_floats
            && let Some(plan) = &mut core.plan
        {
            let mut target = Target {
                control: control.as_deref_mut().unwrap_or_default(),
                slab: slab.as_deref_mut().unwrap_or_default(),
                offset: offset as usize,
            };
            core.state = State::Running;
            let written = guard("emit", || {
                Ok(write_floats(plan, &values.arraybuffer, &mut target))
            })?;
            core.state = State::Ready;
            if written {
                return Ok(1);
            }
        }
        core.call("emit", control, slab, offset, |this| {
            let taken = intake::floats(input as usize, &values)?;
            this.run(taken)
        })
    }

    /// Runs the words of a UTF-8 text as one batch, of an input that is one utf8 column.
    #[napi(
        ts_args_type = "input: number, text: Uint8Array, control: Float64Array, slab: Uint8Array, offset: number"
    )]
    pub fn push_words(
        &mut self,
        input: u32,
        text: &[u8],
        control: Numbers<'_>,
        slab: Bytes<'_>,
        offset: u32,
    ) -> Result<i32> {
        let core = &mut *self.core.borrow_mut();
        core.call("emit words", control, slab, offset, |this| {
            let (input, text) = (input as usize, words(text)?);
            let mut emissions = take(&mut this.emissions);
            let plan = this.home()?;
            let result = plan
                .words(input, text)
                .and_then(|batch| plan.push(input, batch, &mut emissions));
            this.emissions = emissions;
            result.map_err(core_error)
        })
    }

    /// Runs the batch that the last `poll` of a reader found.
    #[napi(
        ts_args_type = "input: number, reader: NativeReader, control: Float64Array, slab: Uint8Array, offset: number"
    )]
    pub fn push_from(
        &mut self,
        input: u32,
        reader: &mut NativeReader,
        control: Numbers<'_>,
        slab: Bytes<'_>,
        offset: u32,
    ) -> Result<i32> {
        let core = &mut *self.core.borrow_mut();
        core.call("read", control, slab, offset, |this| {
            this.run_from(input, |schema| reader.take(schema))
        })
    }

    /// Runs rows that were decoded, as a batch of an input; see `push` for the results.
    #[napi(
        ts_args_type = "input: number, rows: NativeRows, control: Float64Array, slab: Uint8Array, offset: number"
    )]
    pub fn push_rows(
        &mut self,
        input: u32,
        rows: &mut NativeRows,
        control: Numbers<'_>,
        slab: Bytes<'_>,
        offset: u32,
    ) -> Result<i32> {
        let core = &mut *self.core.borrow_mut();
        core.call("read", control, slab, offset, |this| {
            this.run_from(input, |schema| rows.take(schema))
        })
    }

    /// Ends the input: closes open partitions.
    #[napi(ts_args_type = "control: Float64Array, slab: Uint8Array, offset: number")]
    pub fn flush(&mut self, control: Numbers<'_>, slab: Bytes<'_>, offset: u32) -> Result<i32> {
        let core = &mut *self.core.borrow_mut();
        core.call("flush", control, slab, offset, |this| {
            let mut emissions = take(&mut this.emissions);
            let result = this.home()?.flush(&mut emissions);
            this.emissions = emissions;
            result.map_err(core_error)
        })
    }

    /// Writes the results that did not fit.
    #[napi(ts_args_type = "control: Float64Array, slab: Uint8Array, offset: number")]
    pub fn take(&mut self, control: Numbers<'_>, slab: Bytes<'_>, offset: u32) -> Result<i32> {
        let core = &mut *self.core.borrow_mut();
        guard("take results", || core.deliver(control, slab, offset))
    }

    /// The state of every node, as bytes that `restore` takes.
    #[napi]
    pub fn snapshot(&mut self) -> Result<Uint8Array> {
        let core = &mut *self.core.borrow_mut();
        guard("snapshot plan", || Ok(core.home()?.snapshot().into()))
    }

    /// Puts back the state of a plan of the same spec.
    #[napi]
    pub fn restore(&mut self, snapshot: &[u8]) -> Result<()> {
        let core = &mut *self.core.borrow_mut();
        guard("restore plan", || {
            core.home()?.restore(snapshot).map_err(core_error)?;
            core.emissions.clear();
            core.sent.fill(0);
            core.state = State::Ready;
            Ok(())
        })
    }

    /// Takes over the state of an earlier plan, whose nodes are the first of this one.
    #[napi]
    pub fn adopt(&mut self, earlier: &NativePlan) -> Result<()> {
        let core = &mut *self.core.borrow_mut();
        guard("adopt the state of a plan", || {
            let earlier = earlier.core.borrow();
            let before = earlier.plan.as_deref().ok_or_else(|| away("adopt"))?;
            let plan = core.home()?;
            plan.adopt(before).map_err(core_error)?;
            for (to, from) in plan.shared_dictionaries(before) {
                core.sent[to] = earlier.sent[from];
            }
            Ok(())
        })
    }

    /// Tells the time, in milliseconds since 1970 UTC, from the next batch on.
    #[napi]
    pub fn set_time(&mut self, milliseconds: f64) {
        let core = &mut *self.core.borrow_mut();
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a cast of a float saturates"
        )]
        let now = (milliseconds * 1e6) as i64;
        if core.thread.is_some() {
            core.now = Some(now);
        } else if let Some(plan) = &mut core.plan {
            plan.set_now(now);
        }
    }

    /// JSON text: `{"lateRows": number, "evictedGroups": number, "nodes": [{"batches": number, "rows":
    /// number, "seconds": number, "runs": bool}]}`, nodes in the order of the plan; with a thread, as of
    /// the last result that was polled.
    #[napi]
    pub fn stats(&self) -> Result<String> {
        let core = &*self.core.borrow();
        let away = core.plan.is_none().then(|| core.stats.clone());
        let stats = away
            .or_else(|| core.plan.as_deref().map(Stats::of))
            .unwrap_or_default();
        let nodes = stats.tallies.iter().map(|(tally, runs)| {
            let seconds = tally.time.as_secs_f64();
            json!({ "batches": tally.batches, "rows": tally.rows, "seconds": seconds, "runs": runs })
        });
        let nodes: Vec<Value> = nodes.collect();
        let stats = json!({
            "lateRows": stats.late_rows,
            "evictedGroups": stats.evicted_groups,
            "nodes": nodes,
        });
        Ok(stats.to_string())
    }

    /// JSON text: all strings of a dictionary, in the order of their ids, null for a missing one.
    #[napi]
    pub fn dictionary(&mut self, dictionary: u32) -> Result<String> {
        let core = &mut *self.core.borrow_mut();
        guard("read dictionary", || {
            let dictionary = dictionary as usize;
            let strings: Vec<Option<&str>> = core
                .home()?
                .dictionary(dictionary)
                .map_or_else(Vec::new, |strings| strings.iter().collect());
            let text = json!(strings).to_string();
            let known = strings.len();
            if let Some(sent) = core.sent.get_mut(dictionary) {
                *sent = known;
            }
            Ok(text)
        })
    }

    /// A function of the values of a batch and of control, for a plan that does nothing but aggregate
    /// its one f64 column without missing values, or null. It runs the batch, writes one number for each
    /// sink as emission records from index 4 of control on, and returns how many there are; or −1, with
    /// nothing done, where `push_f64` must run the batch, as while the plan is away. A call of it is
    /// several times cheaper than that of a method.
    #[napi(ts_return_type = "((values: Float64Array, control: Float64Array) => number) | null")]
    pub fn reducer<'env>(&self, env: &'env Env) -> napi::Result<Option<Function<'env, (), i32>>> {
        let reduces = |plan: &Plan| plan.reduces_floats();
        if !self.core.borrow().plan.as_deref().is_some_and(reduces) {
            return Ok(None);
        }
        let core = Rc::clone(&self.core);
        env.create_function_from_closure("reduce", move |call: FunctionCallContext<'_>| {
            let values: &[f64] = call.get(0)?;
            let control: &mut [f64] = call.get(1)?;
            Ok(core.borrow_mut().reduce(values, control))
        })
        .map(Some)
    }

    /// Gives the plan a thread of its own, which calls `wake` when results have come; it keeps nothing
    /// alive. `maxBatches` submissions and `maxBytes` bytes may wait for it, and as many of results.
    #[napi(ts_args_type = "wake: () => void, maxBatches: number, maxBytes: number")]
    pub fn start(
        &mut self,
        wake: Function<'_, (), ()>,
        max_batches: u32,
        max_bytes: f64,
    ) -> Result<()> {
        let core = &mut *self.core.borrow_mut();
        guard("start the thread of a plan", || {
            let wake = wake
                .build_threadsafe_function::<()>()
                .weak::<true>()
                .max_queue_size::<1>()
                .build()
                .map_err(|error| Failure::new("ERR_NO_THREAD", error.reason.clone()))?;
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a cast of a float saturates"
            )]
            let limits = Limits {
                items: max_batches as usize,
                weight: max_bytes as usize,
            };
            let wake = move || {
                // A full queue means that a wake-up is on its way; a closed one, that nobody is there.
                let _status = wake.call((), ThreadsafeFunctionCallMode::NonBlocking);
            };
            core.thread = Some(thread::start(limits, core.sinks.clone(), wake)?);
            Ok(())
        })
    }

    /// Calls the plan home and ends its thread.
    #[napi]
    pub fn stop(&mut self) -> Result<()> {
        let core = &mut *self.core.borrow_mut();
        guard("stop the thread of a plan", || {
            core.home()?;
            core.thread = None;
            Ok(())
        })
    }

    /// Hands a batch to the thread, as `push` takes it. Returns how many submissions stand in line
    /// because there is no room for them.
    #[napi(ts_args_type = "input: number, rows: number, buffers: ReadonlyArray<TypedArray | null>")]
    pub fn submit(&mut self, input: u32, rows: u32, buffers: Array<'_>) -> Result<u32> {
        let core = &mut *self.core.borrow_mut();
        guard("emit", || {
            let (input, rows) = (input as usize, rows as usize);
            let fresh = intake::fresh(&core.inputs, input, &buffers)?;
            core.note(&fresh);
            core.owed.extend(fresh);
            let taken = intake::take(&core.inputs, input, rows, &buffers)?;
            let bytes = taken.bytes;
            core.hand_over("emit", Work::Batch(taken), bytes)
        })
    }

    /// `submit` as `pushF64` takes it.
    #[napi(ts_args_type = "input: number, values: Float64Array")]
    pub fn submit_f64(&mut self, input: u32, values: TypedArray<'_>) -> Result<u32> {
        let core = &mut *self.core.borrow_mut();
        guard("emit", || {
            let taken = intake::floats(input as usize, &values)?;
            let bytes = taken.bytes;
            core.hand_over("emit", Work::Batch(taken), bytes)
        })
    }

    /// `submit` as `pushWords` takes it.
    #[napi]
    pub fn submit_words(&mut self, input: u32, text: &[u8]) -> Result<u32> {
        let core = &mut *self.core.borrow_mut();
        guard("emit words", || {
            let (input, text) = (input as usize, words(text)?.to_owned());
            let bytes = text.len();
            core.hand_over("emit words", Work::Words { input, text }, bytes)
        })
    }

    /// `submit` of the batch that the last `poll` of a reader found.
    #[napi]
    pub fn submit_from(&mut self, input: u32, reader: &mut NativeReader) -> Result<u32> {
        let core = &mut *self.core.borrow_mut();
        guard("read", || {
            core.submit_from(input, |schema| reader.take(schema))
        })
    }

    /// As `pushRows`, on the thread.
    #[napi]
    pub fn submit_rows(&mut self, input: u32, rows: &mut NativeRows) -> Result<u32> {
        let core = &mut *self.core.borrow_mut();
        guard("read", || {
            core.submit_from(input, |schema| rows.take(schema))
        })
    }

    /// Has the thread end the input.
    #[napi]
    pub fn submit_flush(&mut self) -> Result<u32> {
        let core = &mut *self.core.borrow_mut();
        guard("flush", || core.hand_over("flush", Work::Flush, 0))
    }

    /// Writes the next result of the thread out; −2 where none has come. Throws what its submission
    /// failed with.
    #[napi(ts_args_type = "control: Float64Array, slab: Uint8Array, offset: number")]
    pub fn poll(&mut self, control: Numbers<'_>, slab: Bytes<'_>, offset: u32) -> Result<i32> {
        let core = &mut *self.core.borrow_mut();
        guard("take results", || {
            let next = core.next.take();
            let thread = core.thread.as_mut().ok_or_else(no_thread)?;
            let Some(done) = next.or_else(|| thread.poll()) else {
                if thread.is_dead() && thread.pending() > 0 {
                    thread.give_up();
                    return Err(dead("emit"));
                }
                return Ok(NOTHING);
            };
            core.stats = done.stats;
            core.strings = done.strings;
            core.emissions = done.outcome?;
            core.deliver(control, slab, offset)
        })
    }

    /// Sleeps until there is a result to poll; false where there is nothing to wait for.
    #[napi]
    pub fn wait(&mut self) -> Result<bool> {
        let core = &mut *self.core.borrow_mut();
        guard("wait for results", || {
            let thread = core.thread.as_mut().ok_or_else(no_thread)?;
            if core.next.is_none() && thread.pending() > 0 {
                core.next = Some(thread.wait().ok_or_else(|| dead("emit"))?);
            }
            Ok(core.next.is_some())
        })
    }

    /// Hands over what stands in line as far as there is room, without polling; returns how many still
    /// do. `wake` is called again when the next result comes.
    #[napi]
    pub fn advance(&mut self) -> Result<u32> {
        let core = &mut *self.core.borrow_mut();
        guard("emit", || {
            let thread = core.thread.as_mut().ok_or_else(no_thread)?;
            thread.rearm();
            thread.advance();
            Ok(count(thread.in_line()))
        })
    }
}

impl Core {
    /// As [`NativePlan::reducer`] says.
    fn reduce(&mut self, values: &[f64], control: &mut [f64]) -> i32 {
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

    /// `push` from where the rows lie; false, with nothing done, where the plan or the batch is not of
    /// the kind for it.
    fn push_keyed(&mut self, rows: usize, buffers: &Array<'_>) -> Result<bool> {
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
    fn home(&mut self) -> Result<&mut Plan> {
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

    /// Runs a batch that was taken in.
    fn run(&mut self, taken: Taken) -> Result<()> {
        let input = taken.input;
        let mut emissions = take(&mut self.emissions);
        let plan = self.home()?;
        let result = taken
            .complete(plan)
            .and_then(|batch| plan.push(input, batch, &mut emissions));
        self.emissions = emissions;
        result.map_err(core_error)
    }

    /// Runs the batch that `from` has for an input, if there is one.
    fn run_from(
        &mut self,
        input: u32,
        from: impl FnOnce(&InputSchema) -> Result<Option<Batch>>,
    ) -> Result<()> {
        let input = input as usize;
        let batch = self.inputs.get(input).map(from).transpose()?;
        let Some(batch) = batch.flatten() else {
            return Ok(());
        };
        let mut emissions = take(&mut self.emissions);
        let result = self
            .home()
            .and_then(|plan| plan.push(input, batch, &mut emissions).map_err(core_error));
        self.emissions = emissions;
        result
    }

    /// As [`Core::run_from`], on the thread.
    fn submit_from(
        &mut self,
        input: u32,
        from: impl FnOnce(&InputSchema) -> Result<Option<Batch>>,
    ) -> Result<u32> {
        let input = input as usize;
        let batch = self.inputs.get(input).map(from).transpose()?;
        let Some(batch) = batch.flatten() else {
            return Ok(count(self.thread.as_ref().map_or(0, PlanThread::in_line)));
        };
        let arrays = batch.columns.iter();
        let bytes = arrays.map(|array| array.get_buffer_memory_size()).sum();
        self.hand_over("read", Work::Decoded { input, batch }, bytes)
    }

    /// Gives the thread something to do, and the plan along with it if it is at home.
    fn hand_over(&mut self, action: &str, work: Work, bytes: usize) -> Result<u32> {
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
    fn note(&mut self, fresh: &Fresh) {
        for (dictionary, strings) in fresh {
            self.sent[*dictionary] += strings.len();
        }
    }

    /// Runs `body`, which collects emissions, and writes them out.
    fn call(
        &mut self,
        action: &str,
        control: Numbers<'_>,
        slab: Bytes<'_>,
        offset: u32,
        body: impl FnOnce(&mut Self) -> Result<()>,
    ) -> Result<i32> {
        match self.state {
            State::Ready => {}
            State::Waiting => {
                return Err(Failure::new(
                    "ERR_INVALID_STATE",
                    format!("Cannot {action}: results of the last call must be taken first"),
                ));
            }
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
    fn deliver(&mut self, control: Numbers<'_>, slab: Bytes<'_>, offset: u32) -> Result<i32> {
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

/// What is said where the plan is needed while its thread works.
fn away(action: &str) -> Failure {
    Failure::new(
        "ERR_INVALID_STATE",
        format!("Cannot {action} the plan: the results of its thread must be taken first"),
    )
}

fn no_thread() -> Failure {
    Failure::new(
        "ERR_INVALID_STATE",
        "Cannot use the thread of a plan: it has none".to_owned(),
    )
}

/// What is said once the thread has died, and the plan with it.
fn dead(action: &str) -> Failure {
    Failure::new(
        "ERR_THREAD_DIED",
        format!("Cannot {action}: the thread of the plan has died, and its state is lost"),
    )
}

/// The text that words are taken from.
fn words(text: &[u8]) -> Result<&str> {
    std::str::from_utf8(text).map_err(|error| {
        Failure::new(
            "ERR_INVALID_ARGUMENT",
            format!("Cannot emit words: the text must be UTF-8, got {error}"),
        )
    })
}

fn count(submissions: usize) -> u32 {
    u32::try_from(submissions).unwrap_or(u32::MAX)
}

fn describe(column: &ColumnSchema) -> Value {
    json!({
        "name": column.name,
        "type": column.column_type.name(),
        "dictionary": column.dictionary,
    })
}

/// How many dictionaries the inputs have.
fn dictionaries(plan: &Plan) -> usize {
    plan.inputs()
        .iter()
        .flat_map(|input| &input.columns)
        .filter(|column| column.dictionary.is_some())
        .count()
}
