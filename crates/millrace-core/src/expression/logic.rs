//! `and or not` of three values: true, false and missing (Kleene).

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, BooleanArray};
use arrow_buffer::{BooleanBuffer, NullBuffer};

/// `left and right`: false where either is false, else missing where either is missing.
pub(crate) fn and(left: &ArrayRef, right: &ArrayRef) -> ArrayRef {
    let (a, b) = (left.as_boolean(), right.as_boolean());
    if a.null_count() == 0 && b.null_count() == 0 {
        return Arc::new(BooleanArray::new(a.values() & b.values(), None));
    }
    let (true_a, true_b) = (truths(a), truths(b));
    let (false_a, false_b) = (falsehoods(a), falsehoods(b));
    let known = &(&true_a & &true_b) | &(&false_a | &false_b);
    Arc::new(BooleanArray::new(
        &true_a & &true_b,
        Some(NullBuffer::new(known)),
    ))
}

/// `left or right`: true where either is true, else missing where either is missing.
pub(crate) fn or(left: &ArrayRef, right: &ArrayRef) -> ArrayRef {
    let (a, b) = (left.as_boolean(), right.as_boolean());
    if a.null_count() == 0 && b.null_count() == 0 {
        return Arc::new(BooleanArray::new(a.values() | b.values(), None));
    }
    let (true_a, true_b) = (truths(a), truths(b));
    let (false_a, false_b) = (falsehoods(a), falsehoods(b));
    let known = &(&true_a | &true_b) | &(&false_a & &false_b);
    Arc::new(BooleanArray::new(
        &true_a | &true_b,
        Some(NullBuffer::new(known)),
    ))
}

/// `not value`: missing stays missing.
pub(crate) fn not(value: &ArrayRef) -> ArrayRef {
    let array = value.as_boolean();
    Arc::new(BooleanArray::new(!array.values(), array.nulls().cloned()))
}

fn truths(array: &BooleanArray) -> BooleanBuffer {
    array.nulls().map_or_else(
        || array.values().clone(),
        |valid| array.values() & valid.inner(),
    )
}

fn falsehoods(array: &BooleanArray) -> BooleanBuffer {
    let unset = !array.values();
    array
        .nulls()
        .map_or_else(|| unset.clone(), |valid| &unset & valid.inner())
}
