//! What the thread of a consumer and its owner both know.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::failure::Failure;
use crate::gather::Messages;

/// Stands for a partition from when it was assigned, or wound back, until it is taken away or wound
/// back again. What is said of an older one is not heard.
pub type Assignment = u32;

/// Messages of one partition, in order.
#[derive(Debug)]
pub struct Batch {
    /// Which assignment of the partition it belongs to.
    pub assignment: Assignment,
    /// The topic.
    pub topic: Arc<str>,
    /// The partition.
    pub partition: i32,
    /// The messages; of packed ones the numbers are offset and timestamp (milliseconds, or -1).
    pub messages: Messages,
}

/// What a consumer has to say, in order.
#[derive(Debug)]
pub enum Event {
    /// It has reached the brokers, and the topics are there.
    Connected,
    /// Messages.
    Batch(Batch),
    /// Values wait for the schema with this id, see `Consumer::add_schema`. Said once.
    Schema(u32),
    /// Something went wrong, and the consumer goes on.
    Trouble(Failure),
    /// Something went wrong, and the consumer ends.
    Failed(Failure),
    /// It has ended, and left its group.
    Closed,
}

/// Offsets of one partition: the one after the last that is done, and what was said of it.
#[derive(Debug)]
pub(crate) struct Progress {
    pub(crate) topic: Arc<str>,
    pub(crate) partition: i32,
    pub(crate) done: Option<i64>,
    pub(crate) sent: Option<i64>,
}

#[derive(Default)]
pub(crate) struct State {
    events: VecDeque<Event>,
    /// Bytes of batches that were read and not released.
    pub(crate) held: usize,
    pub(crate) progress: HashMap<Assignment, Progress>,
    last: Assignment,
    /// Assignments that have ended since it was asked last.
    ended: Vec<Assignment>,
    pub(crate) rewinds: Vec<(Assignment, i64)>,
    pub(crate) is_closing: bool,
}

impl State {
    /// Whether an assignment has not ended.
    pub(crate) fn is_open(&self, id: Assignment) -> bool {
        self.progress.contains_key(&id)
    }

    /// The assignment that a partition has now.
    pub(crate) fn assignment(&self, topic: &str, partition: i32) -> Option<(Assignment, Arc<str>)> {
        self.progress
            .iter()
            .find(|(_, progress)| progress.partition == partition && &*progress.topic == topic)
            .map(|(id, progress)| (*id, progress.topic.clone()))
    }

    pub(crate) fn assign(&mut self, topic: Arc<str>, partition: i32) {
        self.last = self.last.wrapping_add(1);
        let progress = Progress {
            topic,
            partition,
            done: None,
            sent: None,
        };
        self.progress.insert(self.last, progress);
    }

    /// Ends an assignment: what it has in the queue is not delivered.
    pub(crate) fn end(&mut self, id: Assignment) -> Option<Progress> {
        let progress = self.progress.remove(&id)?;
        self.ended.push(id);
        let mut freed = 0;
        self.events.retain(|event| match event {
            Event::Batch(batch) if batch.assignment == id => {
                freed += batch.messages.size();
                false
            }
            _ => true,
        });
        self.held = self.held.saturating_sub(freed);
        Some(progress)
    }
}

pub(crate) struct Shared {
    state: Mutex<State>,
    wake: Box<dyn Fn() + Send + Sync>,
    /// The owner has been woken and has not looked yet.
    is_woken: AtomicBool,
}

impl Shared {
    pub(crate) fn new(wake: Box<dyn Fn() + Send + Sync>) -> Self {
        Self {
            state: Mutex::default(),
            wake,
            is_woken: AtomicBool::new(false),
        }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn push(&self, event: Event) {
        {
            let mut state = self.state();
            if let Event::Batch(batch) = &event {
                if !state.is_open(batch.assignment) {
                    return;
                }
                state.held += batch.messages.size();
            }
            state.events.push_back(event);
        }
        self.wake();
    }

    /// Says that there is something to look at, unless that was said already.
    pub(crate) fn wake(&self) {
        if !self.is_woken.swap(true, Ordering::AcqRel) {
            (self.wake)();
        }
    }

    /// Takes the next event.
    pub(crate) fn take(&self) -> Option<Event> {
        self.is_woken.store(false, Ordering::Release);
        self.state().events.pop_front()
    }

    /// Takes the assignments that have ended.
    pub(crate) fn take_ended(&self) -> Vec<Assignment> {
        self.is_woken.store(false, Ordering::Release);
        std::mem::take(&mut self.state().ended)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packed::Packed;

    fn batch(assignment: Assignment) -> Event {
        let messages = Messages::Packed(Packed {
            numbers: vec![0.0; 5],
            bytes: vec![0; 60],
        });
        Event::Batch(Batch {
            assignment,
            topic: "t".into(),
            partition: 0,
            messages,
        })
    }

    #[test]
    fn drops_what_an_ended_assignment_has_in_the_queue() {
        let shared = Shared::new(Box::new(|| ()));
        shared.state().assign("t".into(), 0);
        shared.state().assign("t".into(), 1);
        for assignment in [1, 2, 1] {
            shared.push(batch(assignment));
        }
        assert_eq!(shared.state().held, 300);
        assert!(shared.state().end(1).is_some());
        assert_eq!(shared.state().held, 100);
        shared.push(batch(1));
        assert!(matches!(shared.take(), Some(Event::Batch(batch)) if batch.assignment == 2));
        assert!(shared.take().is_none());
        assert_eq!(shared.take_ended(), [1]);
        assert!(shared.take_ended().is_empty());
        assert_eq!(shared.state().assignment("t", 0), None);
    }

    #[test]
    fn wakes_once_until_it_was_looked() {
        let count = Arc::new(Mutex::new(0));
        let counted = count.clone();
        let shared = Shared::new(Box::new(move || *counted.lock().unwrap() += 1));
        shared.push(Event::Connected);
        shared.push(Event::Closed);
        assert_eq!(*count.lock().unwrap(), 1);
        assert!(shared.take().is_some());
        shared.push(Event::Closed);
        assert_eq!(*count.lock().unwrap(), 2);
    }
}
