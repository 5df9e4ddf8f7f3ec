//! Rows in order, whole segments of them.

use super::column::{Column, only};
use super::order::{order_key, value_of_key};
use super::rolling::check_rows;
use super::segments::Segments;
use super::step::Kernel;
use crate::kernel_error::KernelError;

/// Sorts each segment of `n` rows, or each batch.
#[derive(Debug, Clone)]
pub(super) struct Sort {
    descending: bool,
    segments: Option<Segments>,
}

impl Sort {
    pub(super) fn new(n: Option<usize>, descending: bool) -> Result<Self, KernelError> {
        Ok(Self {
            descending,
            segments: segments_of("sort", n)?,
        })
    }
}

/// What collects segments of `n` rows, where there are some.
pub(super) fn segments_of(step: &str, n: Option<usize>) -> Result<Option<Segments>, KernelError> {
    n.map(|n| check_rows(step, n).map(|()| Segments::new(n)))
        .transpose()
}

/// Runs `each` over the whole segments that a batch completes, or over the batch itself.
pub(super) fn over_segments(
    segments: &mut Option<Segments>,
    values: &[f32],
    mut each: impl FnMut(&[f32]),
) {
    match segments {
        None => each(values),
        Some(segments) => {
            let (whole, left) = segments.split(values);
            whole.chunks_exact(segments.n()).for_each(each);
            segments.keep(&left);
        }
    }
}

impl Kernel for Sort {
    fn push(&mut self, columns: &[Column<'_>]) -> Result<Vec<Column<'static>>, KernelError> {
        let values = only("sort", columns)?.f32s("sort")?;
        let turned = if self.descending { u32::MAX } else { 0 };
        let mut sorted = Vec::with_capacity(values.len());
        over_segments(&mut self.segments, values, |segment| {
            let mut keys: Vec<u32> = segment.iter().map(|&v| order_key(v) ^ turned).collect();
            radix_sort(&mut keys);
            sorted.extend(keys.into_iter().map(|key| value_of_key(key ^ turned)));
        });
        Ok(vec![sorted.into()])
    }

    fn snapshot(&self) -> Vec<u8> {
        self.segments
            .as_ref()
            .map_or_else(Vec::new, Segments::snapshot)
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), KernelError> {
        self.segments
            .as_mut()
            .map_or(Ok(()), |segments| segments.restore(bytes))
    }
}

/// Sorts by digits of 11 bits, the lowest first (Knuth, volume 3, 5.2.5); few keys by comparison.
fn radix_sort(keys: &mut Vec<u32>) {
    const BITS: u32 = 11;
    const DIGITS: usize = 1 << BITS;
    if keys.len() < DIGITS {
        return keys.sort_unstable();
    }
    let digit = |key: u32, pass: u32| (key >> (BITS * pass)) as usize % DIGITS;
    let mut counts = [[0_usize; DIGITS]; 3];
    for &key in keys.iter() {
        for (pass, counts) in (0..).zip(&mut counts) {
            counts[digit(key, pass)] += 1;
        }
    }
    let mut others = vec![0; keys.len()];
    for (pass, counts) in (0..).zip(&mut counts) {
        let mut next = 0;
        for count in counts.iter_mut() {
            next += std::mem::replace(count, next);
        }
        for &key in keys.iter() {
            let place = &mut counts[digit(key, pass)];
            others[*place] = key;
            *place += 1;
        }
        std::mem::swap(keys, &mut others);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorts_many_keys_and_few() {
        for rows in [0, 1, 2, 2047, 2048, 50_000] {
            let mut state = 1_u32;
            let mut keys: Vec<u32> = (0..rows)
                .map(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    state
                })
                .collect();
            let mut wanted = keys.clone();
            wanted.sort_unstable();
            radix_sort(&mut keys);
            assert_eq!(keys, wanted);
        }
    }
}
