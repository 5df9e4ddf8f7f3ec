//! Medians and other quantiles: which of the ordered values count, and how two of them mix.

use std::hash::{Hash, Hasher};

use crate::kernel_error::KernelError;

/// What a quantile is that falls between two values.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Interpolation {
    /// On the straight line between them.
    #[default]
    Linear,
    /// The smaller one.
    Lower,
    /// The larger one.
    Higher,
    /// The nearer one; of two at the same distance the one with the even rank, counted from 0.
    Nearest,
    /// Half way between them.
    Midpoint,
}

impl Interpolation {
    /// The interpolation of a name, such as `linear`.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "linear" => Self::Linear,
            "lower" => Self::Lower,
            "higher" => Self::Higher,
            "nearest" => Self::Nearest,
            "midpoint" => Self::Midpoint,
            _ => return None,
        })
    }
}

/// The share of values that lie below a result, with what to do between two values.
///
/// # Examples
/// ```
/// use millrace_core::aggregate::{Interpolation, Quantile};
///
/// let quartile = Quantile::new(0.25, Interpolation::Linear)?;
/// assert_eq!(quartile.of(&mut [4.0, 1.0, 3.0]), Some(2.0));
/// assert_eq!(Quantile::MEDIAN.of(&mut []), None);
/// assert!(Quantile::new(1.5, Interpolation::Linear).is_err());
/// # Ok::<(), millrace_core::kernel_error::KernelError>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Quantile {
    share: f64,
    interpolation: Interpolation,
}

/// Equal where the bits are: a share is never NaN and a zero has no sign.
impl PartialEq for Quantile {
    fn eq(&self, other: &Self) -> bool {
        (self.share.to_bits(), self.interpolation) == (other.share.to_bits(), other.interpolation)
    }
}

impl Eq for Quantile {}

impl Hash for Quantile {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.share.to_bits(), self.interpolation).hash(state);
    }
}

/// Where a quantile lies among ordered values: at a rank, counted from 0, or a part of the way from
/// there to the next.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Place {
    pub(crate) rank: usize,
    pub(crate) part: f64,
}

impl Quantile {
    /// The median.
    pub const MEDIAN: Self = Self {
        share: 0.5,
        interpolation: Interpolation::Linear,
    };

    /// The quantile of a share.
    ///
    /// # Errors
    /// [`KernelError::InvalidArgument`] if `share` is not within 0 and 1.
    pub fn new(share: f64, interpolation: Interpolation) -> Result<Self, KernelError> {
        if (0.0..=1.0).contains(&share) {
            // The sign of a zero must not tell two equal quantiles apart.
            let share = share + 0.0;
            Ok(Self {
                share,
                interpolation,
            })
        } else {
            Err(KernelError::InvalidArgument(format!(
                "Cannot create quantile: q must be within 0 and 1, got {share}"
            )))
        }
    }

    /// Where it lies among `count` values, of which there must be one.
    #[inline]
    pub(crate) fn place(self, count: usize) -> Place {
        let at = self.share * (count - 1) as f64;
        let below = at.floor();
        let part = at - below;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "within 0 and count"
        )]
        let rank = below as usize;
        let whole = |rank| Place { rank, part: 0.0 };
        match self.interpolation {
            _ if part == 0.0 => whole(rank),
            Interpolation::Linear => Place { rank, part },
            Interpolation::Midpoint => Place { rank, part: 0.5 },
            Interpolation::Lower => whole(rank),
            Interpolation::Higher => whole(rank + 1),
            Interpolation::Nearest if part == 0.5 => whole(rank + rank % 2),
            Interpolation::Nearest => whole(rank + usize::from(part > 0.5)),
        }
    }

    /// The quantile of values, NaN if one is; `None` of no values. Their order is changed.
    pub fn of(self, values: &mut [f64]) -> Option<f64> {
        if values.iter().any(|value| value.is_nan()) {
            return Some(f64::NAN);
        }
        if values.is_empty() {
            return None;
        }
        values.sort_unstable_by(f64::total_cmp);
        let Place { rank, part } = self.place(values.len());
        let upper = values.get(rank + 1).copied().unwrap_or_default();
        Some(mix(values[rank], upper, part))
    }
}

/// The value a part of the way from `lower` to `upper`; zeros come out as +0. An infinity beats any
/// number; between both infinities lies NaN.
#[inline]
pub(crate) fn mix(lower: f64, upper: f64, part: f64) -> f64 {
    if part == 0.0 || lower == upper {
        return lower + 0.0;
    }
    let distance = upper - lower;
    if distance.is_finite() {
        lower + distance * part + 0.0
    } else {
        // Where the distance overflows, this does not.
        lower * (1.0 - part) + upper * part
    }
}

/// An integer that orders as the number does, −0 before +0. Not for NaN.
#[inline]
pub(crate) fn order_key(value: f64) -> u64 {
    let bits = value.to_bits();
    let negative = (bits.cast_signed() >> 63).cast_unsigned();
    bits ^ (negative | 1 << 63)
}

/// The number that [`order_key`] made `key` of.
#[inline]
pub(crate) fn from_order_key(key: u64) -> f64 {
    let negative = (!key.cast_signed() >> 63).cast_unsigned();
    f64::from_bits(key ^ (negative | 1 << 63))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_order_as_numbers_do() {
        let numbers = [
            f64::NEG_INFINITY,
            -1e300,
            -1.5,
            -5e-324,
            -0.0,
            0.0,
            5e-324,
            1.0,
            f64::MAX,
            f64::INFINITY,
        ];
        for pair in numbers.windows(2) {
            assert!(order_key(pair[0]) < order_key(pair[1]), "{pair:?}");
        }
        for number in numbers {
            assert_eq!(
                from_order_key(order_key(number)).to_bits(),
                number.to_bits()
            );
        }
    }

    #[test]
    fn interpolations_are_those_of_pandas() {
        let of = |q, interpolation, values: &[f64]| {
            let quantile = Quantile::new(q, interpolation).expect("a valid share");
            quantile.of(&mut values.to_vec())
        };
        let values = [3.0, 1.0, 2.0, 4.0];
        assert_eq!(of(0.4, Interpolation::Linear, &values), Some(2.2));
        assert_eq!(of(0.4, Interpolation::Lower, &values), Some(2.0));
        assert_eq!(of(0.4, Interpolation::Higher, &values), Some(3.0));
        assert_eq!(of(0.4, Interpolation::Nearest, &values), Some(2.0));
        assert_eq!(of(0.4, Interpolation::Midpoint, &values), Some(2.5));
        // Half way: the even rank.
        assert_eq!(of(0.5, Interpolation::Nearest, &values), Some(3.0));
        assert_eq!(of(0.5, Interpolation::Nearest, &[1.0, 2.0]), Some(1.0));
        assert_eq!(of(1.0, Interpolation::Higher, &values), Some(4.0));
    }

    #[test]
    fn infinities_and_far_numbers_mix() {
        let (infinity, max) = (f64::INFINITY, f64::MAX);
        assert_eq!(mix(-infinity, 1.0, 0.5), -infinity);
        assert_eq!(mix(1.0, infinity, 0.1), infinity);
        assert_eq!(mix(infinity, infinity, 0.5), infinity);
        assert!(mix(-infinity, infinity, 0.5).is_nan());
        assert_eq!(mix(-max, max, 0.5), 0.0);
        assert_eq!(mix(-0.0, 0.0, 0.5).to_bits(), 0);
    }
}
