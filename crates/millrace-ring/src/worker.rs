//! A thread that works off tasks in order, behind two rings.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::thread::{self, Builder};

use crate::ring::{Consumer, Limits, Producer, PushError, ring};
use crate::signal::Signal;

/// As much as a program's first thread usually has: what runs there runs here.
const STACK_BYTES: usize = 8 << 20;

/// A thread of its own that makes a result of every task, in order. Tasks wait in a bounded ring,
/// and results in another: who takes no results stops it.
///
/// It belongs to one thread, which never waits unless it asks to. Dropping it ends the thread after
/// the task that it is at; nobody waits for that.
///
/// # Examples
/// ```
/// use millrace_ring::{Limits, Worker};
///
/// let limits = Limits { items: 4, weight: 1000 };
/// let mut squares = Worker::start("squares", limits, |x: u64| (x * x, 8), || {}).unwrap();
/// assert!(squares.submit(3, 8));
/// assert_eq!(squares.wait(), Some(9));
/// ```
pub struct Worker<T, R> {
    tasks: Producer<T>,
    results: Consumer<R>,
    /// Tasks that the ring had no room for, with their weights.
    line: VecDeque<(T, usize)>,
    signal: Arc<Signal>,
    /// Tasks whose results have not been taken.
    pending: usize,
}

impl<T: Send + 'static, R: Send + 'static> Worker<T, R> {
    /// Starts the thread. `run` makes of a task its result and what that weighs; `wake` is called on
    /// the thread where results have come since [`Self::poll`] last found none.
    ///
    /// # Errors
    /// What the system says where it has no thread to give.
    pub fn start(
        name: &str,
        limits: Limits,
        mut run: impl FnMut(T) -> (R, usize) + Send + 'static,
        wake: impl Fn() + Send + 'static,
    ) -> io::Result<Self> {
        let (tasks, todo) = ring(limits);
        let (done, results) = ring(limits);
        let signal = Arc::new(Signal::new());
        let raised = Arc::clone(&signal);
        let body = move || {
            // Dropped last: who is told that the thread has died finds the rings closed.
            let farewell = Farewell(wake);
            let (mut todo, mut done) = (todo, done);
            while let Some(task) = todo.pop_wait() {
                let (result, weight) = run(task);
                if done.push_wait(result, weight).is_err() {
                    return;
                }
                if raised.raise() {
                    (farewell.0)();
                }
            }
        };
        Builder::new()
            .name(name.to_owned())
            .stack_size(STACK_BYTES)
            .spawn(body)?;
        Ok(Self {
            tasks,
            results,
            line: VecDeque::new(),
            signal,
            pending: 0,
        })
    }

    /// Hands a task over; false where it stands in line for want of room.
    pub fn submit(&mut self, task: T, weight: usize) -> bool {
        self.pending += 1;
        self.line.push_back((task, weight));
        self.advance();
        self.line.is_empty()
    }

    /// Hands over what stands in line, as far as there is room.
    pub fn advance(&mut self) {
        while let Some((task, weight)) = self.line.pop_front() {
            if let Err(PushError::Full(task) | PushError::Closed(task)) =
                self.tasks.try_push(task, weight)
            {
                self.line.push_front((task, weight));
                return;
            }
        }
    }

    /// Takes the next result, where there is one.
    pub fn poll(&mut self) -> Option<R> {
        let result = self.results.try_pop().or_else(|| {
            self.signal.lower();
            self.results.try_pop()
        })?;
        self.pending -= 1;
        self.advance();
        Some(result)
    }

    /// Takes the next result, sleeping until there is one; nothing where no task is pending, or where
    /// the thread has died in `run`, which ends all tasks.
    pub fn wait(&mut self) -> Option<R> {
        if self.pending == 0 {
            return None;
        }
        self.advance();
        let result = self.results.pop_wait();
        if result.is_some() {
            self.pending -= 1;
            self.advance();
        } else {
            self.give_up();
        }
        result
    }

    /// Forgets all tasks, for a thread that has died.
    pub fn give_up(&mut self) {
        self.pending = 0;
        self.line.clear();
    }

    /// Lets the thread wake its owner when the next result has come, as [`Self::poll`] does where it
    /// finds none: for an owner that takes none now.
    pub fn rearm(&self) {
        self.signal.lower();
    }

    /// Tasks whose results have not been taken.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.pending
    }

    /// Tasks that stand in line.
    #[must_use]
    pub fn in_line(&self) -> usize {
        self.line.len()
    }

    /// Whether the thread has died in `run`; asked where [`Self::poll`] found nothing, the tasks that
    /// are pending have no results.
    #[must_use]
    pub fn is_dead(&self) -> bool {
        self.results.is_closed()
    }
}

/// Wakes the owner of a thread that dies.
struct Farewell<W: Fn()>(W);

impl<W: Fn()> Drop for Farewell<W> {
    fn drop(&mut self) {
        if thread::panicking() {
            (self.0)();
        }
    }
}

impl<T, R> fmt::Debug for Worker<T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker")
            .field("pending", &self.pending)
            .field("in_line", &self.line.len())
            .finish_non_exhaustive()
    }
}
