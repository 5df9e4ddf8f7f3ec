//! The order of floats that every device agrees on.

/// A key whose order as an unsigned integer is that of the values: −∞ … −0, +0 … +∞, and every NaN
/// after all of them, as one and the same NaN. A GPU may not keep NaN and zeros apart when it
/// compares floats; it always does for integers.
#[must_use]
pub fn order_key(value: f32) -> u32 {
    if value.is_nan() {
        return u32::MAX;
    }
    let bits = value.to_bits();
    if bits >> 31 == 0 {
        bits | 0x8000_0000
    } else {
        !bits
    }
}

/// The value of a key of [`order_key`].
#[must_use]
pub fn value_of_key(key: u32) -> f32 {
    if key == u32::MAX {
        f32::NAN
    } else if key >> 31 == 1 {
        f32::from_bits(key & 0x7fff_ffff)
    } else {
        f32::from_bits(!key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_order_as_values_do_and_come_back() {
        let ascending = [
            f32::NEG_INFINITY,
            f32::MIN,
            -1.0,
            -f32::from_bits(1),
            -0.0,
            0.0,
            f32::from_bits(1),
            1.0,
            f32::MAX,
            f32::INFINITY,
        ];
        let keys = ascending.map(order_key);
        assert!(keys.is_sorted_by(|a, b| a < b));
        assert!(order_key(f32::NAN) > keys[9]);
        assert_eq!(order_key(-f32::NAN), order_key(f32::NAN));
        for value in ascending {
            assert_eq!(value_of_key(order_key(value)).to_bits(), value.to_bits());
        }
        assert!(value_of_key(order_key(f32::NAN)).is_nan());
    }
}
