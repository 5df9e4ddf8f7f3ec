//! The nearest of given points.

use super::column::{Column, only};
use super::order::{order_key, value_of_key};
use super::segments::Segments;
use super::step::Kernel;
use crate::kernel_error::KernelError;

/// The most neighbours.
const MOST: usize = 64;

/// Fails unless there are whole points, and as many as are asked for.
///
/// # Errors
/// Says so.
pub fn check_nearest(points: &[f32], dimensions: usize, k: usize) -> Result<(), KernelError> {
    let invalid = |text: String| Err(KernelError::InvalidArgument(text));
    if dimensions == 0 || points.is_empty() || !points.len().is_multiple_of(dimensions) {
        return invalid(format!(
            "Cannot create nearest: points must be a whole number of {dimensions} coordinates each, got {} values",
            points.len()
        ));
    }
    if k == 0 || k > MOST.min(points.len() / dimensions) {
        return invalid(format!(
            "Cannot create nearest: k must be from 1 to {MOST} and not above the number of points, got {k}"
        ));
    }
    Ok(())
}

/// Of each `dimensions` rows, which are the coordinates of one point, the `k` nearest of the points given: their
/// numbers and their squared distances from the nearest on, of equally near ones the first. A distance
/// that is NaN is none: the number is 2³² − 1 and the distance NaN where there are fewer.
#[derive(Debug, Clone)]
pub(super) struct Nearest {
    points: Vec<f32>,
    k: usize,
    segments: Segments,
}

impl Nearest {
    pub(super) fn new(points: &[f32], dimensions: usize, k: usize) -> Result<Self, KernelError> {
        check_nearest(points, dimensions, k)?;
        Ok(Self {
            points: points.to_vec(),
            k,
            segments: Segments::new(dimensions),
        })
    }
}

impl Kernel for Nearest {
    fn push(&mut self, columns: &[Column<'_>]) -> Result<Vec<Column<'static>>, KernelError> {
        let values = only("nearest", columns)?.f32s("nearest")?;
        let (whole, left) = self.segments.split(values);
        let dimensions = self.segments.n();
        let (mut numbers, mut distances) = (Vec::new(), Vec::new());
        for query in whole.chunks_exact(dimensions) {
            let mut best: Vec<(u32, u32)> = vec![(u32::MAX, u32::MAX); self.k];
            for (point, number) in self.points.chunks_exact(dimensions).zip(0..) {
                let found = (order_key(distance(query, point)), number);
                if found.0 < best[self.k - 1].0 {
                    let place = best.partition_point(|&other| other < found);
                    best.insert(place, found);
                    best.truncate(self.k);
                }
            }
            numbers.extend(best.iter().map(|&(_, number)| number));
            distances.extend(best.iter().map(|&(key, _)| value_of_key(key)));
        }
        self.segments.keep(&left);
        Ok(vec![numbers.into(), distances.into()])
    }

    fn snapshot(&self) -> Vec<u8> {
        self.segments.snapshot()
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), KernelError> {
        self.segments.restore(bytes)
    }
}

/// The squared distance, summed up in eight parts so that the compiler uses vectors.
fn distance(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0_f32; 8];
    let (a, a_rest) = a.as_chunks::<8>();
    let (b, b_rest) = b.as_chunks::<8>();
    for (a, b) in a.iter().zip(b) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += (a - b) * (a - b);
        }
    }
    let rest: f32 = a_rest
        .iter()
        .zip(b_rest)
        .map(|(a, b)| (a - b) * (a - b))
        .sum();
    sums.iter().sum::<f32>() + rest
}
