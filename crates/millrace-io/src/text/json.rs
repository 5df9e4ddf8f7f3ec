//! Records of JSON: one object each, whose fields are the columns.

use std::collections::HashMap;

use millrace_core::column_type::ColumnType;

use crate::text::column_builder::{ColumnBuilder, Unfit};
use crate::text::json_text::{self, Ended};
use crate::text::number;
use crate::text::reason::Reason;
use crate::text::rows::Rows;

/// Fields of a record whose place is remembered, and the bytes before their value.
const FIELDS: usize = 512;
const LEAD: usize = 128;

/// A decoder of objects. Where a record has its fields in the order of the one before, and written
/// alike, their names are compared and not looked up.
#[derive(Debug)]
pub(crate) struct JsonDecoder {
    names: HashMap<String, usize>,
    /// What stood before the value of each field of the last records.
    layout: Vec<Lead>,
    /// Whether a line end ends a record, rather than being white space in it.
    lines: bool,
    scratch: String,
}

/// What stands between the end of one value and the beginning of the next, and whose value that is.
#[derive(Debug)]
struct Lead {
    bytes: Box<[u8]>,
    column: Option<usize>,
}

impl JsonDecoder {
    /// With `lines`, a record ends at the end of a line at the latest.
    pub(crate) fn new(rows: &Rows, lines: bool) -> Self {
        let names = rows.columns.iter().enumerate();
        Self {
            names: names
                .filter(|(_, column)| column.is_used())
                .map(|(index, column)| (column.name.clone(), index))
                .collect(),
            layout: Vec::new(),
            lines,
            scratch: String::new(),
        }
    }

    /// Reads the object at `at` into a row, which it neither completes nor abandons. Gives where the
    /// text behind the object begins.
    pub(crate) fn record(
        &mut self,
        text: &str,
        at: usize,
        rows: &mut Rows,
    ) -> Result<usize, Reason> {
        let bytes = text.as_bytes();
        if bytes.get(at) != Some(&b'{') {
            return Err(Reason::expected("an object", text, at));
        }
        let mut at = at + 1;
        for field in 0.. {
            let column = match self.layout.get(field) {
                Some(lead) if bytes[at..].starts_with(&lead.bytes) => {
                    at += lead.bytes.len();
                    lead.column
                }
                _ => match self.lead(text, at, field)? {
                    Ok((column, value)) => {
                        at = value;
                        column
                    }
                    Err(end) => return Ok(end),
                },
            };
            at = match column {
                Some(column) => {
                    value(rows.column(column), text, at, self.lines, &mut self.scratch)?
                }
                None => json_text::skip(text, at, self.lines)?,
            };
            if bytes.get(at) == Some(&b'}') {
                return Ok(at + 1);
            }
        }
        Ok(at)
    }

    /// Where white space from `at` on ends.
    pub(crate) fn space(&self, bytes: &[u8], at: usize) -> usize {
        json_text::space(bytes, at, self.lines)
    }

    /// Reads up to the value of the field: its column and where the value begins; or, at the end of
    /// the object, where the text behind it begins.
    fn lead(
        &mut self,
        text: &str,
        start: usize,
        field: usize,
    ) -> Result<Result<(Option<usize>, usize), usize>, Reason> {
        let bytes = text.as_bytes();
        let mut at = self.space(bytes, start);
        match bytes.get(at) {
            Some(b'}') => return Ok(Err(at + 1)),
            Some(b',') if field > 0 => at = self.space(bytes, at + 1),
            _ if field > 0 => return Err(Reason::expected("',' or '}'", text, at)),
            _ => {}
        }
        if bytes.get(at) != Some(&b'"') {
            return Err(Reason::expected("a field name in quotes", text, at));
        }
        let (name, end) = json_text::string(text, at, &mut self.scratch)?;
        let column = self.names.get(name).copied();
        at = self.space(bytes, end);
        if bytes.get(at) != Some(&b':') {
            return Err(Reason::expected("':'", text, at));
        }
        at = self.space(bytes, at + 1);
        if field < FIELDS && at - start <= LEAD {
            let bytes = bytes[start..at].into();
            let lead = Lead { bytes, column };
            if field < self.layout.len() {
                self.layout[field] = lead;
            } else if field == self.layout.len() {
                self.layout.push(lead);
            }
        }
        Ok(Ok((column, at)))
    }
}

/// Reads one value into a column and gives where the text behind it begins.
#[inline]
fn value(
    column: &mut ColumnBuilder,
    text: &str,
    at: usize,
    lines: bool,
    scratch: &mut String,
) -> Result<usize, Reason> {
    let bytes = text.as_bytes();
    let (fit, end) = match bytes.get(at) {
        Some(b'-' | b'0'..=b'9') => match number::scan(bytes, at) {
            Some(number) if number.strict => (column.number(&number, text, at), number.end),
            _ => return Err(Reason::expected("a number", text, at)),
        },
        Some(b'"') => match json_text::ended(bytes, at + 1) {
            Ended::Plain(end) => {
                let found = text.get(at + 1..end).unwrap_or_default();
                (column.text(found), end + 1)
            }
            Ended::Other => {
                let (found, end) = json_text::string(text, at, scratch)?;
                (column.text(found), end)
            }
        },
        Some(b'n') if bytes[at..].starts_with(b"null") => {
            column.null();
            (Ok(()), at + 4)
        }
        Some(b't') if bytes[at..].starts_with(b"true") => (boolean(column, true), at + 4),
        Some(b'f') if bytes[at..].starts_with(b"false") => (boolean(column, false), at + 5),
        Some(b'{' | b'[') => {
            let end = json_text::skip(text, at, lines)?;
            let fit = match column.column_type {
                ColumnType::Utf8 => column.text(text.get(at..end).unwrap_or_default()),
                _ => Err(Unfit),
            };
            (fit, end)
        }
        _ => return Err(Reason::expected("a value", text, at)),
    };
    match fit {
        Ok(()) => Ok(end),
        Err(Unfit) => {
            let wanted = column.column_type.name();
            let got = text.get(at..end).unwrap_or_default();
            Err(Reason::value(&column.name, wanted, got))
        }
    }
}

fn boolean(column: &mut ColumnBuilder, value: bool) -> Result<(), Unfit> {
    match column.column_type {
        ColumnType::Utf8 => column.text(if value { "true" } else { "false" }),
        _ => column.boolean(value),
    }
}
