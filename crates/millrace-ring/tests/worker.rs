//! Tasks on a thread: their order, their bounds, and a thread that dies.
#![cfg(not(loom))]

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use millrace_ring::{Limits, Worker};

const LIMITS: Limits = Limits {
    items: 2,
    weight: 100,
};

/// A worker that finishes a task, and returns it, when it is let.
fn gated(limits: Limits) -> (Worker<u32, u32>, Sender<()>, Receiver<()>) {
    let (open, gate) = channel();
    let (woken, wakes) = channel();
    let run = move |task: u32| {
        // Nobody opens it any more where a test has failed.
        let _opened = gate.recv();
        (task, 1)
    };
    let worker = Worker::start("gated", limits, run, move || _ = woken.send(())).unwrap();
    (worker, open, wakes)
}

#[test]
fn returns_results_in_order_and_wakes_once_for_several() {
    let (mut worker, open, wakes) = gated(Limits { items: 8, ..LIMITS });
    assert_eq!(worker.poll(), None);
    for task in 0..5 {
        assert!(worker.submit(task, 1));
    }
    assert_eq!(worker.pending(), 5);
    for _ in 0..5 {
        open.send(()).unwrap();
    }
    wakes.recv().unwrap();
    let all: Vec<u32> = std::iter::from_fn(|| worker.wait()).collect();
    assert_eq!(all, [0, 1, 2, 3, 4]);
    // The signal stayed raised: nobody has polled.
    assert!(wakes.try_recv().is_err());
    assert_eq!(worker.poll(), None);
    worker.submit(5, 1);
    open.send(()).unwrap();
    // A wake-up may still come for the results before, whose signal was then lowered.
    let fifth = std::iter::repeat_with(|| {
        wakes.recv().unwrap();
        worker.poll()
    });
    assert_eq!(fifth.flatten().next(), Some(5));
    assert_eq!(worker.wait(), None);
}

#[test]
fn has_those_stand_in_line_for_which_there_is_no_room() {
    let (mut worker, open, wakes) = gated(LIMITS);
    // One is with the thread by then or waits as well: at most three have a place.
    let placed = (0..10).filter(|&task| worker.submit(task, 1)).count();
    assert!((2..=3).contains(&placed), "{placed}");
    assert!(worker.in_line() >= 7);
    drop(wakes);
    // Results have room for two: the thread then waits for whoever takes them.
    for _ in 0..10 {
        open.send(()).unwrap();
    }
    let all: Vec<u32> = std::iter::from_fn(|| worker.wait()).collect();
    assert_eq!(all, (0..10).collect::<Vec<_>>());
    assert_eq!((worker.pending(), worker.in_line()), (0, 0));
}

#[test]
fn says_that_the_thread_has_died() {
    let (woken, wakes) = channel();
    let run = |task: u32| {
        assert!(task != 2, "task 2");
        (task, 1)
    };
    let mut worker = Worker::start("dying", LIMITS, run, move || _ = woken.send(())).unwrap();
    worker.submit(1, 1);
    assert_eq!(worker.wait(), Some(1));
    assert_eq!(worker.poll(), None);
    assert!(!worker.is_dead());
    for task in 2..9 {
        worker.submit(task, 1);
    }
    // For the first result, and for the death.
    wakes.recv().unwrap();
    wakes.recv().unwrap();
    assert_eq!(worker.poll(), None);
    assert!(worker.is_dead());
    assert_eq!(worker.wait(), None);
    assert_eq!((worker.pending(), worker.in_line()), (0, 0));
}

#[test]
fn ends_when_its_owner_is_gone() {
    struct Told(Sender<()>);
    impl Drop for Told {
        fn drop(&mut self) {
            self.0.send(()).unwrap();
        }
    }
    let (ended, end) = channel();
    let told = Mutex::new(Told(ended));
    let run = move |task: u32| {
        let _held = &told;
        (task, 1)
    };
    let mut worker = Worker::start("ending", LIMITS, run, || {}).unwrap();
    let kept = Arc::new(());
    for task in 0..50 {
        worker.submit(task, 1);
    }
    drop(worker);
    end.recv().unwrap();
    drop(kept);
}
