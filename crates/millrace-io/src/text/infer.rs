//! Columns from a sample of records.

use millrace_core::column_type::ColumnType;
use millrace_core::text::{parse_date, parse_timestamp};

use crate::column::FileColumn;
use crate::error::ReadError;
use crate::input::{ByteStream, Bytes, Input};
use crate::reading::Signal;
use crate::text::csv::{CsvDialect, special, split};
use crate::text::json_text;
use crate::text::number;
use crate::text::reader::TextFormat;
use crate::text::record::utf8;

/// Bytes that are looked at.
const SAMPLE: usize = 1 << 20;

/// What the values of a column have been so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// None but missing ones.
    Nothing,
    Bool,
    Integer,
    /// Integers of which some are beyond i64.
    Unsigned,
    Float,
    Date,
    Timestamp,
    Text,
}

impl Kind {
    fn with(self, other: Self) -> Self {
        use Kind::{Date, Float, Integer, Nothing, Text, Timestamp, Unsigned};
        match (self, other) {
            (a, b) if a == b => a,
            (Nothing, kind) | (kind, Nothing) => kind,
            (Integer | Unsigned | Float, Integer | Unsigned | Float) => Float,
            (Date | Timestamp, Date | Timestamp) => Timestamp,
            _ => Text,
        }
    }

    fn column_type(self) -> ColumnType {
        match self {
            Self::Bool => ColumnType::Bool,
            Self::Integer => ColumnType::I64,
            Self::Unsigned => ColumnType::U64,
            Self::Float => ColumnType::F64,
            Self::Date => ColumnType::Date,
            Self::Timestamp => ColumnType::Timestamp,
            Self::Text | Self::Nothing => ColumnType::Utf8,
        }
    }
}

/// The columns of records, from the beginning of the first file that has any.
///
/// Whole numbers are `i64`, or `u64` where one needs it, other numbers `f64`, dates and times in ISO
/// 8601 `date` and `timestamp`, `true` and `false` `bool`, and everything else `utf8`, as is a column
/// of which the sample has no value.
///
/// # Errors
/// A [`ReadError`] of the file, [`ReadError::Corrupt`] where it has no records.
pub fn infer_text(
    paths: &[String],
    format: &TextFormat,
    rows: usize,
) -> Result<Vec<FileColumn>, ReadError> {
    let mut input = Input::new(Bytes::Files(paths.to_vec()), Signal::new(|| {}));
    while let Some(stream) = input.next_stream()? {
        let columns = infer_stream(stream, format, rows)?;
        if !columns.is_empty() {
            return Ok(columns);
        }
    }
    Err(none(paths.first().map_or("", String::as_str), format))
}

/// The same of the first bytes of a stream, compressed or not, which may end anywhere.
///
/// # Errors
/// [`ReadError::Corrupt`] where there is no record in them.
pub fn infer_sample(
    name: &str,
    sample: Vec<u8>,
    format: &TextFormat,
    rows: usize,
) -> Result<Vec<FileColumn>, ReadError> {
    let stream = ByteStream::new(name, std::io::Cursor::new(sample))?;
    let columns = infer_stream(stream, format, rows)?;
    if columns.is_empty() {
        return Err(none(name, format));
    }
    Ok(columns)
}

fn none(path: &str, format: &TextFormat) -> ReadError {
    ReadError::Corrupt {
        path: path.to_owned(),
        format: match format {
            TextFormat::Ndjson => "NDJSON",
            TextFormat::Csv { .. } => "CSV",
        },
        detail: "there is no record that a schema could be inferred from".to_owned(),
    }
}

fn infer_stream(
    mut stream: ByteStream,
    format: &TextFormat,
    rows: usize,
) -> Result<Vec<FileColumn>, ReadError> {
    let mut bytes = Vec::new();
    // A sample of a compressed stream may end within a block.
    let result = stream.read_into(&mut bytes, SAMPLE);
    let is_whole = match result {
        Ok(read) => read < SAMPLE,
        Err(error) if bytes.is_empty() => return Err(error),
        Err(_) => false,
    };
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let bytes = match memchr::memrchr(b'\n', bytes) {
        Some(end) if !is_whole => &bytes[..=end],
        _ => bytes,
    };
    let text = match utf8(bytes) {
        Ok(text) => text.into(),
        Err(_) => String::from_utf8_lossy(bytes),
    };
    let columns = match format {
        TextFormat::Ndjson => json_columns(&text, rows),
        TextFormat::Csv { dialect, header } => csv_columns(&text, dialect, *header, rows),
    };
    Ok(columns
        .into_iter()
        .map(|(name, kind)| FileColumn {
            name,
            column_type: kind.column_type(),
        })
        .collect())
}

fn json_columns(text: &str, rows: usize) -> Vec<(String, Kind)> {
    let mut columns: Vec<(String, Kind)> = Vec::new();
    let records = text.lines().filter(|line| !line.trim().is_empty());
    for record in records.take(rows) {
        // What is no record has no columns to offer.
        for (name, kind) in members(record).unwrap_or_default() {
            match columns.iter_mut().find(|(other, _)| *other == name) {
                Some((_, known)) => *known = known.with(kind),
                None => columns.push((name, kind)),
            }
        }
    }
    columns
}

/// The fields of an object; none where it is none.
fn members(text: &str) -> Option<Vec<(String, Kind)>> {
    let bytes = text.as_bytes();
    let space = |at: usize| json_text::space(bytes, at, true);
    let mut scratch = String::new();
    let mut found = Vec::new();
    let mut at = space(0);
    if json_text::skip(text, at, true).ok()? > text.len() || bytes.get(at) != Some(&b'{') {
        return None;
    }
    at = space(at + 1);
    while bytes.get(at) == Some(&b'"') {
        let (name, end) = json_text::string(text, at, &mut scratch).ok()?;
        let name = name.to_owned();
        // The colon was seen when the object was passed over.
        let value = space(space(end) + 1);
        let end = json_text::skip(text, value, true).ok()?;
        let kind = match bytes.get(value)? {
            b'n' => Kind::Nothing,
            b't' | b'f' => Kind::Bool,
            b'"' => {
                let (text, _) = json_text::string(text, value, &mut scratch).ok()?;
                time(text).unwrap_or(Kind::Text)
            }
            b'{' | b'[' => Kind::Text,
            _ => number_kind(text.get(value..end)?)?,
        };
        found.push((name, kind));
        at = space(end);
        if bytes.get(at) == Some(&b',') {
            at = space(at + 1);
        }
    }
    Some(found)
}

fn csv_columns(text: &str, dialect: &CsvDialect, header: bool, rows: usize) -> Vec<(String, Kind)> {
    let mut columns: Vec<(String, Kind)> = Vec::new();
    let mut at = 0;
    let mut records = 0;
    while records < rows && at < text.len() {
        let Some((fields, next)) = split(dialect, &text[at..], 0, true) else {
            break;
        };
        at += next;
        if columns.is_empty() {
            let names = fields
                .iter()
                .enumerate()
                .map(|(index, (name, _))| match header {
                    true => (name.clone(), Kind::Nothing),
                    false => (format!("column{}", index + 1), Kind::Nothing),
                });
            columns = names.collect();
            if header {
                continue;
            }
        }
        if fields.len() != columns.len() {
            continue;
        }
        for ((text, quoted), (_, kind)) in fields.iter().zip(&mut columns) {
            let missing = !quoted && (text.is_empty() || dialect.nulls.contains(text));
            if !missing {
                *kind = kind.with(field_kind(text.trim()));
            }
        }
        records += 1;
    }
    columns
}

fn field_kind(text: &str) -> Kind {
    if text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false") {
        return Kind::Bool;
    }
    if let Some(kind) = number_kind(text) {
        // `007` is no number to whoever wrote it.
        let digits = text.trim_start_matches(['-', '+']).as_bytes();
        let is_code = digits.len() > 1 && digits[0] == b'0' && digits[1].is_ascii_digit();
        return if is_code { Kind::Text } else { kind };
    }
    if special(text).is_some() {
        return Kind::Float;
    }
    time(text).unwrap_or(Kind::Text)
}

fn number_kind(text: &str) -> Option<Kind> {
    let number = number::scan(text.as_bytes(), 0).filter(|number| number.end == text.len())?;
    if !number.whole {
        return Some(Kind::Float);
    }
    Some(match number.integer(text, 0) {
        Some(value) if i64::try_from(value).is_ok() => Kind::Integer,
        Some(value) if u64::try_from(value).is_ok() => Kind::Unsigned,
        _ => Kind::Float,
    })
}

fn time(text: &str) -> Option<Kind> {
    // Most text is none, and that is seen at its first characters.
    if !text.starts_with(|first: char| first.is_ascii_digit()) {
        return None;
    }
    if parse_date(text).is_some() {
        return Some(Kind::Date);
    }
    parse_timestamp(text).map(|_| Kind::Timestamp)
}
