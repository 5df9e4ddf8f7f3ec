//! Wake-ups that are sent once, however often there is a reason.

use crate::sync::{AtomicBool, Ordering};

/// Whether a wake-up is on its way to someone who is woken by other means than the ring's, such as
/// an event loop. Whoever publishes something raises it, and sends the wake-up if told to; whoever
/// was woken lowers it when nothing is left, and then looks once more.
#[derive(Debug)]
pub struct Signal(AtomicBool);

impl Signal {
    /// Lowered.
    #[must_use]
    pub fn new() -> Self {
        Self(AtomicBool::new(false))
    }

    /// Says that there is something; true where the wake-up has yet to be sent.
    #[must_use]
    pub fn raise(&self) -> bool {
        !self.0.swap(true, Ordering::AcqRel)
    }

    /// Says that nothing is left. What was published before a `raise` that this ends is visible after
    /// it; a `raise` after it sends another wake-up.
    pub fn lower(&self) {
        // A swap and no store: it takes part in the order of the swaps, and so acquires.
        let _was = self.0.swap(false, Ordering::AcqRel);
    }
}

impl Default for Signal {
    fn default() -> Self {
        Self::new()
    }
}
