//! The first rows in order, of whole segments.

use super::column::{Column, only};
use super::order::{order_key, value_of_key};
use super::segments::Segments;
use super::sort::{over_segments, segments_of};
use super::step::Kernel;
use crate::kernel_error::KernelError;

/// The `k` largest values of each segment of `n` rows, or of each batch, from the largest on, or the
/// smallest; of equal ones those that came first. With each the row it stood in, counted from the first
/// of its segment.
#[derive(Debug, Clone)]
pub(super) struct TopK {
    k: usize,
    smallest: bool,
    segments: Option<Segments>,
}

impl TopK {
    pub(super) fn new(n: Option<usize>, k: usize, smallest: bool) -> Result<Self, KernelError> {
        if k == 0 || n.is_some_and(|n| k > n) {
            return Err(KernelError::InvalidArgument(format!(
                "Cannot create topK: k must be from 1 to the number of rows, got {k}"
            )));
        }
        Ok(Self {
            k,
            smallest,
            segments: segments_of("topK", n)?,
        })
    }
}

impl Kernel for TopK {
    fn push(&mut self, columns: &[Column<'_>]) -> Result<Vec<Column<'static>>, KernelError> {
        let values = only("topK", columns)?.f32s("topK")?;
        let turned = if self.smallest { 0 } else { u32::MAX };
        let (mut found, mut rows) = (Vec::new(), Vec::new());
        over_segments(&mut self.segments, values, |segment| {
            let mut ranked: Vec<(u32, u32)> = segment
                .iter()
                .zip(0..)
                .map(|(&value, row)| (order_key(value) ^ turned, row))
                .collect();
            if self.k < ranked.len() {
                ranked.select_nth_unstable(self.k);
                ranked.truncate(self.k);
            }
            ranked.sort_unstable();
            found.extend(ranked.iter().map(|&(key, _)| value_of_key(key ^ turned)));
            rows.extend(ranked.iter().map(|&(_, row)| row));
        });
        Ok(vec![found.into(), rows.into()])
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
