//! Values as text and back: times as in ISO 8601, numbers as JavaScript writes them.

use crate::column_type::ColumnType;
use crate::expression::cast::{format, parse};

/// The days since 1970 of a date such as `2024-02-29`; none for any other text.
#[must_use]
pub fn parse_date(text: &str) -> Option<i32> {
    parse::date(text)
}

/// The nanoseconds since 1970 UTC of a time such as `2024-02-29T12:30:05.25+01:00`: the time of day,
/// its seconds and their fraction may be left out; without an offset it is UTC.
#[must_use]
pub fn parse_timestamp(text: &str) -> Option<i64> {
    parse::timestamp(text)
}

/// The nanoseconds of a span such as `PT1.5S`; none for any other text.
#[must_use]
pub fn parse_duration(text: &str) -> Option<i64> {
    parse::duration(text)
}

/// Appends a float in the fewest digits that give it back, as `NaN`, `0` also for −0, or `1e+21`.
pub fn write_float(value: impl zmij::Float, out: &mut String) {
    format::float(value, out);
}

/// Appends an integer, or the time that it counts: nanoseconds, for dates days.
pub fn write_integer(value: i128, column_type: ColumnType, out: &mut String) {
    format::integer(value, column_type, out);
}
