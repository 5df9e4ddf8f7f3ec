//! Files and streams of records, a batch at a time.

use std::collections::VecDeque;

use crate::column::{FileColumn, Wanted};
use crate::error::ReadError;
use crate::input::{ByteStream, Bytes, Input};
use crate::reading::{Decode, Decoded, Decoder, Reading, Refused, Signal};
use crate::text::buffer::Buffer;
use crate::text::csv::{CsvDecoder, CsvDialect, Read, split};
use crate::text::json::JsonDecoder;
use crate::text::line_decoder::{Line, LineDecoder};
use crate::text::reason::Reason;
use crate::text::record::{check_wanted, places};
use crate::text::rows::Rows;

/// Bytes of records from which on a batch is complete with fewer rows.
const BATCH_BYTES: usize = 64 << 20;
/// Refused records, and bytes of them, that are passed on without waiting for more rows.
const REFUSED: usize = 1024;
const REFUSED_BYTES: usize = 1 << 20;
/// Bytes that are shown of a line that is too long.
const SHOWN: usize = 1024;

/// How a file or stream of records is written.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TextFormat {
    /// An object of JSON in each line.
    Ndjson,
    /// CSV.
    Csv {
        /// How fields are written.
        dialect: CsvDialect,
        /// Whether the first record of each file names its columns; else they are those of the schema,
        /// in its order.
        header: bool,
    },
}

/// How records become batches.
#[derive(Debug, Clone)]
pub struct TextOptions {
    /// How the records are written.
    pub format: TextFormat,
    /// The columns.
    pub columns: Vec<FileColumn>,
    /// Rows of a batch; the last one, and those of a stream that has no more for now, have fewer.
    pub batch: usize,
    /// Most bytes of a record.
    pub max_line: usize,
    /// Whether a record that does not fit is an error; else it is passed on as refused.
    pub strict: bool,
}

/// Begins reading.
///
/// # Errors
/// [`ReadError::InvalidArgument`] for options that do not fit each other. What goes wrong later comes
/// in the place of a batch.
pub fn read_text(
    bytes: Bytes,
    options: TextOptions,
    wanted: &[Wanted],
    signal: Signal,
) -> Result<Reading, ReadError> {
    Reading::begin(
        text_decoder(bytes, options, wanted, signal.clone())?,
        signal,
    )
}

/// What reads files or a stream as [`read_text`] does.
///
/// # Errors
/// Those of [`read_text`].
pub fn text_decoder(
    bytes: Bytes,
    options: TextOptions,
    wanted: &[Wanted],
    signal: Signal,
) -> Result<Decoder, ReadError> {
    check_wanted(&options.columns, wanted)?;
    if options.batch == 0 || options.max_line == 0 || options.max_line > 1 << 30 {
        return Err(ReadError::InvalidArgument(format!(
            "Cannot read: batch must be at least 1 and maxLine from 1 to {}, got {} and {}",
            1 << 30,
            options.batch,
            options.max_line
        )));
    }
    let rows = Rows::new(&options.columns, wanted);
    let decoder = match &options.format {
        TextFormat::Ndjson => LineDecoder::Json(JsonDecoder::new(&rows, true)),
        TextFormat::Csv { dialect, .. } => {
            LineDecoder::Csv(CsvDecoder::new(dialect.clone(), places(&rows)))
        }
    };
    Ok(Decoder::new(TextReader {
        input: Input::new(bytes, signal),
        stream: None,
        buffer: Buffer::default(),
        decoder,
        rows,
        refused: Vec::new(),
        refused_bytes: 0,
        batch_bytes: 0,
        ready: VecDeque::new(),
        failed: None,
        ended: false,
        options,
    }))
}

struct TextReader {
    options: TextOptions,
    input: Input,
    stream: Option<ByteStream>,
    buffer: Buffer,
    decoder: LineDecoder,
    rows: Rows,
    refused: Vec<Refused>,
    refused_bytes: usize,
    /// Bytes of the records of the batch.
    batch_bytes: usize,
    /// What goes out next.
    ready: VecDeque<Decoded>,
    /// What goes out then.
    failed: Option<ReadError>,
    ended: bool,
}

impl Decode for TextReader {
    fn next(&mut self) -> Result<Option<Decoded>, ReadError> {
        loop {
            if let Some(decoded) = self.ready.pop_front() {
                return Ok(Some(decoded));
            }
            if let Some(error) = self.failed.take() {
                return Err(error);
            }
            if self.ended {
                return Ok(None);
            }
            if let Err(error) = self.advance() {
                // What was read before it is good.
                self.flush();
                self.failed = Some(error);
            }
        }
    }

    fn name(&self) -> String {
        self.input.name()
    }
}

impl TextReader {
    /// Reads on, and decodes what is there.
    fn advance(&mut self) -> Result<(), ReadError> {
        if self.stream.is_none() {
            self.stream = self.input.next_stream()?;
            if self.stream.is_none() {
                self.ended = true;
                self.flush();
                return Ok(());
            }
            let has_header = matches!(self.options.format, TextFormat::Csv { header: true, .. });
            self.buffer.begin(has_header);
        }
        if self.input.is_dry() && self.rows.len() + self.refused.len() > 0 {
            self.flush();
            return Ok(());
        }
        self.buffer.make_room();
        let Some(stream) = &mut self.stream else {
            return Ok(());
        };
        let buffer = &mut self.buffer;
        let read = stream.read(&mut buffer.bytes[buffer.end..])?;
        buffer.end += read;
        let last = read == 0;
        if buffer.at_beginning && (last || buffer.end >= 3) {
            buffer.at_beginning = false;
            if buffer.bytes[..buffer.end].starts_with(b"\xef\xbb\xbf") {
                buffer.start = 3;
                buffer.counted = 3;
            }
        }
        if !buffer.at_beginning {
            self.decode(last)?;
        }
        if last {
            self.stream = None;
        }
        Ok(())
    }

    /// Decodes the complete records of the buffer; with `last`, all that is there.
    fn decode(&mut self, last: bool) -> Result<(), ReadError> {
        let mut buffer = std::mem::take(&mut self.buffer);
        let result = self.decode_all(&mut buffer, last);
        self.buffer = buffer;
        result
    }

    fn decode_all(&mut self, buffer: &mut Buffer, last: bool) -> Result<(), ReadError> {
        while buffer.start < buffer.end {
            let rest = &buffer.bytes[buffer.start..buffer.end];
            if buffer.skipping {
                match memchr::memchr(b'\n', rest) {
                    Some(length) => {
                        buffer.start += length + 1;
                        buffer.skipping = false;
                        continue;
                    }
                    None => {
                        buffer.start = buffer.end;
                        return Ok(());
                    }
                }
            }
            let complete = if last {
                rest.len()
            } else {
                memchr::memrchr(b'\n', rest).map_or(0, |length| length + 1)
            };
            let end = buffer.start + complete;
            let bytes = std::mem::take(&mut buffer.bytes);
            let result = self.region(buffer, &bytes, end, last);
            buffer.bytes = bytes;
            let is_stuck = result?;
            if buffer.end - buffer.start > self.options.max_line && (is_stuck || complete == 0) {
                self.too_long(buffer)?;
            } else if is_stuck || complete == 0 || end < buffer.end {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Decodes the records between the start of the buffer and `end`, which its start moves to. True
    /// where the first of them goes on behind `end`.
    fn region(
        &mut self,
        buffer: &mut Buffer,
        bytes: &[u8],
        end: usize,
        last: bool,
    ) -> Result<bool, ReadError> {
        while buffer.start < end {
            let (text, bad) = match std::str::from_utf8(&bytes[buffer.start..end]) {
                Ok(text) => (text, None),
                Err(error) => {
                    let valid = error.valid_up_to();
                    let whole = memchr::memrchr(b'\n', &bytes[buffer.start..buffer.start + valid]);
                    let text = &bytes[buffer.start..buffer.start + whole.map_or(0, |n| n + 1)];
                    (std::str::from_utf8(text).unwrap_or_default(), Some(valid))
                }
            };
            let start = buffer.start;
            self.records(buffer, bytes, text, last && bad.is_none())?;
            match bad {
                // The line with the bad byte, and what of its record is before it.
                Some(valid) => {
                    let at = start + valid;
                    let next = memchr::memchr(b'\n', &bytes[at..end]).map_or(end, |n| at + n + 1);
                    let from = at - buffer.start;
                    let reason = Reason::new(format!("invalid UTF-8 at byte {from}"));
                    self.refuse(buffer, bytes, next, &reason)?;
                }
                None => return Ok(buffer.start < end),
            }
        }
        Ok(false)
    }

    /// Decodes the records of `text`, which the buffer's start is at, as far as they are complete.
    fn records(
        &mut self,
        buffer: &mut Buffer,
        bytes: &[u8],
        text: &str,
        last: bool,
    ) -> Result<(), ReadError> {
        let origin = buffer.start;
        let mut at = 0;
        while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
            if buffer.at_header {
                let Some(length) = self.header(rest, last)? else {
                    return Ok(());
                };
                buffer.at_header = false;
                at += length;
                buffer.start = origin + at;
                continue;
            }
            let length = match self.decoder.line(rest, last, &mut self.rows) {
                Line::Blank(length) => length,
                Line::Read(Read::Row(length)) if !self.is_too_long(&rest.as_bytes()[..length]) => {
                    self.rows.commit();
                    self.batch_bytes += length;
                    if self.rows.len() == self.options.batch || self.batch_bytes >= BATCH_BYTES {
                        self.flush();
                    }
                    length
                }
                Line::Read(Read::Row(length)) => {
                    let reason = self.too_long_reason();
                    self.refuse(buffer, bytes, origin + at + length, &reason)?
                }
                Line::Read(Read::Refused(length, reason)) => {
                    self.refuse(buffer, bytes, origin + at + length, &reason)?
                }
                Line::Read(Read::Incomplete) => {
                    self.rows.abandon();
                    return Ok(());
                }
            };
            at += length;
            buffer.start = origin + at;
        }
        Ok(())
    }

    /// Reads the names of the columns: how long they are; none where they are incomplete.
    fn header(&mut self, text: &str, last: bool) -> Result<Option<usize>, ReadError> {
        let (TextFormat::Csv { dialect, .. }, LineDecoder::Csv(decoder)) =
            (&self.options.format, &mut self.decoder)
        else {
            return Ok(Some(0));
        };
        let found = split(dialect, text, 0, last);
        let name = self
            .stream
            .as_ref()
            .map_or_else(|| self.input.name(), |stream| stream.name.to_string());
        let Some((names, length)) = found else {
            return if last {
                Err(ReadError::Corrupt {
                    path: name,
                    format: "CSV",
                    detail: "its header has a quote that is not closed".to_owned(),
                })
            } else {
                Ok(None)
            };
        };
        for column in &self.rows.columns {
            if !names.iter().any(|(name, _)| *name == column.name) {
                let listed: Vec<&str> = names.iter().map(|(name, _)| name.as_str()).collect();
                return Err(ReadError::Corrupt {
                    path: name,
                    format: "CSV",
                    detail: format!(
                        "its header must have '{}', got {}",
                        column.name,
                        listed.join(", ")
                    ),
                });
            }
        }
        let columns = &self.rows.columns;
        let places = names.iter().map(|(name, _)| {
            let found = columns.iter().position(|column| column.name == *name);
            found.filter(|&index| columns[index].is_used())
        });
        *decoder = CsvDecoder::new(dialect.clone(), places.collect());
        Ok(Some(length))
    }

    fn is_too_long(&self, record: &[u8]) -> bool {
        record.strip_suffix(b"\n").unwrap_or(record).len() > self.options.max_line
    }

    fn too_long_reason(&self) -> Reason {
        Reason::new(format!(
            "a line must have at most {} bytes (maxLine)",
            self.options.max_line
        ))
    }

    /// The record at the start of the buffer has no end within the limit.
    fn too_long(&mut self, buffer: &mut Buffer) -> Result<(), ReadError> {
        let reason = self.too_long_reason();
        let bytes = std::mem::take(&mut buffer.bytes);
        // The rest of its line is still to come.
        buffer.skipping = !bytes[buffer.start..buffer.end].contains(&b'\n');
        let result = self.refuse(buffer, &bytes, buffer.end, &reason);
        buffer.bytes = bytes;
        result.map(drop)
    }

    /// Leaves out the record from the start of the buffer to `next`, or, where that is too long, its
    /// first line: what follows a quote that was never closed are records of their own. Gives how many
    /// bytes that is.
    fn refuse(
        &mut self,
        buffer: &mut Buffer,
        bytes: &[u8],
        next: usize,
        reason: &Reason,
    ) -> Result<usize, ReadError> {
        self.rows.abandon();
        let lines = memchr::memchr_iter(b'\n', &bytes[buffer.counted..buffer.start]).count();
        buffer.line += lines as u64;
        buffer.counted = buffer.start;
        let stream = self.stream.as_ref();
        let file = stream.map_or_else(|| self.input.name().into(), |stream| stream.name.clone());
        let mut record = &bytes[buffer.start..next];
        let mut reason = reason.to_string();
        if self.is_too_long(record) {
            let line = memchr::memchr(b'\n', record).map_or(record.len(), |length| length + 1);
            record = &record[..line];
            reason = self.too_long_reason().to_string();
        }
        let length = record.len();
        buffer.start += length;
        if self.options.strict {
            return Err(ReadError::BadRow {
                path: file.to_string(),
                line: buffer.line,
                reason,
            });
        }
        if self.is_too_long(record) {
            record = &record[..SHOWN.min(self.options.max_line)];
        }
        let record = record.strip_suffix(b"\n").unwrap_or(record);
        let record = record.strip_suffix(b"\r").unwrap_or(record);
        self.refused_bytes += record.len();
        self.refused.push(Refused {
            file,
            line: buffer.line,
            reason,
            text: String::from_utf8_lossy(record).into_owned(),
        });
        if self.refused.len() >= REFUSED || self.refused_bytes >= REFUSED_BYTES {
            self.flush();
        }
        Ok(length)
    }

    /// The rows so far are a batch.
    fn flush(&mut self) {
        self.batch_bytes = 0;
        self.refused_bytes = 0;
        if self.rows.len() + self.refused.len() > 0 {
            self.ready.push_back(Decoded {
                batch: self.rows.finish(),
                refused: std::mem::take(&mut self.refused),
            });
        }
    }
}
