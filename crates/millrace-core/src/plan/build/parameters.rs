//! Numbers that have a range.

use crate::error::PlanError;

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked before"
)]
pub(super) fn positive(value: f64, what: &str, action: &str) -> Result<usize, PlanError> {
    if value.fract() == 0.0 && (1.0..=f64::from(u32::MAX)).contains(&value) {
        Ok(value as usize)
    } else {
        Err(PlanError::InvalidArgument(format!(
            "Cannot {action}: {what} must be a positive integer, got {value}"
        )))
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked before"
)]
pub(super) fn whole(value: f64, what: &str, action: &str) -> Result<u32, PlanError> {
    if value.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&value) {
        Ok(value as u32)
    } else {
        Err(PlanError::InvalidArgument(format!(
            "Cannot {action}: {what} must be an integer of at least 0, got {value}"
        )))
    }
}

pub(super) fn periods(value: Option<f64>, n: usize, action: &str) -> Result<usize, PlanError> {
    match value {
        None => Ok(n),
        Some(value) => whole(value, "minPeriods", action).map(|value| value as usize),
    }
}
