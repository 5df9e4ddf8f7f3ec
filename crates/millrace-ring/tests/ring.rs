//! The ring against a `VecDeque`, over threads, and what it drops.
#![cfg(not(loom))]

use std::collections::VecDeque;
use std::sync::Arc;
use std::thread;

use millrace_ring::{Limits, PushError, ring};
use proptest::prelude::*;

proptest! {
    #[test]
    fn does_what_a_bounded_deque_does(
        items in 1usize..9,
        weight in 0usize..20,
        steps in prop::collection::vec((any::<bool>(), 0usize..8), 0..200),
    ) {
        let (mut producer, mut consumer) = ring::<u64>(Limits { items, weight });
        let mut twin: VecDeque<(u64, usize)> = VecDeque::new();
        let mut next = 0;
        for (give, heavy) in steps {
            if give {
                let held: usize = twin.iter().map(|(_, weight)| weight).sum();
                let fits = twin.is_empty() || (twin.len() < items && held + heavy <= weight);
                let expected = if fits { Ok(()) } else { Err(PushError::Full(next)) };
                prop_assert_eq!(producer.try_push(next, heavy), expected);
                if fits {
                    twin.push_back((next, heavy));
                    next += 1;
                }
            } else {
                prop_assert_eq!(consumer.try_pop(), twin.pop_front().map(|(item, _)| item));
            }
        }
    }
}

#[test]
fn keeps_order_over_threads_and_ends_with_the_producer() {
    let count = if cfg!(miri) { 200 } else { 100_000 };
    let (mut producer, mut consumer) = ring::<u64>(Limits {
        items: 64,
        weight: 40,
    });
    let giving = thread::spawn(move || {
        for item in 0..count {
            assert!(
                producer
                    .push_wait(item, usize::try_from(item % 7).unwrap())
                    .is_ok()
            );
        }
    });
    for expected in 0..count {
        assert_eq!(consumer.pop_wait(), Some(expected));
    }
    assert_eq!(consumer.pop_wait(), None);
    giving.join().unwrap();
}

#[test]
fn gives_back_what_a_closed_ring_refuses() {
    let limits = Limits {
        items: 2,
        weight: 2,
    };
    let (mut producer, consumer) = ring(limits);
    drop(consumer);
    assert_eq!(producer.try_push("a", 1), Err(PushError::Closed("a")));
    assert_eq!(producer.push_wait("b", 1), Err("b"));
}

#[test]
fn takes_what_is_too_heavy_where_it_is_alone() {
    let limits = Limits {
        items: 4,
        weight: 2,
    };
    let (mut producer, mut consumer) = ring(limits);
    producer.try_push("a", 1000).unwrap();
    assert_eq!(producer.try_push("b", 0), Err(PushError::Full("b")));
    assert_eq!(consumer.try_pop(), Some("a"));
    producer.try_push("b", usize::MAX).unwrap();
    assert_eq!(consumer.try_pop(), Some("b"));
    producer.try_push("c", 2).unwrap();
    producer.try_push("d", 0).unwrap();
}

#[test]
fn drops_what_was_not_taken_once() {
    let item = Arc::new(());
    let (mut producer, mut consumer) = ring(Limits {
        items: 4,
        weight: 0,
    });
    for _ in 0..4 {
        producer.try_push(Arc::clone(&item), 0).unwrap();
    }
    drop(consumer.try_pop());
    assert_eq!(Arc::strong_count(&item), 4);
    drop((producer, consumer));
    assert_eq!(Arc::strong_count(&item), 1);
}

#[test]
#[should_panic(expected = "items must be from 1 to 2^20, got 0")]
fn refuses_no_room_at_all() {
    let _ends = ring::<u8>(Limits {
        items: 0,
        weight: 1,
    });
}
