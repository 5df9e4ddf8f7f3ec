//! Numbers from text.

/// A number as its digits stand there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Number {
    /// Where the text behind it begins.
    pub(crate) end: usize,
    pub(crate) negative: bool,
    /// All digits, where [`Self::digits`] is at most 19.
    pub(crate) mantissa: u64,
    /// The digits that count, without leading zeros.
    pub(crate) digits: usize,
    /// The power of ten that the mantissa is to be multiplied with.
    pub(crate) exponent: i64,
    /// Whether it stands there without a point and an exponent.
    pub(crate) whole: bool,
    /// Whether it is as JSON has it: no `+`, no leading zeros, digits on both sides of a point.
    pub(crate) strict: bool,
}

/// Digits that always fit the mantissa.
const EXACT_DIGITS: usize = 19;
/// The largest integer below which all are floats.
const EXACT_MANTISSA: u64 = 1 << 53;
const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
];

/// Reads a decimal number at `at`; none where there is none.
#[inline]
pub(crate) fn scan(bytes: &[u8], at: usize) -> Option<Number> {
    let mut i = at;
    let mut strict = true;
    let negative = match bytes.get(i) {
        Some(b'-') => {
            i += 1;
            true
        }
        Some(b'+') => {
            i += 1;
            strict = false;
            false
        }
        _ => false,
    };
    let first = i;
    let mut mantissa: u64 = 0;
    while let Some(digit) = digit(bytes, i) {
        mantissa = mantissa.wrapping_mul(10).wrapping_add(digit);
        i += 1;
    }
    let before = i - first;
    strict &= before == 1 || (before > 1 && bytes[first] != b'0');
    let mut exponent: i64 = 0;
    let mut behind = 0;
    let mut whole = true;
    if bytes.get(i) == Some(&b'.') {
        whole = false;
        i += 1;
        let start = i;
        while let Some(digit) = digit(bytes, i) {
            mantissa = mantissa.wrapping_mul(10).wrapping_add(digit);
            i += 1;
        }
        behind = i - start;
        strict &= behind > 0;
        exponent = -i64::try_from(behind).unwrap_or(i64::MAX);
    }
    if before + behind == 0 {
        return None;
    }
    let end_of_digits = i;
    if let Some(b'e' | b'E') = bytes.get(i) {
        whole = false;
        let mut j = i + 1;
        let minus = match bytes.get(j) {
            Some(b'-') => {
                j += 1;
                true
            }
            Some(b'+') => {
                j += 1;
                false
            }
            _ => false,
        };
        let mut power: i64 = 0;
        let start = j;
        while let Some(digit) = digit(bytes, j) {
            power = (power * 10 + digit.cast_signed()).min(1 << 40);
            j += 1;
        }
        if j == start {
            return None;
        }
        exponent += if minus { -power } else { power };
        i = j;
    }
    let mut digits = before + behind;
    if digits > EXACT_DIGITS {
        // Zeros in front do not count.
        let zeros = bytes[first..end_of_digits]
            .iter()
            .take_while(|byte| matches!(byte, b'0' | b'.'))
            .filter(|&&byte| byte == b'0')
            .count();
        digits -= zeros;
    }
    Some(Number {
        end: i,
        negative,
        mantissa,
        digits,
        exponent,
        whole,
        strict,
    })
}

#[inline(always)]
fn digit(bytes: &[u8], at: usize) -> Option<u64> {
    let digit = bytes.get(at)?.wrapping_sub(b'0');
    (digit < 10).then_some(u64::from(digit))
}

impl Number {
    /// The nearest float; `text` is where it was read. Beyond the range of floats it is infinite.
    #[inline]
    #[expect(clippy::cast_precision_loss, reason = "a mantissa up to 2^53 is exact")]
    pub(crate) fn float(&self, text: &str, at: usize) -> f64 {
        if self.digits <= EXACT_DIGITS && self.mantissa <= EXACT_MANTISSA {
            // Both factors are exact, so that the result is rounded once.
            let power = |exponent: i64| {
                usize::try_from(exponent)
                    .ok()
                    .and_then(|exponent| POWERS.get(exponent))
            };
            let mantissa = self.mantissa as f64;
            let signed = if self.negative { -mantissa } else { mantissa };
            if let Some(power) = power(self.exponent) {
                return signed * power;
            }
            if let Some(power) = power(-self.exponent) {
                return signed / power;
            }
        }
        // The standard library takes the same forms and rounds correctly.
        text.get(at..self.end)
            .and_then(|text| text.parse().ok())
            .unwrap_or(f64::NAN)
    }

    /// The integer; none where it is not whole or beyond 64 bits and a sign.
    #[inline]
    pub(crate) fn integer(&self, text: &str, at: usize) -> Option<i128> {
        let magnitude = if self.whole && self.digits <= EXACT_DIGITS {
            i128::from(self.mantissa)
        } else if self.whole {
            let digits = text.get(at..self.end)?.trim_start_matches(['-', '+']);
            i128::from(digits.parse::<u64>().ok()?)
        } else {
            // As `1.0` and `1e3`, whatever writes integers so: while they are exact.
            let float = self.float(text, at).abs();
            let exact = float.fract() == 0.0 && float <= 9_007_199_254_740_992.0;
            #[expect(clippy::cast_possible_truncation, reason = "whole and below 2^53")]
            return exact.then_some(if self.negative {
                -(float as i128)
            } else {
                float as i128
            });
        };
        Some(if self.negative { -magnitude } else { magnitude })
    }
}

#[cfg(test)]
mod tests {
    use super::scan;
    use proptest::prelude::*;

    fn float(text: &str) -> Option<f64> {
        let number = scan(text.as_bytes(), 0)?;
        (number.end == text.len()).then(|| number.float(text, 0))
    }

    #[test]
    fn floats_are_the_nearest() {
        for text in [
            "0",
            "-0",
            "1",
            "9007199254740993",
            "9007199254740992",
            "1e22",
            "1e23",
            "1e-22",
            "1e-23",
            "123456789012345678901234567890",
            "0.000000000000000000000000012345678901234567",
            "5e-324",
            "2.4703282292062327208e-324",
            "1.7976931348623157e308",
            "1.7976931348623159e308",
            "1e400",
            "1e-400",
            "1e99999999999999999999",
            "0e99999999999999999999",
            "00000000000000000000000000001.5",
            "9999999999999999999",
            "99999999999999999999",
            ".5",
            "5.",
            "+5",
        ] {
            let wanted: f64 = text.parse().unwrap();
            assert_eq!(
                float(text).map(f64::to_bits),
                Some(wanted.to_bits()),
                "{text}"
            );
        }
        for text in ["", "-", ".", "e5", "1e", "1e+", "abc"] {
            assert_eq!(float(text), None, "{text}");
        }
    }

    #[test]
    fn integers_are_exact_or_none() {
        let integer = |text: &str| scan(text.as_bytes(), 0).and_then(|n| n.integer(text, 0));
        assert_eq!(integer("18446744073709551615"), Some(i128::from(u64::MAX)));
        assert_eq!(integer("-9223372036854775808"), Some(i128::from(i64::MIN)));
        assert_eq!(integer("18446744073709551616"), None);
        assert_eq!(integer("00000000000000000000000007"), Some(7));
        assert_eq!(integer("1.0"), Some(1));
        assert_eq!(integer("-12e2"), Some(-1200));
        assert_eq!(integer("1.5"), None);
        assert_eq!(integer("1e300"), None);
    }

    proptest! {
        #[test]
        fn any_float_comes_back(bits: u64, form in 0..3) {
            let value = f64::from_bits(bits);
            prop_assume!(value.is_finite());
            let text = match form {
                0 => format!("{value}"),
                1 => format!("{value:e}"),
                _ => format!("{value:.3}"),
            };
            let wanted: f64 = text.parse().unwrap();
            prop_assert_eq!(float(&text).map(f64::to_bits), Some(wanted.to_bits()));
        }

        #[test]
        fn what_it_takes_the_standard_library_takes(text in "[-+0-9.eE]{0,24}") {
            prop_assert_eq!(
                float(&text).map(f64::to_bits),
                text.parse::<f64>().ok().map(f64::to_bits)
            );
        }
    }
}
