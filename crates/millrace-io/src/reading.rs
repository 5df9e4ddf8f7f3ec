//! Decoding on a thread of its own, a bounded number of batches ahead of the consumer.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use millrace_core::batch::Batch;

use crate::error::ReadError;

/// Batches that are decoded ahead of their consumer.
const AHEAD: usize = 2;

/// A batch, and the records before its end that are none of its rows.
#[derive(Debug)]
pub struct Decoded {
    /// The rows; there may be none where records were refused.
    pub batch: Batch,
    /// What was refused, in order.
    pub refused: Vec<Refused>,
}

/// A record that was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The file that it is from.
    pub file: Arc<str>,
    /// The line that it begins with, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub reason: String,
    /// The record, without its line end; bytes that are no UTF-8 replaced. Of a line that is too long
    /// the beginning.
    pub text: String,
}

/// Whatever yields batches until there are no more.
pub(crate) trait Decode: Send {
    /// The next batch, none at the end. Nothing is asked for after the end or an error.
    fn next(&mut self) -> Result<Option<Decoded>, ReadError>;
    /// What is read, for messages.
    fn name(&self) -> String;
}

/// Something that yields batches until there are no more.
pub struct Decoder(Box<dyn Decode>);

impl Decoder {
    pub(crate) fn new(decode: impl Decode + 'static) -> Self {
        Self(Box::new(decode))
    }

    pub(crate) fn next(&mut self) -> Result<Option<Decoded>, ReadError> {
        self.0.next()
    }
}

impl fmt::Debug for Decoder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Decoder of {}", self.0.name())
    }
}

/// Tells a consumer that waits that it may look again.
#[derive(Clone)]
pub struct Signal {
    waiting: Arc<AtomicBool>,
    wake: Arc<dyn Fn() + Send + Sync>,
}

impl fmt::Debug for Signal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Signal")
    }
}

impl Signal {
    /// A signal that calls `wake`, from any thread, once after each time the consumer began to wait.
    pub fn new(wake: impl Fn() + Send + Sync + 'static) -> Self {
        Self {
            waiting: Arc::new(AtomicBool::new(false)),
            wake: Arc::new(wake),
        }
    }

    /// The consumer waits from now on.
    pub fn arm(&self) {
        self.waiting.store(true, Ordering::SeqCst);
    }

    /// There is something new.
    pub(crate) fn notify(&self) {
        if self.waiting.swap(false, Ordering::SeqCst) {
            (self.wake)();
        }
    }
}

/// What a look for the next batch found.
#[derive(Debug)]
pub enum Poll {
    /// The next batch.
    Ready(Decoded),
    /// There is none yet; the signal says when to look again.
    Pending,
    /// There are no more.
    End,
}

/// Batches that are decoded in the background. Dropping it ends the decoding.
#[derive(Debug)]
pub struct Reading {
    receiver: Option<Receiver<Result<Decoded, ReadError>>>,
    thread: Option<JoinHandle<()>>,
    signal: Signal,
}

impl Reading {
    /// Begins decoding.
    ///
    /// # Errors
    /// [`ReadError::Io`] where there is no thread to be had for it.
    pub fn begin(decoder: Decoder, signal: Signal) -> Result<Self, ReadError> {
        let Decoder(mut decoder) = decoder;
        let (sender, receiver) = sync_channel(AHEAD);
        let name = decoder.name();
        let notify = signal.clone();
        let thread = std::thread::Builder::new()
            .name("millrace-read".to_owned())
            .spawn(move || {
                run(decoder.as_mut(), &sender, &notify);
                drop(sender);
                notify.notify();
            })
            .map_err(|error| ReadError::io(&name, &error))?;
        Ok(Self {
            receiver: Some(receiver),
            thread: Some(thread),
            signal,
        })
    }

    /// The next batch, if there is one within `wait`.
    ///
    /// # Errors
    /// A [`ReadError`]; nothing comes after it.
    pub fn poll(&mut self, wait: Duration) -> Result<Poll, ReadError> {
        let Some(receiver) = &self.receiver else {
            return Ok(Poll::End);
        };
        let next = match receiver.try_recv() {
            Err(TryRecvError::Empty) if !wait.is_zero() => match receiver.recv_timeout(wait) {
                Ok(next) => Ok(next),
                Err(RecvTimeoutError::Timeout) => Err(TryRecvError::Empty),
                Err(RecvTimeoutError::Disconnected) => Err(TryRecvError::Disconnected),
            },
            other => other,
        };
        let next = match next {
            Err(TryRecvError::Empty) => {
                // One that came before the signal was armed has not set it off.
                self.signal.arm();
                receiver.try_recv()
            }
            other => other,
        };
        match next {
            Err(TryRecvError::Empty) => Ok(Poll::Pending),
            Err(TryRecvError::Disconnected) => {
                self.stop();
                Ok(Poll::End)
            }
            Ok(Ok(decoded)) => Ok(Poll::Ready(decoded)),
            Ok(Err(error)) => {
                self.stop();
                Err(error)
            }
        }
    }

    /// Ends the decoding and waits for its thread.
    fn stop(&mut self) {
        // Without a receiver the thread's next send fails, and it ends.
        self.receiver = None;
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was caught inside it, and sent as an error.
            let _ = thread.join();
        }
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        self.stop();
    }
}

fn run(decoder: &mut dyn Decode, sender: &SyncSender<Result<Decoded, ReadError>>, signal: &Signal) {
    let name = decoder.name();
    loop {
        let next = match guard(&name, || decoder.next()) {
            Ok(None) => return,
            Ok(Some(decoded)) => Ok(decoded),
            Err(error) => Err(error),
        };
        let is_last = next.is_err();
        // Nobody waits for it where the consumer is gone.
        if sender.send(next).is_err() {
            return;
        }
        signal.notify();
        if is_last {
            return;
        }
    }
}

/// Runs `body`; a panic of a decoder over bytes it did not expect becomes an error.
pub(crate) fn guard<T>(
    name: &str,
    body: impl FnOnce() -> Result<T, ReadError>,
) -> Result<T, ReadError> {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|payload| {
        let what = payload
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| payload.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "the decoder failed".to_owned());
        Err(ReadError::Corrupt {
            path: name.to_owned(),
            format: "data",
            detail: what,
        })
    })
}
