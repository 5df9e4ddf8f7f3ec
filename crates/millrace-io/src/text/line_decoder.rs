//! Records of one format or the other.

use crate::text::csv::{CsvDecoder, Read};
use crate::text::json::JsonDecoder;
use crate::text::reason::Reason;
use crate::text::rows::Rows;

/// Decodes the records of a format.
#[derive(Debug)]
pub(super) enum LineDecoder {
    Json(JsonDecoder),
    Csv(CsvDecoder),
}

/// What a line is.
pub(super) enum Line {
    Read(Read),
    /// Nothing; the next one begins here.
    Blank(usize),
}

impl LineDecoder {
    /// Decodes what `text` begins with; with `last`, nothing follows it.
    pub(super) fn line(&mut self, text: &str, last: bool, rows: &mut Rows) -> Line {
        match self {
            Self::Json(json) => json_line(json, text, rows),
            Self::Csv(csv) => {
                let blank = match text.as_bytes() {
                    [b'\n', ..] => 1,
                    [b'\r', b'\n', ..] => 2,
                    [b'\r'] if last => 1,
                    _ => 0,
                };
                if blank > 0 && !csv.is_narrow() {
                    return Line::Blank(blank);
                }
                Line::Read(csv.record(text, 0, last, rows))
            }
        }
    }
}

fn json_line(json: &mut JsonDecoder, text: &str, rows: &mut Rows) -> Line {
    let bytes = text.as_bytes();
    let next = |at: usize| memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |n| at + n + 1);
    let start = json.space(bytes, 0);
    match bytes.get(start) {
        None => return Line::Blank(start),
        Some(b'\n') => return Line::Blank(start + 1),
        Some(_) => {}
    }
    Line::Read(match json.record(text, start, rows) {
        Err(reason) => Read::Refused(next(0), reason),
        Ok(end) => {
            let end = json.space(bytes, end);
            match bytes.get(end) {
                None => Read::Row(end),
                Some(b'\n') => Read::Row(end + 1),
                Some(_) => Read::Refused(
                    next(end),
                    Reason::expected("the end of the line", text, end),
                ),
            }
        }
    })
}
