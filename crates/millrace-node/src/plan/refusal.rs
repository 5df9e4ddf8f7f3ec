//! Why a plan cannot be called.

use crate::failure::Failure;

/// What is said where the plan is needed while its thread works.
pub(super) fn away(action: &str) -> Failure {
    invalid_state(format!(
        "Cannot {action} the plan: the results of its thread must be taken first"
    ))
}

pub(super) fn no_thread() -> Failure {
    invalid_state("Cannot use the thread of a plan: it has none".to_owned())
}

/// What is said where results of an earlier call were not taken.
pub(super) fn waiting(action: &str) -> Failure {
    invalid_state(format!(
        "Cannot {action}: results of the last call must be taken first"
    ))
}

/// What is said of a plan that panicked.
pub(super) fn broken(action: &str) -> Failure {
    invalid_state(format!(
        "Cannot {action}: the plan must be restored after an internal failure"
    ))
}

/// What is said once the thread has died, and the plan with it.
pub(super) fn dead(action: &str) -> Failure {
    Failure::new(
        "ERR_THREAD_DIED",
        format!("Cannot {action}: the thread of the plan has died, and its state is lost"),
    )
}

fn invalid_state(reason: String) -> Failure {
    Failure::new("ERR_INVALID_STATE", reason)
}
