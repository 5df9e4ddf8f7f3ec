//! How the power of each segment of rows is spread over frequencies.

use std::f64::consts::TAU;

use super::column::{Column, only};
use super::segments::Segments;
use super::step::Kernel;
use crate::kernel_error::KernelError;

/// The longest segment.
const MOST: usize = 1 << 20;

/// Fails unless `n` is a power of two from 2 to 2²⁰.
///
/// # Errors
/// Says so.
pub fn check_segment(n: usize) -> Result<(), KernelError> {
    if (2..=MOST).contains(&n) && n.is_power_of_two() {
        return Ok(());
    }
    Err(KernelError::InvalidArgument(format!(
        "Cannot create powerSpectrum: n must be a power of two from 2 to 2^20, got {n}"
    )))
}

/// The roots of unity e^(−2πi·k/n) for k below n/2, real and imaginary parts by turns.
#[must_use]
pub fn roots(n: usize) -> Vec<[f64; 2]> {
    #[expect(clippy::cast_precision_loss, reason = "at most 2^20")]
    let root = |k: usize| {
        let angle = -TAU * k as f64 / n as f64;
        [angle.cos(), angle.sin()]
    };
    (0..n / 2).map(root).collect()
}

/// The squared magnitudes of the discrete Fourier transform of each `n` rows, for frequencies 0 to n/2:
/// n/2 + 1 values a segment, in f64, rounded to f32.
#[derive(Debug, Clone)]
pub(super) struct PowerSpectrum {
    roots: Vec<[f64; 2]>,
    segments: Segments,
}

impl PowerSpectrum {
    pub(super) fn new(n: usize) -> Result<Self, KernelError> {
        check_segment(n)?;
        Ok(Self {
            roots: roots(n),
            segments: Segments::new(n),
        })
    }
}

impl Kernel for PowerSpectrum {
    fn push(&mut self, columns: &[Column<'_>]) -> Result<Vec<Column<'static>>, KernelError> {
        let values = only("powerSpectrum", columns)?.f32s("powerSpectrum")?;
        let (whole, left) = self.segments.split(values);
        let n = self.segments.n();
        let mut powers = Vec::with_capacity(whole.len() / n * (n / 2 + 1));
        for segment in whole.chunks_exact(n) {
            let mut items = segment
                .iter()
                .map(|&value| [f64::from(value), 0.0])
                .collect();
            transform(&mut items, &self.roots);
            #[expect(clippy::cast_possible_truncation, reason = "rounded to f32 on purpose")]
            powers.extend(
                items[..=n / 2]
                    .iter()
                    .map(|[re, im]| (re * re + im * im) as f32),
            );
        }
        self.segments.keep(&left);
        Ok(vec![powers.into()])
    }

    fn snapshot(&self) -> Vec<u8> {
        self.segments.snapshot()
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), KernelError> {
        self.segments.restore(bytes)
    }
}

/// The transform by Stockham's method: each pass joins transforms of `width` items into ones of twice
/// as many and leaves them in order.
fn transform(items: &mut Vec<[f64; 2]>, roots: &[[f64; 2]]) {
    let half = items.len() / 2;
    let mut others = vec![[0.0; 2]; items.len()];
    let mut width = 1;
    while width <= half {
        for pair in 0..half {
            let (k, block) = (pair % width, pair / width);
            let [c, s] = roots[k * (half / width)];
            let [a, [x, y]] = [items[pair], items[pair + half]];
            let [re, im] = [x * c - y * s, x * s + y * c];
            let to = 2 * width * block + k;
            others[to] = [a[0] + re, a[1] + im];
            others[to + width] = [a[0] - re, a[1] - im];
        }
        std::mem::swap(items, &mut others);
        width *= 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_definition() {
        for n in [2_usize, 4, 8, 64] {
            let values: Vec<f32> = (0..n)
                .map(|i| ((i * i * 7 + 3) % 11) as f32 - 4.0)
                .collect();
            let mut spectrum = PowerSpectrum::new(n).expect("a power of two");
            let powers = spectrum.push(&[values.clone().into()]).expect("runs");
            let powers = powers[0].f32s("test").expect("f32");
            assert_eq!(powers.len(), n / 2 + 1);
            for (k, &power) in powers.iter().enumerate() {
                let (mut re, mut im) = (0.0, 0.0);
                for (i, &value) in values.iter().enumerate() {
                    let angle = -TAU * (k * i) as f64 / n as f64;
                    re += f64::from(value) * angle.cos();
                    im += f64::from(value) * angle.sin();
                }
                assert!(
                    (f64::from(power) - (re * re + im * im)).abs()
                        < 1e-4 * (1.0 + f64::from(power))
                );
            }
        }
    }
}
