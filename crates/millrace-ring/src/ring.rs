//! The ring and its two ends.
//!
//! Both ends count, wrapping, what has passed them. Slots from `head` up to `tail` hold items and
//! belong to the consumer, the others to the producer; each end moves its own counter, with release
//! order, when it is done with a slot, and reads the other's with acquire order.

use std::fmt;
use std::mem::MaybeUninit;

use crate::bell::Bell;
use crate::sync::{Arc, AtomicBool, AtomicUsize, Ordering, UnsafeCell};

/// On cache lines of its own: two, as processors fetch lines in pairs.
#[repr(align(128))]
struct Padded<T>(T);

/// What the consumer alone writes.
struct Taken {
    /// Items taken so far.
    head: AtomicUsize,
    /// What they weighed.
    weight: AtomicUsize,
}

/// An item and its weight.
type Slot<T> = UnsafeCell<MaybeUninit<(T, usize)>>;

struct Shared<T> {
    taken: Padded<Taken>,
    /// Items given so far; written by the producer alone.
    tail: Padded<AtomicUsize>,
    closed: AtomicBool,
    /// Rung for the consumer, which waits for items, and for the producer, which waits for room.
    given: Bell,
    freed: Bell,
    limits: Limits,
    /// A power of two of them, so that counters that wrap go on where they were.
    slots: Box<[Slot<T>]>,
}

// SAFETY: a slot is at any time one end's alone (see the head of this file), so items only move over.
unsafe impl<T: Send> Sync for Shared<T> {}

impl<T> Shared<T> {
    fn slot(&self, index: usize) -> &Slot<T> {
        &self.slots[index & (self.slots.len() - 1)]
    }

    fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.given.ring();
        self.freed.ring();
    }
}

impl<T> Drop for Shared<T> {
    fn drop(&mut self) {
        let tail = self.tail.0.load(Ordering::Relaxed);
        let mut head = self.taken.0.head.load(Ordering::Relaxed);
        while head != tail {
            self.slot(head).with_mut(|slot| {
                // SAFETY: both ends are gone, and slots from head up to tail hold items.
                unsafe { (*slot).assume_init_drop() }
            });
            head = head.wrapping_add(1);
        }
    }
}

/// How much a ring holds at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Items, from 1 to 2^20.
    pub items: usize,
    /// What they weigh together, in a unit of the caller's, such as bytes. An item that weighs more
    /// has room in an empty ring.
    pub weight: usize,
}

/// Why an item was not taken; it comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PushError<T> {
    /// There is no room until the consumer has taken something.
    Full(T),
    /// An end is gone.
    Closed(T),
}

/// The giving end. Dropping it closes the ring; what is in it can still be taken.
pub struct Producer<T> {
    shared: Arc<Shared<T>>,
    tail: usize,
    /// What was given weighed so far, wrapping.
    weight: usize,
    /// What the consumer had taken when last looked at: its line is read only where this leaves no
    /// room.
    head: usize,
    taken_weight: usize,
}

/// The taking end. Dropping it closes the ring; what is in it is dropped with the other end.
pub struct Consumer<T> {
    shared: Arc<Shared<T>>,
    head: usize,
    /// What was taken weighed so far, wrapping.
    weight: usize,
    /// The tail when last looked at.
    tail: usize,
}

/// A ring within `limits`, and its two ends.
///
/// # Panics
/// If `limits.items` is 0 or above 2^20.
///
/// # Examples
/// ```
/// use millrace_ring::{Limits, PushError, ring};
///
/// let (mut producer, mut consumer) = ring(Limits { items: 2, weight: 10 });
/// producer.try_push("a", 6).unwrap();
/// assert_eq!(producer.try_push("b", 5), Err(PushError::Full("b")));
/// drop(producer);
/// assert_eq!(consumer.pop_wait(), Some("a"));
/// assert_eq!(consumer.pop_wait(), None);
/// ```
#[must_use]
pub fn ring<T: Send>(limits: Limits) -> (Producer<T>, Consumer<T>) {
    assert!(
        (1..=1 << 20).contains(&limits.items),
        "Cannot create ring: items must be from 1 to 2^20, got {}",
        limits.items
    );
    let shared = Arc::new(Shared {
        taken: Padded(Taken {
            head: AtomicUsize::new(0),
            weight: AtomicUsize::new(0),
        }),
        tail: Padded(AtomicUsize::new(0)),
        closed: AtomicBool::new(false),
        given: Bell::new(),
        freed: Bell::new(),
        limits,
        slots: (0..limits.items.next_power_of_two())
            .map(|_| UnsafeCell::new(MaybeUninit::uninit()))
            .collect(),
    });
    let producer = Producer {
        shared: Arc::clone(&shared),
        tail: 0,
        weight: 0,
        head: 0,
        taken_weight: 0,
    };
    let consumer = Consumer {
        shared,
        head: 0,
        weight: 0,
        tail: 0,
    };
    (producer, consumer)
}

impl<T: Send> Producer<T> {
    /// Gives one item.
    ///
    /// # Errors
    /// [`PushError`] with the item, where the ring is full or closed.
    pub fn try_push(&mut self, item: T, weight: usize) -> Result<(), PushError<T>> {
        if self.shared.is_closed() {
            return Err(PushError::Closed(item));
        }
        if !self.has_room(weight) {
            return Err(PushError::Full(item));
        }
        self.write(item, weight);
        Ok(())
    }

    /// Gives one item, sleeping until there is room for it.
    ///
    /// # Errors
    /// The item, where the ring is closed.
    pub fn push_wait(&mut self, item: T, weight: usize) -> Result<(), T> {
        loop {
            if self.shared.is_closed() {
                return Err(item);
            }
            if self.has_room(weight) {
                self.write(item, weight);
                return Ok(());
            }
            let shared = Arc::clone(&self.shared);
            shared
                .freed
                .sleep_until(|| self.has_room(weight) || shared.is_closed());
        }
    }

    /// Whether there is room; looks at the consumer only where what is known of it leaves none.
    fn has_room(&mut self, weight: usize) -> bool {
        if self.fits(weight) {
            return true;
        }
        let taken = &self.shared.taken.0;
        self.head = taken.head.load(Ordering::Acquire);
        // At least what went with that head; more only says that more room has come since.
        self.taken_weight = taken.weight.load(Ordering::Relaxed);
        self.fits(weight)
    }

    fn fits(&self, weight: usize) -> bool {
        let Limits {
            items,
            weight: most,
        } = self.shared.limits;
        let held = self.tail.wrapping_sub(self.head);
        let held_weight = self.weight.wrapping_sub(self.taken_weight);
        let fits_beside = held_weight
            .checked_add(weight)
            .is_some_and(|together| together <= most);
        held == 0 || (held < items && fits_beside)
    }

    fn write(&mut self, item: T, weight: usize) {
        self.shared.slot(self.tail).with_mut(|slot| {
            // SAFETY: `fits` counted the slot as free: the consumer is done with it until the store below.
            unsafe { (*slot).write((item, weight)) };
        });
        self.weight = self.weight.wrapping_add(weight);
        self.tail = self.tail.wrapping_add(1);
        self.shared.tail.0.store(self.tail, Ordering::Release);
        self.shared.given.ring();
    }
}

impl<T: Send> Consumer<T> {
    /// Takes one item, where there is one.
    pub fn try_pop(&mut self) -> Option<T> {
        if !self.has_item() {
            return None;
        }
        let (item, weight) = self.shared.slot(self.head).with(|slot| {
            // SAFETY: `has_item` saw it given; the store of `head` below makes this the only read.
            unsafe { (*slot).assume_init_read() }
        });
        self.weight = self.weight.wrapping_add(weight);
        self.head = self.head.wrapping_add(1);
        let taken = &self.shared.taken.0;
        taken.weight.store(self.weight, Ordering::Relaxed);
        taken.head.store(self.head, Ordering::Release);
        self.shared.freed.ring();
        Some(item)
    }

    /// Takes one item, sleeping until there is one; nothing once the ring is closed and empty.
    pub fn pop_wait(&mut self) -> Option<T> {
        loop {
            // Before looking: what was given before closing is then seen.
            let closed = self.shared.is_closed();
            if let Some(item) = self.try_pop() {
                return Some(item);
            }
            if closed {
                return None;
            }
            let shared = Arc::clone(&self.shared);
            shared
                .given
                .sleep_until(|| self.has_item() || shared.is_closed());
        }
    }

    /// Whether the other end is gone; what it gave before can still be taken.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.shared.is_closed()
    }

    /// Whether there is an item; looks at the producer only where none is known of.
    fn has_item(&mut self) -> bool {
        if self.tail == self.head {
            self.tail = self.shared.tail.0.load(Ordering::Acquire);
        }
        self.tail != self.head
    }
}

impl<T> Drop for Producer<T> {
    fn drop(&mut self) {
        self.shared.close();
    }
}

impl<T> Drop for Consumer<T> {
    fn drop(&mut self) {
        self.shared.close();
    }
}

impl<T> fmt::Debug for Producer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Producer")
            .field("given", &self.tail)
            .finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Consumer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Consumer")
            .field("taken", &self.head)
            .finish_non_exhaustive()
    }
}
