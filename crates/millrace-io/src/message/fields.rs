//! Columns of what is known about each message besides its value.

use millrace_core::batch::Batch;
use millrace_core::column_type::ColumnType;

use super::MessageView;
use crate::column::{FileColumn, Wanted};
use crate::error::ReadError;
use crate::text::{ColumnBuilder, Reason, Rows, Unfit};
use crate::write::quote_json;

const NANOS_OF_MILLI: i64 = 1_000_000;

/// What a column about messages holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageField {
    /// `utf8`.
    Topic,
    /// `i32`.
    Partition,
    /// `i64`.
    Offset,
    /// `timestamp`; missing where the message has none.
    Timestamp,
    /// `utf8`; missing where the message has none.
    Key,
    /// `utf8`: an object of JSON, of each name the text of its value, null where it has none, or an array
    /// of these where it is there several times. What is no UTF-8 in a value is replaced.
    Headers,
}

impl MessageField {
    /// The field of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "topic" => Self::Topic,
            "partition" => Self::Partition,
            "offset" => Self::Offset,
            "timestamp" => Self::Timestamp,
            "key" => Self::Key,
            "headers" => Self::Headers,
            _ => return None,
        })
    }

    /// The type of its column.
    #[must_use]
    pub fn column_type(self) -> ColumnType {
        match self {
            Self::Topic | Self::Key | Self::Headers => ColumnType::Utf8,
            Self::Partition => ColumnType::I32,
            Self::Offset => ColumnType::I64,
            Self::Timestamp => ColumnType::Timestamp,
        }
    }
}

/// These columns under construction.
#[derive(Debug)]
pub(super) struct Fields {
    /// Of each that is wanted its place among the columns.
    wanted: Vec<(usize, MessageField)>,
    rows: Rows,
}

impl Fields {
    pub(super) fn new(
        fields: &[MessageField],
        columns: &[FileColumn],
        wanted: &[Wanted],
    ) -> Result<Self, ReadError> {
        for (field, column) in fields.iter().zip(columns) {
            if field.column_type() != column.column_type {
                return Err(ReadError::InvalidArgument(format!(
                    "Cannot decode messages: column '{}' must be {}, got {}",
                    column.name,
                    field.column_type(),
                    column.column_type
                )));
            }
        }
        let places = fields.iter().copied().enumerate();
        Ok(Self {
            wanted: places
                .filter(|&(place, _)| wanted[place] != Wanted::Unused)
                .collect(),
            rows: Rows::new(columns, wanted),
        })
    }

    pub(super) fn wants_headers(&self) -> bool {
        self.wanted
            .iter()
            .any(|&(_, field)| field == MessageField::Headers)
    }

    /// Refuses a message that cannot be shown.
    #[inline]
    pub(super) fn check(&self, message: &MessageView<'_>) -> Result<(), Reason> {
        let wants_key = self
            .wanted
            .iter()
            .any(|&(_, field)| field == MessageField::Key);
        match message.key {
            Some(key) if wants_key && std::str::from_utf8(key).is_err() => {
                Err(Reason::new("its key is not UTF-8"))
            }
            _ => Ok(()),
        }
    }

    #[inline]
    pub(super) fn push(&mut self, message: &MessageView<'_>) {
        for &(place, field) in &self.wanted {
            let column = self.rows.column(place);
            let fit = match field {
                MessageField::Topic => column.text(message.topic),
                MessageField::Partition => column.integer(message.partition.into()),
                MessageField::Offset => column.integer(message.offset),
                MessageField::Timestamp => {
                    let nanos = message
                        .timestamp
                        .and_then(|t| t.checked_mul(NANOS_OF_MILLI));
                    match nanos {
                        Some(nanos) => column.raw(nanos),
                        None => missing(column),
                    }
                }
                MessageField::Key => {
                    match message.key.and_then(|key| std::str::from_utf8(key).ok()) {
                        Some(key) => column.text(key),
                        None => missing(column),
                    }
                }
                MessageField::Headers => column.text(&headers_text(message.headers)),
            };
            // The types of the columns were checked; what is left is filled with nothing.
            debug_assert!(fit.is_ok(), "{field:?}");
        }
        self.rows.commit();
    }

    pub(super) fn finish(&mut self) -> Batch {
        self.rows.finish()
    }
}

fn missing(column: &mut ColumnBuilder) -> Result<(), Unfit> {
    column.null();
    Ok(())
}

/// See [`MessageField::Headers`].
fn headers_text(headers: &[(&str, Option<&[u8]>)]) -> String {
    let mut text = String::from("{");
    for (index, (name, _)) in headers.iter().enumerate() {
        if headers[..index].iter().any(|(other, _)| other == name) {
            continue;
        }
        if text.len() > 1 {
            text.push(',');
        }
        quote_json(name, &mut text);
        text.push(':');
        let values: Vec<_> = headers.iter().filter(|(other, _)| other == name).collect();
        if values.len() > 1 {
            text.push('[');
        }
        for (index, (_, value)) in values.iter().enumerate() {
            if index > 0 {
                text.push(',');
            }
            match value {
                Some(value) => quote_json(&String::from_utf8_lossy(value), &mut text),
                None => text.push_str("null"),
            }
        }
        if values.len() > 1 {
            text.push(']');
        }
    }
    text.push('}');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_headers_as_json() {
        assert_eq!(headers_text(&[]), "{}");
        let headers: [(&str, Option<&[u8]>); 4] = [
            ("a\"", Some(b"1")),
            ("b", None),
            ("a\"", Some(b"\xff\n")),
            ("c", Some(b"x")),
        ];
        let expected = "{\"a\\\"\":[\"1\",\"\u{fffd}\\n\"],\"b\":null,\"c\":\"x\"}";
        assert_eq!(headers_text(&headers), expected);
    }
}
