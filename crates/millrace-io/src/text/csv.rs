//! Records of CSV: fields between delimiters, by their place.

use millrace_core::column_type::ColumnType;

use crate::text::column_builder::{ColumnBuilder, Unfit};
use crate::text::number;
use crate::text::reason::Reason;
use crate::text::rows::Rows;

/// How fields are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CsvDialect {
    /// What is between two fields, default `,`. An ASCII character that is no line end.
    pub delimiter: u8,
    /// What is around a field that has delimiters, line ends or this itself in it, which is then
    /// doubled; default `"`.
    pub quote: u8,
    /// Texts without quotes that stand for a missing value, besides none at all.
    pub nulls: Vec<String>,
}

impl Default for CsvDialect {
    fn default() -> Self {
        Self {
            delimiter: b',',
            quote: b'"',
            nulls: Vec::new(),
        }
    }
}

/// What became of a record.
#[derive(Debug)]
pub(crate) enum Read {
    /// It is in the row; the next one begins here.
    Row(usize),
    /// It is none; the next one begins here.
    Refused(usize, Reason),
    /// Its end is not there yet.
    Incomplete,
}

/// A field, and where it ends: at a delimiter, a line end or the end of the text.
#[derive(Debug)]
struct Field<'a> {
    text: &'a str,
    quoted: bool,
    end: usize,
}

#[derive(Debug)]
enum Broken {
    Incomplete,
    Malformed(Reason, usize),
}

/// What follows a field.
enum Next {
    Field(usize),
    Record(usize),
    Nothing,
}

/// A decoder of records of one width.
#[derive(Debug)]
pub(crate) struct CsvDecoder {
    dialect: CsvDialect,
    /// For each field of a record its column.
    places: Vec<Option<usize>>,
    scratch: String,
}

impl CsvDecoder {
    pub(crate) fn new(dialect: CsvDialect, places: Vec<Option<usize>>) -> Self {
        Self {
            dialect,
            places,
            scratch: String::new(),
        }
    }

    /// Whether a record has but one field: an empty line is one then.
    pub(crate) fn is_narrow(&self) -> bool {
        self.places.len() == 1
    }

    /// Reads the record at `at` into a row, which it neither completes nor abandons. With `last`, the
    /// end of the text ends it too.
    pub(crate) fn record(&mut self, text: &str, at: usize, last: bool, rows: &mut Rows) -> Read {
        let bytes = text.as_bytes();
        let mut at = at;
        let mut fault: Option<Reason> = None;
        let mut count = 0;
        loop {
            let place = self.places.get(count).copied().flatten();
            let end = match place {
                Some(place) if fault.is_none() => {
                    let column = rows.column(place);
                    match self.fast(column, text, at, last) {
                        Some(end) => end,
                        None => match self.slow(column, text, at, last) {
                            Ok(Ok(end)) => end,
                            Ok(Err((reason, end))) => {
                                fault = Some(reason);
                                end
                            }
                            Err(Broken::Incomplete) => return Read::Incomplete,
                            Err(Broken::Malformed(reason, end)) => {
                                return Read::Refused(end, reason);
                            }
                        },
                    }
                }
                _ => match field(&self.dialect, text, at, last, &mut self.scratch) {
                    Ok(field) => field.end,
                    Err(Broken::Incomplete) => return Read::Incomplete,
                    Err(Broken::Malformed(reason, end)) => {
                        return Read::Refused(end, fault.unwrap_or(reason));
                    }
                },
            };
            count += 1;
            match next(bytes, end, self.dialect.delimiter) {
                Next::Field(start) => at = start,
                Next::Record(start) => return self.ended(start, count, fault),
                Next::Nothing if last => return self.ended(end, count, fault),
                Next::Nothing => return Read::Incomplete,
            }
        }
    }

    fn ended(&self, end: usize, count: usize, fault: Option<Reason>) -> Read {
        let wanted = self.places.len();
        match fault {
            Some(reason) => Read::Refused(end, reason),
            None if count == wanted => Read::Row(end),
            None => Read::Refused(
                end,
                Reason::new(format!("a record must have {wanted} fields, got {count}")),
            ),
        }
    }

    /// A number that stands there plainly: its end. None for anything else, with nothing taken.
    #[inline]
    fn fast(&self, column: &mut ColumnBuilder, text: &str, at: usize, last: bool) -> Option<usize> {
        let bytes = text.as_bytes();
        let is_number = matches!(bytes.get(at), Some(b'-' | b'0'..=b'9'));
        if !is_number || !column.column_type.is_numeric() || !self.dialect.nulls.is_empty() {
            return None;
        }
        let number = number::scan(bytes, at)?;
        let ends = match bytes.get(number.end) {
            Some(&byte) => byte == self.dialect.delimiter || byte == b'\n' || byte == b'\r',
            None => last,
        };
        (ends && column.number(&number, text, at).is_ok()).then_some(number.end)
    }

    /// Any field: its end, or why the column does not hold it.
    fn slow(
        &mut self,
        column: &mut ColumnBuilder,
        text: &str,
        at: usize,
        last: bool,
    ) -> Result<Result<usize, (Reason, usize)>, Broken> {
        let field = field(&self.dialect, text, at, last, &mut self.scratch)?;
        let missing = !field.quoted
            && (field.text.is_empty() || self.dialect.nulls.iter().any(|null| null == field.text));
        let fit = if missing {
            column.null();
            Ok(())
        } else {
            value(column, field.text)
        };
        Ok(match fit {
            Ok(()) => Ok(field.end),
            Err(Unfit) => {
                let wanted = column.column_type.name();
                let got = format!("{:?}", field.text);
                Err((Reason::value(&column.name, wanted, &got), field.end))
            }
        })
    }
}

/// The fields of one record and whether they were quoted, and where the next record begins; none where
/// it is incomplete or malformed.
pub(crate) fn split(
    dialect: &CsvDialect,
    text: &str,
    at: usize,
    last: bool,
) -> Option<(Vec<(String, bool)>, usize)> {
    let mut fields = Vec::new();
    let mut scratch = String::new();
    let mut at = at;
    loop {
        let field = field(dialect, text, at, last, &mut scratch).ok()?;
        fields.push((field.text.to_owned(), field.quoted));
        let end = field.end;
        match next(text.as_bytes(), end, dialect.delimiter) {
            Next::Field(start) => at = start,
            Next::Record(start) => return Some((fields, start)),
            Next::Nothing => return last.then_some((fields, end)),
        }
    }
}

/// A value that is written as `text`.
fn value(column: &mut ColumnBuilder, text: &str) -> Result<(), Unfit> {
    match column.column_type {
        ColumnType::Utf8 => return column.text(text),
        ColumnType::Bool => {
            let word = text.trim();
            let is = |words: [&str; 3]| words.iter().any(|one| one.eq_ignore_ascii_case(word));
            return if is(["true", "t", "1"]) {
                column.boolean(true)
            } else if is(["false", "f", "0"]) {
                column.boolean(false)
            } else {
                Err(Unfit)
            };
        }
        _ => {}
    }
    let text = text.trim();
    if let Some(number) = number::scan(text.as_bytes(), 0)
        && number.end == text.len()
    {
        return column.number(&number, text, 0);
    }
    if column.column_type.is_float() {
        return column.float(special(text).ok_or(Unfit)?);
    }
    column.text(text)
}

/// The floats that are no decimal numbers.
pub(crate) fn special(text: &str) -> Option<f64> {
    let (sign, word) = match text.strip_prefix('-') {
        Some(word) => (-1.0, word),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    let is = |name: &str| word.eq_ignore_ascii_case(name);
    if is("nan") {
        Some(f64::NAN)
    } else if is("inf") || is("infinity") {
        Some(sign * f64::INFINITY)
    } else {
        None
    }
}

/// The field at `at`.
#[inline]
fn field<'a>(
    dialect: &CsvDialect,
    text: &'a str,
    at: usize,
    last: bool,
    scratch: &'a mut String,
) -> Result<Field<'a>, Broken> {
    let bytes = text.as_bytes();
    if bytes.get(at) == Some(&dialect.quote) {
        return quoted(dialect, text, at, last, scratch);
    }
    let found = unquoted_end(bytes, at, dialect.delimiter);
    if found == bytes.len() && !last {
        return Err(Broken::Incomplete);
    }
    // A line ends with a carriage return too, also the last one.
    let ends_line = bytes.get(found) != Some(&dialect.delimiter);
    let end = if ends_line && found > at && bytes[found - 1] == b'\r' {
        found - 1
    } else {
        found
    };
    let text = text.get(at..end).unwrap_or_default();
    Ok(Field {
        text,
        quoted: false,
        end,
    })
}

const ONES: u64 = 0x0101_0101_0101_0101;

/// Where the next delimiter or line feed is, or the end.
#[inline]
fn unquoted_end(bytes: &[u8], mut at: usize, delimiter: u8) -> usize {
    let zeros = |word: u64| word.wrapping_sub(ONES) & !word & (ONES << 7);
    let delimiters = ONES * u64::from(delimiter);
    while let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let word = u64::from_le_bytes(*chunk);
        // The lowest mark of either is right; none above it is looked at.
        let found = zeros(word ^ delimiters) | zeros(word ^ (ONES * 0x0a));
        if found != 0 {
            return at + (found.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    while at < bytes.len() && bytes[at] != delimiter && bytes[at] != b'\n' {
        at += 1;
    }
    at
}

fn quoted<'a>(
    dialect: &CsvDialect,
    text: &'a str,
    at: usize,
    last: bool,
    scratch: &'a mut String,
) -> Result<Field<'a>, Broken> {
    let bytes = text.as_bytes();
    let quote = dialect.quote;
    let start = at + 1;
    let mut from = start;
    let mut is_doubled = false;
    let close = loop {
        let Some(length) = memchr::memchr(quote, &bytes[from..]) else {
            return Err(if last {
                let reason = Reason::new(format!("the quote at byte {at} is not closed"));
                Broken::Malformed(reason, next_line(bytes, at))
            } else {
                Broken::Incomplete
            });
        };
        let close = from + length;
        match bytes.get(close + 1) {
            Some(&byte) if byte == quote => {
                if !is_doubled {
                    scratch.clear();
                }
                scratch.push_str(text.get(from..=close).unwrap_or_default());
                is_doubled = true;
                from = close + 2;
            }
            // The quote that would double it may be still to come.
            None if !last => return Err(Broken::Incomplete),
            _ => break close,
        }
    };
    let end = close + 1;
    let ends = match bytes.get(end) {
        None => true,
        Some(b'\r') => match bytes.get(end + 1) {
            Some(b'\n') => true,
            None if last => true,
            None => return Err(Broken::Incomplete),
            _ => false,
        },
        Some(&byte) => byte == dialect.delimiter || byte == b'\n',
    };
    if !ends {
        let reason = Reason::expected("a delimiter behind a closing quote", text, end);
        return Err(Broken::Malformed(reason, next_line(bytes, end)));
    }
    let text = if is_doubled {
        scratch.push_str(text.get(from..close).unwrap_or_default());
        scratch
    } else {
        text.get(start..close).unwrap_or_default()
    };
    Ok(Field {
        text,
        quoted: true,
        end,
    })
}

/// Where the line after the one at `at` begins.
fn next_line(bytes: &[u8], at: usize) -> usize {
    memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |length| at + length + 1)
}

#[inline]
fn next(bytes: &[u8], end: usize, delimiter: u8) -> Next {
    match bytes.get(end) {
        Some(&byte) if byte == delimiter => Next::Field(end + 1),
        Some(b'\n') => Next::Record(end + 1),
        Some(b'\r') if bytes.get(end + 1) == Some(&b'\n') => Next::Record(end + 2),
        Some(b'\r') if end + 1 == bytes.len() => Next::Record(end + 1),
        _ => Next::Nothing,
    }
}
