//! Times and dates from text in ISO 8601.

use super::super::date_part::{Civil, civil, days_of};
use super::super::numeric::DAY;

/// Digits at the front of a text, as their number, and the rest.
fn digits(text: &str, count: usize) -> Option<(i64, &str)> {
    let (head, rest) = text.split_at_checked(count)?;
    if !head.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some((head.parse().ok()?, rest))
}

/// A day such as `2024-02-29` at the front, as days since 1970, and the rest. Six digits of the year
/// come after a sign.
fn day(text: &str) -> Option<(i64, &str)> {
    let (year, rest) = match text.as_bytes().first()? {
        b'+' => digits(&text[1..], 6)?,
        b'-' => {
            let (year, rest) = digits(&text[1..], 6)?;
            (-year, rest)
        }
        _ => digits(text, 4)?,
    };
    let (month, rest) = digits(rest.strip_prefix('-')?, 2)?;
    let (day, rest) = digits(rest.strip_prefix('-')?, 2)?;
    let given = Civil { year, month, day };
    let in_year = (1..=12).contains(&month) && (1..=31).contains(&day);
    let days = if in_year { days_of(given) } else { return None };
    (civil(days) == given).then_some((days, rest))
}

/// A date.
pub(crate) fn date(text: &str) -> Option<i32> {
    let (days, rest) = day(text)?;
    i32::try_from(days).ok().filter(|_| rest.is_empty())
}

/// A time such as `2024-02-29T12:30:05.25+01:00`: the time of day, its seconds and their fraction may
/// be left out; without an offset it is UTC.
pub(crate) fn timestamp(text: &str) -> Option<i64> {
    let (days, rest) = day(text)?;
    let mut nanos = i128::from(days) * i128::from(DAY);
    let Some(rest) = rest.strip_prefix(['T', 't', ' ']) else {
        return i64::try_from(nanos).ok().filter(|_| rest.is_empty());
    };
    let (hour, rest) = digits(rest, 2)?;
    let (minute, mut rest) = digits(rest.strip_prefix(':')?, 2)?;
    let mut second = 0;
    let mut below = 0;
    if let Some(seconds) = rest.strip_prefix(':') {
        (second, rest) = digits(seconds, 2)?;
        if let Some(fraction) = rest.strip_prefix('.') {
            let count = fraction.bytes().take_while(u8::is_ascii_digit).count();
            if !(1..=9).contains(&count) {
                return None;
            }
            let (number, left) = digits(fraction, count)?;
            below = number * 10_i64.pow(u32::try_from(9 - count).ok()?);
            rest = left;
        }
    }
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let offset = offset(rest)?;
    let seconds = (hour * 60 + minute - offset) * 60 + second;
    nanos += i128::from(seconds) * 1_000_000_000 + i128::from(below);
    i64::try_from(nanos).ok()
}

/// The minutes that an offset such as `+01:00` is ahead of UTC.
fn offset(text: &str) -> Option<i64> {
    let (sign, rest) = match text.as_bytes().first() {
        None => return Some(0),
        Some(b'Z' | b'z') => return (text.len() == 1).then_some(0),
        Some(b'+') => (1, &text[1..]),
        Some(b'-') => (-1, &text[1..]),
        Some(_) => return None,
    };
    let (hour, rest) = digits(rest, 2)?;
    let (minute, rest) = digits(rest.strip_prefix(':').unwrap_or(rest), 2)?;
    (rest.is_empty() && hour < 24 && minute < 60).then_some(sign * (hour * 60 + minute))
}

/// A span such as `PT-1.5S`, as nanoseconds: seconds are what spans are written in.
pub(crate) fn duration(text: &str) -> Option<i64> {
    let rest = text.strip_prefix("PT")?.strip_suffix('S')?;
    let (negative, rest) = match rest.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    let (whole, fraction) = rest.split_once('.').unwrap_or((rest, "0"));
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_digits(whole) || !is_digits(fraction) || fraction.len() > 9 {
        return None;
    }
    let below: i128 = format!("{fraction:0<9}").parse().ok()?;
    let nanos = whole.parse::<i64>().ok().map(i128::from)? * 1_000_000_000 + below;
    i64::try_from(if negative { -nanos } else { nanos }).ok()
}

#[cfg(test)]
mod tests {
    use super::{date, duration, timestamp};

    #[test]
    fn reads_what_is_a_time_and_nothing_else() {
        for (text, wanted) in [
            ("1970-01-01", Some(0)),
            ("1970-01-01T00:00:01Z", Some(1_000_000_000)),
            ("1970-01-01 01:00+01:00", Some(0)),
            ("1970-01-01T00:00:00.000000001", Some(1)),
            ("1969-12-31T23:59:59.5-0000", Some(-500_000_000)),
            ("2024-02-30", None),
            ("2024-2-03", None),
            ("2024-02-03T", None),
            ("2024-02-03T24:00", None),
            ("2024-02-03T12:00:00.", None),
            ("2024-02-03T12:00:00,5", None),
            ("2024-02-03T12:00Zx", None),
            ("9999-01-01", None),
            ("", None),
            ("δδδδ-01-01", None),
        ] {
            assert_eq!(timestamp(text), wanted, "{text}");
        }
        assert_eq!(date("2024-02-29"), Some(19782));
        assert_eq!(date("-000001-12-31"), Some(-719_529));
        assert_eq!(date("2023-02-29"), None);
        assert_eq!(date("2024-02-29T00:00"), None);
        assert_eq!(duration("PT1.5S"), Some(1_500_000_000));
        assert_eq!(duration("PT-0.000000001S"), Some(-1));
        assert_eq!(duration("PT-9223372036.854775808S"), Some(i64::MIN));
        for text in [
            "PT9223372036.854775808S",
            "PTS",
            "PT+1S",
            "PT1.S",
            "1S",
            "PT1",
        ] {
            assert_eq!(duration(text), None, "{text}");
        }
    }
}
