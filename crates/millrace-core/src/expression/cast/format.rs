//! Values as text: numbers as JavaScript writes them, times as in ISO 8601.

use std::fmt::Write;

use super::super::date_part::{Civil, civil};
use super::super::numeric::DAY;
use crate::column_type::ColumnType;

const SECOND: i64 = 1_000_000_000;

/// Appends a float in its shortest digits: of two that are as near, the even ones, where `{:e}` of the
/// standard library takes the larger.
pub(crate) fn float(value: impl zmij::Float, out: &mut String) {
    let mut buffer = zmij::Buffer::new();
    let shortest = buffer.format(value);
    let (sign, rest) = match shortest.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", shortest),
    };
    let (mantissa, exponent) = match rest {
        "NaN" => return out.push_str("NaN"),
        "inf" => {
            out.push_str(sign);
            return out.push_str("Infinity");
        }
        other => other.split_once('e').unwrap_or((other, "0")),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = format!("{whole}{fraction}");
    let significant = all.trim_start_matches('0');
    let digits = significant.trim_end_matches('0');
    if digits.is_empty() {
        return out.push('0');
    }
    let size = |text: &str| i32::try_from(text.len()).unwrap_or(i32::MAX);
    let exponent = exponent.parse().unwrap_or(0) + size(significant) - size(fraction) - 1;
    let zeros = |out: &mut String, count: i32| {
        for _ in 0..count {
            out.push('0');
        }
    };
    let count = size(digits);
    out.push_str(sign);
    if (0..21).contains(&exponent) {
        let whole = usize::try_from(exponent + 1).unwrap_or(0);
        if digits.len() > whole {
            let (whole, rest) = digits.split_at(whole);
            out.push_str(whole);
            out.push('.');
            out.push_str(rest);
        } else {
            out.push_str(digits);
            zeros(out, exponent + 1 - count);
        }
    } else if (-6..0).contains(&exponent) {
        out.push_str("0.");
        zeros(out, -exponent - 1);
        out.push_str(digits);
    } else {
        let (first, rest) = digits.split_at(1);
        out.push_str(first);
        if !rest.is_empty() {
            out.push('.');
            out.push_str(rest);
        }
        out.push_str(if exponent < 0 { "e-" } else { "e+" });
        let _ = write!(out, "{}", exponent.abs());
    }
}

/// Appends an integer, or the time that it counts.
pub(crate) fn integer(value: i128, column_type: ColumnType, out: &mut String) {
    // Times are of 64 bits at most.
    let narrow = i64::try_from(value).unwrap_or(0);
    match column_type {
        ColumnType::Timestamp => timestamp(narrow, out),
        ColumnType::Date => date(narrow, out),
        ColumnType::Duration => duration(narrow, out),
        _ => {
            let _ = write!(out, "{value}");
        }
    }
}

fn date(days: i64, out: &mut String) {
    let Civil { year, month, day } = civil(days);
    let _ = if (0..=9999).contains(&year) {
        write!(out, "{year:04}-{month:02}-{day:02}")
    } else {
        let sign = if year < 0 { '-' } else { '+' };
        write!(out, "{sign}{:06}-{month:02}-{day:02}", year.abs())
    };
}

/// Milliseconds always, as JavaScript does; microseconds and nanoseconds where there are any.
fn timestamp(nanos: i64, out: &mut String) {
    date(nanos.div_euclid(DAY), out);
    let of_day = nanos.rem_euclid(DAY);
    let (seconds, below) = (of_day / SECOND, of_day % SECOND);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let _ = write!(out, "T{hour:02}:{minute:02}:{second:02}.");
    let _ = if below % 1_000_000 == 0 {
        write!(out, "{:03}Z", below / 1_000_000)
    } else if below % 1000 == 0 {
        write!(out, "{:06}Z", below / 1000)
    } else {
        write!(out, "{below:09}Z")
    };
}

/// Seconds, as `PT1.5S`.
fn duration(nanos: i64, out: &mut String) {
    let sign = if nanos < 0 { "-" } else { "" };
    let nanos = nanos.unsigned_abs();
    let (seconds, below) = (nanos / SECOND.unsigned_abs(), nanos % SECOND.unsigned_abs());
    let _ = write!(out, "PT{sign}{seconds}");
    if below > 0 {
        let fraction = format!("{below:09}");
        let _ = write!(out, ".{}", fraction.trim_end_matches('0'));
    }
    out.push('S');
}
