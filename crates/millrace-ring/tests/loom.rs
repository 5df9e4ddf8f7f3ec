//! Every interleaving of small runs, by loom, which stands in for threads, atomics and locks. `npm test`
//! runs it in a build of its own: `RUSTFLAGS="--cfg loom"`.
#![cfg(loom)]

use std::sync::atomic::{AtomicUsize, Ordering};

use loom::sync::Arc;
use loom::thread;
use millrace_ring::{Limits, PushError, Signal, ring};

const fn items(items: usize) -> Limits {
    Limits {
        items,
        weight: usize::MAX,
    }
}

/// All interleavings but those that take a processor away from a thread more than three times.
fn model(f: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(f);
}

#[test]
fn wakes_the_consumer_for_items_and_for_the_end() {
    model(|| {
        let (mut producer, mut consumer) = ring(items(2));
        let giving = thread::spawn(move || {
            producer.try_push(1, 0).unwrap();
            producer.try_push(2, 0).unwrap();
        });
        assert_eq!(consumer.pop_wait(), Some(1));
        assert_eq!(consumer.pop_wait(), Some(2));
        assert_eq!(consumer.pop_wait(), None);
        giving.join().unwrap();
    });
}

#[test]
fn wakes_the_producer_for_room() {
    model(|| {
        let (mut producer, mut consumer) = ring(items(1));
        let giving = thread::spawn(move || {
            producer.push_wait(1, 0).unwrap();
            producer.push_wait(2, 0).unwrap();
        });
        assert_eq!(consumer.pop_wait(), Some(1));
        assert_eq!(consumer.pop_wait(), Some(2));
        giving.join().unwrap();
    });
}

#[test]
fn wakes_the_producer_for_room_of_its_weight() {
    model(|| {
        let (mut producer, mut consumer) = ring(Limits {
            items: 2,
            weight: 5,
        });
        let giving = thread::spawn(move || {
            producer.push_wait(1, 3).unwrap();
            producer.push_wait(2, 3).unwrap();
        });
        assert_eq!(consumer.pop_wait(), Some(1));
        assert_eq!(consumer.pop_wait(), Some(2));
        giving.join().unwrap();
    });
}

#[test]
fn wakes_the_producer_for_the_end() {
    model(|| {
        let (mut producer, mut consumer) = ring(items(1));
        let giving = thread::spawn(move || {
            producer.push_wait(1, 0).unwrap();
            producer.push_wait(2, 0).is_err() || producer.push_wait(3, 0).is_err()
        });
        assert_eq!(consumer.pop_wait(), Some(1));
        drop(consumer);
        assert!(giving.join().unwrap());
    });
}

#[test]
fn reuses_a_slot_only_once_it_is_free() {
    model(|| {
        let (mut producer, mut consumer) = ring(items(1));
        let giving = thread::spawn(move || {
            (1..=2)
                .filter(|&item| match producer.try_push(item, 0) {
                    Ok(()) => true,
                    Err(PushError::Full(_)) => false,
                    Err(PushError::Closed(_)) => unreachable!("the consumer is there"),
                })
                .count()
        });
        let mut taken = Vec::new();
        while let Some(item) = consumer.pop_wait() {
            taken.push(item);
        }
        assert_eq!(taken.len(), giving.join().unwrap());
        assert!(taken.is_sorted());
    });
}

#[test]
fn drops_what_nobody_took_once() {
    model(|| {
        let item = std::sync::Arc::new(());
        let counted = std::sync::Arc::clone(&item);
        let (mut producer, mut consumer) = ring(items(2));
        let giving = thread::spawn(move || {
            producer.try_push(std::sync::Arc::clone(&counted), 0).ok();
            producer.try_push(counted, 0).ok();
        });
        drop(consumer.try_pop());
        drop(consumer);
        giving.join().unwrap();
        assert_eq!(std::sync::Arc::strong_count(&item), 1);
    });
}

#[test]
fn leaves_nothing_without_a_wake_up() {
    model(|| {
        let (mut producer, mut consumer) = ring(items(2));
        let signal = Arc::new(Signal::new());
        let raised = Arc::clone(&signal);
        let sent = std::sync::Arc::new(AtomicUsize::new(0));
        let sending = std::sync::Arc::clone(&sent);
        let giving = thread::spawn(move || {
            for item in 0..2 {
                producer.try_push(item, 0).unwrap();
                if raised.raise() {
                    sending.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
        // As an owner does that was woken for something before.
        let mut taken = 0;
        while consumer.try_pop().is_some() {
            taken += 1;
        }
        let seen = sent.load(Ordering::Relaxed);
        signal.lower();
        while consumer.try_pop().is_some() {
            taken += 1;
        }
        giving.join().unwrap();
        // Whatever is left has a wake-up that came after the signal was lowered.
        assert!(taken == 2 || sent.load(Ordering::Relaxed) > seen || consumer.try_pop().is_none());
        let _still_raised = signal.raise();
    });
}
