//! The exported class that owns one compiled plan.

mod describe;
mod refusal;
mod shared;
mod thread;
mod threaded;

use std::cell::RefCell;
use std::rc::Rc;

use millrace_core::plan::Plan;
use napi::Env;
use napi::bindgen_prelude::{Array, Function, FunctionCallContext, TypedArray, Uint8Array};
use napi_derive::napi;
use serde_json::json;

use self::refusal::away;
use self::shared::{Shared, State};
use self::thread::Stats;
use crate::failure::{Failure, Result, core_error, guard};
use crate::intake;
use crate::rows::NativeRows;

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
    shared: Rc<RefCell<Shared>>,
}

#[napi]
impl NativePlan {
    /// Compiles the plan written as JSON text.
    #[napi(constructor)]
    pub fn new(spec: String) -> Result<Self> {
        guard("build plan", || {
            let plan = Plan::from_json(&spec).map_err(core_error)?;
            Ok(Self {
                shared: Rc::new(RefCell::new(Shared::new(plan))),
            })
        })
    }

    /// JSON text: `{"inputs": [{"name", "columns": [{"name", "type", "dictionary": id|null,
    /// "used": bool}]}], "sinks": [{"node", "kind": "scalar"|"series"|"frame"|"table",
    /// "columns": [{"name", "type", "dictionary": id|null}]}]}`.
    #[napi]
    pub fn describe(&self) -> Result<String> {
        let shared = self.shared.borrow();
        Ok(describe::schemas(&shared.inputs, &shared.sinks))
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
        mut control: Numbers<'_>,
        mut slab: Bytes<'_>,
        offset: u32,
    ) -> Result<i32> {
        let shared = &mut *self.shared.borrow_mut();
        let (input, rows) = (input as usize, rows as usize);
        let (numbers, bytes) = (control.as_deref_mut(), slab.as_deref_mut());
        if input == 0 && shared.push_float_columns(rows, &buffers, numbers, bytes, offset)? {
            return Ok(1);
        }
        shared.call("emit", control, slab, offset, |this| {
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
            this.run_taken(taken)
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
        let shared = &mut *self.shared.borrow_mut();
        let (numbers, bytes) = (control.as_deref_mut(), slab.as_deref_mut());
        if input == 0 && shared.push_floats(&values, numbers, bytes, offset)? {
            return Ok(1);
        }
        shared.call("emit", control, slab, offset, |this| {
            let taken = intake::floats(input as usize, &values)?;
            this.run_taken(taken)
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
        let shared = &mut *self.shared.borrow_mut();
        shared.call("emit words", control, slab, offset, |this| {
            let (input, text) = (input as usize, words(text)?);
            this.run(|plan, emissions| {
                let batch = plan.words(input, text)?;
                plan.push(input, batch, emissions)
            })
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
        let shared = &mut *self.shared.borrow_mut();
        shared.call("read", control, slab, offset, |this| {
            let input = input as usize;
            let Some(batch) = this.decoded(input, rows)? else {
                return Ok(());
            };
            this.run(|plan, emissions| plan.push(input, batch, emissions))
        })
    }

    /// Ends the input: closes open partitions.
    #[napi(ts_args_type = "control: Float64Array, slab: Uint8Array, offset: number")]
    pub fn flush(&mut self, control: Numbers<'_>, slab: Bytes<'_>, offset: u32) -> Result<i32> {
        let shared = &mut *self.shared.borrow_mut();
        shared.call("flush", control, slab, offset, |this| this.run(Plan::flush))
    }

    /// Writes the results that did not fit.
    #[napi(ts_args_type = "control: Float64Array, slab: Uint8Array, offset: number")]
    pub fn take(&mut self, control: Numbers<'_>, slab: Bytes<'_>, offset: u32) -> Result<i32> {
        let shared = &mut *self.shared.borrow_mut();
        guard("take results", || shared.deliver(control, slab, offset))
    }

    /// The state of every node, as bytes that `restore` takes.
    #[napi]
    pub fn snapshot(&mut self) -> Result<Uint8Array> {
        let shared = &mut *self.shared.borrow_mut();
        guard("snapshot plan", || Ok(shared.home()?.snapshot().into()))
    }

    /// Puts back the state of a plan of the same spec.
    #[napi]
    pub fn restore(&mut self, snapshot: &[u8]) -> Result<()> {
        let shared = &mut *self.shared.borrow_mut();
        guard("restore plan", || {
            shared.home()?.restore(snapshot).map_err(core_error)?;
            shared.emissions.clear();
            shared.sent.fill(0);
            shared.state = State::Ready;
            Ok(())
        })
    }

    /// Takes over the state of an earlier plan, whose nodes are the first of this one.
    #[napi]
    pub fn adopt(&mut self, earlier: &NativePlan) -> Result<()> {
        let shared = &mut *self.shared.borrow_mut();
        guard("adopt the state of a plan", || {
            let earlier = earlier.shared.borrow();
            let before = earlier.plan.as_deref().ok_or_else(|| away("adopt"))?;
            let plan = shared.home()?;
            plan.adopt(before).map_err(core_error)?;
            for (to, from) in plan.shared_dictionaries(before) {
                shared.sent[to] = earlier.sent[from];
            }
            Ok(())
        })
    }

    /// Tells the time, in milliseconds since 1970 UTC, from the next batch on.
    #[napi]
    pub fn set_time(&mut self, milliseconds: f64) {
        let shared = &mut *self.shared.borrow_mut();
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a cast of a float saturates"
        )]
        let now = (milliseconds * 1e6) as i64;
        if shared.thread.is_some() {
            shared.now = Some(now);
        } else if let Some(plan) = &mut shared.plan {
            plan.set_now(now);
        }
    }

    /// JSON text: `{"lateRows": number, "evictedGroups": number, "nodes": [{"batches": number, "rows":
    /// number, "seconds": number, "runs": bool}]}`, nodes in the order of the plan; with a thread, as of
    /// the last result that was polled.
    #[napi]
    pub fn stats(&self) -> Result<String> {
        let shared = &*self.shared.borrow();
        let away = shared.plan.is_none().then(|| shared.stats.clone());
        let stats = away
            .or_else(|| shared.plan.as_deref().map(Stats::of))
            .unwrap_or_default();
        Ok(describe::stats(&stats))
    }

    /// JSON text: all strings of a dictionary, in the order of their ids, null for a missing one.
    #[napi]
    pub fn dictionary(&mut self, dictionary: u32) -> Result<String> {
        let shared = &mut *self.shared.borrow_mut();
        guard("read dictionary", || {
            let dictionary = dictionary as usize;
            let strings: Vec<Option<&str>> = shared
                .home()?
                .dictionary(dictionary)
                .map_or_else(Vec::new, |strings| strings.iter().collect());
            let text = json!(strings).to_string();
            let known = strings.len();
            if let Some(sent) = shared.sent.get_mut(dictionary) {
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
        if !self.shared.borrow().plan.as_deref().is_some_and(reduces) {
            return Ok(None);
        }
        let shared = Rc::clone(&self.shared);
        env.create_function_from_closure("reduce", move |call: FunctionCallContext<'_>| {
            let values: &[f64] = call.get(0)?;
            let control: &mut [f64] = call.get(1)?;
            Ok(shared.borrow_mut().reduce(values, control))
        })
        .map(Some)
    }
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
