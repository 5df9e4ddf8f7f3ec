//! How one end of a ring sleeps until the other has done something.

use crate::sync::{AtomicBool, Condvar, Mutex, Ordering, fence};

/// What one thread may sleep on and another rings. Ringing costs a fence and a load as long as
/// nobody sleeps.
#[derive(Debug)]
pub(crate) struct Bell {
    asleep: AtomicBool,
    lock: Mutex<()>,
    wake: Condvar,
}

impl Bell {
    pub(crate) fn new() -> Self {
        Self {
            asleep: AtomicBool::new(false),
            lock: Mutex::new(()),
            wake: Condvar::new(),
        }
    }

    /// Wakes the sleeper, if there is one. What it waits for must have been stored before.
    pub(crate) fn ring(&self) {
        // Pairs with the fence in `sleep_until`: either this sees the sleeper, or the sleeper, which
        // looks once more after it, sees what was stored.
        fence(Ordering::SeqCst);
        if self.asleep.load(Ordering::Relaxed) {
            // The sleeper holds it from its last look until it sleeps: no ring falls in between.
            drop(self.lock.lock());
            self.wake.notify_one();
        }
    }

    /// Sleeps until `is_due`, which is asked first and after each ring. By one thread only.
    pub(crate) fn sleep_until(&self, mut is_due: impl FnMut() -> bool) {
        // Nothing that could panic runs while it is held by `ring`, and `is_due` only loads.
        let Ok(mut guard) = self.lock.lock() else {
            return;
        };
        self.asleep.store(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        while !is_due() {
            match self.wake.wait(guard) {
                Ok(again) => guard = again,
                Err(_) => break,
            }
        }
        self.asleep.store(false, Ordering::Relaxed);
    }
}
