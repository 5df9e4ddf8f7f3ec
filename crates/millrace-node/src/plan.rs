//! The exported class that owns one compiled plan.

use std::cell::RefCell;
use std::rc::Rc;

use millrace_core::batch::{Batch, Emission};
use millrace_core::plan::{ColumnSchema, Plan};
use napi::Env;
use napi::bindgen_prelude::{
    Array, Function, FunctionCallContext, TypedArray, TypedArrayType, Uint8Array,
};
use napi_derive::napi;
use serde_json::{Value, json};
use zerocopy::FromBytes;

use crate::emit::{Target, scalar_room, write, write_floats, write_scalars};
use crate::failure::{Failure, Result, core_error, guard};
use crate::intake;
use crate::parquet_reader::NativeParquetReader;

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
/// - `[1]` rows read (`pushFrom` only; 0 at the end of the file)
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
#[napi]
pub struct NativePlan {
    core: Rc<RefCell<Core>>,
}

/// What a plan's object shares with its function.
struct Core {
    plan: Plan,
    /// Results that did not fit the caller's memory, or of a call that is running.
    emissions: Vec<Emission>,
    /// How many strings of each dictionary JavaScript knows.
    sent: Vec<usize>,
    rows_read: usize,
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
                plan,
                emissions: Vec::new(),
                sent,
                rows_read: 0,
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
        let plan = &self.core.borrow().plan;
        let inputs: Vec<Value> = plan
            .inputs()
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
        let sinks: Vec<Value> = plan
            .sinks()
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
        self.core
            .borrow_mut()
            .call("emit", control, slab, offset, |this| {
                let (input, rows) = (input as usize, rows as usize);
                if input == 0 && this.push_keyed(rows, &buffers)? {
                    return Ok(());
                }
                let columns = intake::columns(&mut this.plan, input, rows, &buffers)?;
                for column in &this.plan.inputs()[input].columns {
                    if let Some(dictionary) = column.dictionary {
                        // JavaScript gave all of these strings ids itself.
                        let known = this
                            .plan
                            .dictionary(dictionary)
                            .map_or(0, arrow_array::Array::len);
                        this.sent[dictionary] = known;
                    }
                }
                let batch = Batch { rows, columns };
                this.plan
                    .push(input, batch, &mut this.emissions)
                    .map_err(core_error)
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
        if core.state == State::Ready && input == 0 && is_floats {
            let mut target = Target {
                control: control.as_deref_mut().unwrap_or_default(),
                slab: slab.as_deref_mut().unwrap_or_default(),
                offset: offset as usize,
            };
            core.state = State::Running;
            let written = guard("emit", || {
                Ok(write_floats(
                    &mut core.plan,
                    &values.arraybuffer,
                    &mut target,
                ))
            })?;
            core.state = State::Ready;
            if written {
                return Ok(1);
            }
        }
        core.call("emit", control, slab, offset, |this| {
            let (rows, column) = intake::floats(&values)?;
            let batch = Batch {
                rows,
                columns: vec![column],
            };
            this.plan
                .push(input as usize, batch, &mut this.emissions)
                .map_err(core_error)
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
        let mut core = self.core.borrow_mut();
        core.call("emit words", control, slab, offset, |this| {
            let text = std::str::from_utf8(text).map_err(|error| {
                Failure::new(
                    "ERR_INVALID_ARGUMENT",
                    format!("Cannot emit words: the text must be UTF-8, got {error}"),
                )
            })?;
            let batch = this.plan.words(input as usize, text).map_err(core_error)?;
            this.plan
                .push(input as usize, batch, &mut this.emissions)
                .map_err(core_error)
        })
    }

    /// Reads the next batch of the file, of the columns that the plan uses, and runs it.
    #[napi(
        ts_args_type = "input: number, reader: NativeParquetReader, control: Float64Array, slab: Uint8Array, offset: number"
    )]
    pub fn push_from(
        &mut self,
        input: u32,
        reader: &mut NativeParquetReader,
        control: Numbers<'_>,
        slab: Bytes<'_>,
        offset: u32,
    ) -> Result<i32> {
        let mut core = self.core.borrow_mut();
        core.call("read Parquet file", control, slab, offset, |this| {
            let input = input as usize;
            let used = this
                .plan
                .inputs()
                .get(input)
                .map_or(&[][..], |input| &input.used);
            if let Some(batch) = reader.next_batch(used)? {
                this.rows_read = batch.rows;
                this.plan
                    .push(input, batch, &mut this.emissions)
                    .map_err(core_error)?;
            }
            Ok(())
        })
    }

    /// Ends the input: closes open partitions.
    #[napi(ts_args_type = "control: Float64Array, slab: Uint8Array, offset: number")]
    pub fn flush(&mut self, control: Numbers<'_>, slab: Bytes<'_>, offset: u32) -> Result<i32> {
        let mut core = self.core.borrow_mut();
        core.call("flush", control, slab, offset, |this| {
            this.plan.flush(&mut this.emissions).map_err(core_error)
        })
    }

    /// Writes the results that did not fit.
    #[napi(ts_args_type = "control: Float64Array, slab: Uint8Array, offset: number")]
    pub fn take(&mut self, control: Numbers<'_>, slab: Bytes<'_>, offset: u32) -> Result<i32> {
        guard("take results", || {
            self.core.borrow_mut().deliver(control, slab, offset)
        })
    }

    /// The state of every node, as bytes that `restore` takes.
    #[napi]
    pub fn snapshot(&self) -> Result<Uint8Array> {
        guard("snapshot plan", || {
            Ok(self.core.borrow().plan.snapshot().into())
        })
    }

    /// Puts back the state of a plan of the same spec.
    #[napi]
    pub fn restore(&mut self, snapshot: &[u8]) -> Result<()> {
        guard("restore plan", || {
            let core = &mut *self.core.borrow_mut();
            core.plan.restore(snapshot).map_err(core_error)?;
            core.emissions.clear();
            core.sent.fill(0);
            core.state = State::Ready;
            Ok(())
        })
    }

    /// Takes over the state of an earlier plan, whose nodes are the first of this one.
    #[napi]
    pub fn adopt(&mut self, earlier: &NativePlan) -> Result<()> {
        guard("adopt the state of a plan", || {
            let (core, earlier) = (&mut *self.core.borrow_mut(), earlier.core.borrow());
            core.plan.adopt(&earlier.plan).map_err(core_error)?;
            for (to, from) in core.plan.shared_dictionaries(&earlier.plan) {
                core.sent[to] = earlier.sent[from];
            }
            Ok(())
        })
    }

    /// Tells the time, in milliseconds since 1970 UTC, from the next batch on.
    #[napi]
    pub fn set_time(&mut self, milliseconds: f64) {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a cast of a float saturates"
        )]
        self.core
            .borrow_mut()
            .plan
            .set_now((milliseconds * 1e6) as i64);
    }

    /// JSON text: `{"lateRows": number, "evictedGroups": number, "nodes": [{"batches": number, "rows":
    /// number, "seconds": number, "runs": bool}]}`, nodes in the order of the plan.
    #[napi]
    pub fn stats(&self) -> Result<String> {
        let plan = &self.core.borrow().plan;
        let nodes = plan.tallies().iter().enumerate().map(|(node, tally)| {
            let (seconds, runs) = (tally.time.as_secs_f64(), plan.runs(node));
            json!({ "batches": tally.batches, "rows": tally.rows, "seconds": seconds, "runs": runs })
        });
        let nodes: Vec<Value> = nodes.collect();
        let stats = json!({
            "lateRows": plan.late_rows(),
            "evictedGroups": plan.evicted_groups(),
            "nodes": nodes,
        });
        Ok(stats.to_string())
    }

    /// JSON text: all strings of a dictionary, in the order of their ids, null for a missing one.
    #[napi]
    pub fn dictionary(&self, dictionary: u32) -> Result<String> {
        guard("read dictionary", || {
            let plan = &self.core.borrow().plan;
            let strings: Vec<Option<&str>> = plan
                .dictionary(dictionary as usize)
                .map_or_else(Vec::new, |strings| strings.iter().collect());
            Ok(json!(strings).to_string())
        })
    }

    /// A function of the values of a batch and of control, for a plan that does nothing but aggregate
    /// its one f64 column without missing values, or null. It runs the batch, writes one number for each
    /// sink as emission records from index 4 of control on, and returns how many there are; or −1, with
    /// nothing done, where `push_f64` must run the batch. A call of it is several times cheaper than
    /// that of a method.
    #[napi(ts_return_type = "((values: Float64Array, control: Float64Array) => number) | null")]
    pub fn reducer<'env>(&self, env: &'env Env) -> napi::Result<Option<Function<'env, (), i32>>> {
        if !self.core.borrow().plan.reduces_floats() {
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
}

impl Core {
    /// As [`NativePlan::reducer`] says.
    fn reduce(&mut self, values: &[f64], control: &mut [f64]) -> i32 {
        let Some(room) = scalar_room(self.plan.sinks().len(), control) else {
            return -1;
        };
        if self.state != State::Ready {
            return -1;
        }
        self.state = State::Running;
        // After a panic the plan stays as it is, and `push_f64` says that it must be restored.
        let written = guard("emit", || {
            Ok(self.plan.reduce_floats(values, &mut self.scalars))
        });
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
        let Some((ids, values)) = intake::keyed(&self.plan, rows, buffers) else {
            return Ok(false);
        };
        let (Ok(ids), Ok(values)) = (
            <[u32]>::ref_from_bytes(&ids.arraybuffer),
            <[f64]>::ref_from_bytes(&values.arraybuffer),
        ) else {
            return Ok(false);
        };
        self.plan
            .push_keyed(ids, values, &mut self.emissions)
            .map_err(core_error)
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
            State::Running => {
                return Err(Failure::new(
                    "ERR_INVALID_STATE",
                    format!("Cannot {action}: the plan must be restored after an internal failure"),
                ));
            }
        }
        guard(action, || {
            self.state = State::Running;
            self.rows_read = 0;
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
        match write(
            &self.plan,
            &self.emissions,
            &mut self.sent,
            &mut target,
            self.rows_read,
        ) {
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
