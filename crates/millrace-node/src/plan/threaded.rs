//! Submissions to a plan's own thread, and what comes of them.

use millrace_ring::Limits;
use napi::bindgen_prelude::{Array, Function, TypedArray};
use napi::threadsafe_function::ThreadsafeFunctionCallMode;
use napi_derive::napi;

use super::refusal::{dead, no_thread};
use super::shared::count;
use super::thread::{self, PlanThread, Work};
use super::{Bytes, NativePlan, Numbers, words};
use crate::failure::{Failure, Result, guard};
use crate::intake;
use crate::rows::NativeRows;

/// What `poll` returns where no result has come.
const NOTHING: i32 = -2;

#[napi]
impl NativePlan {
    /// Gives the plan a thread of its own, which calls `wake` when results have come; it keeps nothing
    /// alive. `maxBatches` submissions and `maxBytes` bytes may wait for it, and as many of results.
    #[napi(ts_args_type = "wake: () => void, maxBatches: number, maxBytes: number")]
    pub fn start(
        &mut self,
        wake: Function<'_, (), ()>,
        max_batches: u32,
        max_bytes: f64,
    ) -> Result<()> {
        let shared = &mut *self.shared.borrow_mut();
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
            shared.thread = Some(thread::start(limits, shared.sinks.clone(), wake)?);
            Ok(())
        })
    }

    /// Calls the plan home and ends its thread.
    #[napi]
    pub fn stop(&mut self) -> Result<()> {
        let shared = &mut *self.shared.borrow_mut();
        guard("stop the thread of a plan", || {
            shared.home()?;
            shared.thread = None;
            Ok(())
        })
    }

    /// Hands a batch to the thread, as `push` takes it. Returns how many submissions stand in line
    /// because there is no room for them.
    #[napi(ts_args_type = "input: number, rows: number, buffers: ReadonlyArray<TypedArray | null>")]
    pub fn submit(&mut self, input: u32, rows: u32, buffers: Array<'_>) -> Result<u32> {
        let shared = &mut *self.shared.borrow_mut();
        guard("emit", || {
            let (input, rows) = (input as usize, rows as usize);
            let fresh = intake::fresh(&shared.inputs, input, &buffers)?;
            shared.note(&fresh);
            shared.owed.extend(fresh);
            let taken = intake::take(&shared.inputs, input, rows, &buffers)?;
            let bytes = taken.bytes;
            shared.hand_over("emit", Work::Batch(taken), bytes)
        })
    }

    /// `submit` as `pushF64` takes it.
    #[napi(ts_args_type = "input: number, values: Float64Array")]
    pub fn submit_f64(&mut self, input: u32, values: TypedArray<'_>) -> Result<u32> {
        let shared = &mut *self.shared.borrow_mut();
        guard("emit", || {
            let taken = intake::floats(input as usize, &values)?;
            let bytes = taken.bytes;
            shared.hand_over("emit", Work::Batch(taken), bytes)
        })
    }

    /// `submit` as `pushWords` takes it.
    #[napi]
    pub fn submit_words(&mut self, input: u32, text: &[u8]) -> Result<u32> {
        let shared = &mut *self.shared.borrow_mut();
        guard("emit words", || {
            let (input, text) = (input as usize, words(text)?.to_owned());
            let bytes = text.len();
            shared.hand_over("emit words", Work::Words { input, text }, bytes)
        })
    }

    /// As `pushRows`, on the thread.
    #[napi]
    pub fn submit_rows(&mut self, input: u32, rows: &mut NativeRows) -> Result<u32> {
        let shared = &mut *self.shared.borrow_mut();
        guard("read", || {
            let input = input as usize;
            let Some(batch) = shared.decoded(input, rows)? else {
                return Ok(count(shared.thread.as_ref().map_or(0, PlanThread::in_line)));
            };
            let arrays = batch.columns.iter();
            let bytes = arrays.map(|array| array.get_buffer_memory_size()).sum();
            shared.hand_over("read", Work::Decoded { input, batch }, bytes)
        })
    }

    /// Has the thread end the input.
    #[napi]
    pub fn submit_flush(&mut self) -> Result<u32> {
        let shared = &mut *self.shared.borrow_mut();
        guard("flush", || shared.hand_over("flush", Work::Flush, 0))
    }

    /// Writes the next result of the thread out; −2 where none has come. Throws what its submission
    /// failed with.
    #[napi(ts_args_type = "control: Float64Array, slab: Uint8Array, offset: number")]
    pub fn poll(&mut self, control: Numbers<'_>, slab: Bytes<'_>, offset: u32) -> Result<i32> {
        let shared = &mut *self.shared.borrow_mut();
        guard("take results", || {
            let next = shared.next.take();
            let thread = shared.thread.as_mut().ok_or_else(no_thread)?;
            let Some(done) = next.or_else(|| thread.poll()) else {
                if thread.is_dead() && thread.pending() > 0 {
                    thread.give_up();
                    return Err(dead("emit"));
                }
                return Ok(NOTHING);
            };
            shared.stats = done.stats;
            shared.strings = done.strings;
            shared.emissions = done.outcome?;
            shared.deliver(control, slab, offset)
        })
    }

    /// Sleeps until there is a result to poll; false where there is nothing to wait for.
    #[napi]
    pub fn wait(&mut self) -> Result<bool> {
        let shared = &mut *self.shared.borrow_mut();
        guard("wait for results", || {
            let thread = shared.thread.as_mut().ok_or_else(no_thread)?;
            if shared.next.is_none() && thread.pending() > 0 {
                shared.next = Some(thread.wait().ok_or_else(|| dead("emit"))?);
            }
            Ok(shared.next.is_some())
        })
    }

    /// Hands over what stands in line as far as there is room, without polling; returns how many still
    /// do. `wake` is called again when the next result comes.
    #[napi]
    pub fn advance(&mut self) -> Result<u32> {
        let shared = &mut *self.shared.borrow_mut();
        guard("emit", || {
            let thread = shared.thread.as_mut().ok_or_else(no_thread)?;
            thread.rearm();
            thread.advance();
            Ok(count(thread.in_line()))
        })
    }
}
