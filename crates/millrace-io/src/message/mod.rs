//! The messages of a broker as rows: their values decoded, and what is said about each beside them.

mod arrow_values;
mod fields;
mod raw;

use std::sync::Arc;

use millrace_core::batch::Batch;

use crate::avro::{AvroDecoder, Schemas};
use crate::column::{FileColumn, Wanted};
use crate::error::ReadError;
use crate::text::{CsvDialect, Reason, RecordDecoder, RecordFormat, check_wanted};
use arrow_values::ArrowValues;
use fields::Fields;
pub use fields::MessageField;
use raw::RawValues;

/// How the values of messages are written.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum ValueFormat {
    /// An object of JSON, one row.
    Json,
    /// A line of CSV, its fields in the order of the columns.
    Csv(CsvDialect),
    /// UTF-8, which is the value of the one column.
    Raw,
    /// Arrow IPC, the stream or the file format, as many rows as it has.
    Arrow,
    /// A record of Avro, by one of these schemas.
    Avro(Arc<Schemas>),
}

/// How messages become rows.
#[derive(Debug, Clone)]
pub struct MessageSpec {
    /// How values are written.
    pub format: ValueFormat,
    /// The columns of values, then those of `fields`.
    pub columns: Vec<FileColumn>,
    /// What the last columns hold.
    pub fields: Vec<MessageField>,
    /// Which columns are made.
    pub wanted: Vec<Wanted>,
    /// Whether a message without a value is a row, in which the columns of values are missing.
    pub tombstones: bool,
}

/// A message, as its client has it.
#[derive(Debug, Clone, Copy)]
pub struct MessageView<'a> {
    /// The topic.
    pub topic: &'a str,
    /// The partition.
    pub partition: i32,
    /// The offset.
    pub offset: i64,
    /// Milliseconds since 1970.
    pub timestamp: Option<i64>,
    /// The key.
    pub key: Option<&'a [u8]>,
    /// The value.
    pub value: Option<&'a [u8]>,
    /// The headers, in order; empty where they are not asked for, see [`MessageDecoder::wants_headers`].
    pub headers: &'a [(&'a str, Option<&'a [u8]>)],
}

/// Why a message has become no row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unread {
    /// It is none.
    Refused(Reason),
    /// The schema with this id has to be known first, see [`Schemas`].
    Schema(u32),
}

impl From<Reason> for Unread {
    fn from(reason: Reason) -> Self {
        Self::Refused(reason)
    }
}

/// Decodes messages into columns.
///
/// # Examples
/// ```
/// use arrow_array::{cast::AsArray, types::Int64Type};
/// use millrace_core::column_type::ColumnType;
/// use millrace_io::message::{MessageDecoder, MessageField, MessageSpec, MessageView, ValueFormat};
/// use millrace_io::{FileColumn, Wanted};
///
/// let column = |name: &str, column_type| FileColumn { name: name.to_owned(), column_type };
/// let mut decoder = MessageDecoder::new(&MessageSpec {
///     format: ValueFormat::Json,
///     columns: vec![column("price", ColumnType::F64), column("offset", ColumnType::I64)],
///     fields: vec![MessageField::Offset],
///     wanted: vec![Wanted::Plain; 2],
///     tombstones: false,
/// })?;
/// let message = MessageView {
///     topic: "trades",
///     partition: 0,
///     offset: 7,
///     timestamp: None,
///     key: None,
///     value: Some(br#"{"price": 1.5}"#),
///     headers: &[],
/// };
/// assert_eq!(decoder.push(&message), Ok(1));
/// assert_eq!(decoder.push(&MessageView { value: None, ..message }), Ok(0));
/// let batch = decoder.finish()?;
/// assert_eq!(batch.columns[1].as_primitive::<Int64Type>().values(), &[7]);
/// # Ok::<(), millrace_io::ReadError>(())
/// ```
#[derive(Debug)]
pub struct MessageDecoder {
    values: Values,
    fields: Fields,
    tombstones: bool,
}

#[derive(Debug)]
enum Values {
    Records(RecordDecoder),
    Raw(RawValues),
    Arrow(ArrowValues),
    Avro(Box<AvroDecoder>),
}

impl MessageDecoder {
    /// A decoder of such messages.
    ///
    /// # Errors
    /// [`ReadError::InvalidArgument`] where there is not one `wanted` for each column, or the columns
    /// do not fit the format or the fields.
    pub fn new(spec: &MessageSpec) -> Result<Self, ReadError> {
        check_wanted(&spec.columns, &spec.wanted)?;
        let Some(count) = spec.columns.len().checked_sub(spec.fields.len()) else {
            return Err(ReadError::InvalidArgument(format!(
                "Cannot decode messages: there must be a column for each of {} fields, got {}",
                spec.fields.len(),
                spec.columns.len()
            )));
        };
        let (columns, others) = spec.columns.split_at(count);
        let (wanted, others_wanted) = spec.wanted.split_at(count);
        let records = |format| RecordDecoder::new(format, columns, wanted).map(Values::Records);
        let values = match &spec.format {
            ValueFormat::Json => records(RecordFormat::Json)?,
            ValueFormat::Csv(dialect) => records(RecordFormat::Csv(dialect.clone()))?,
            ValueFormat::Raw => Values::Raw(RawValues::new(columns, wanted)?),
            ValueFormat::Arrow => Values::Arrow(ArrowValues::new(columns, wanted)),
            ValueFormat::Avro(schemas) => {
                let decoder = AvroDecoder::new(Arc::clone(schemas), columns, wanted);
                Values::Avro(Box::new(decoder))
            }
        };
        Ok(Self {
            values,
            fields: Fields::new(&spec.fields, others, others_wanted)?,
            tombstones: spec.tombstones,
        })
    }

    /// Whether [`MessageView::headers`] are looked at.
    #[must_use]
    pub fn wants_headers(&self) -> bool {
        self.fields.wants_headers()
    }

    /// Decodes a message; gives how many rows it has become.
    ///
    /// # Errors
    /// Why it has become none; nothing is added then.
    #[inline]
    pub fn push(&mut self, message: &MessageView<'_>) -> Result<usize, Unread> {
        self.fields.check(message)?;
        let rows = match message.value {
            Some(value) => self.push_value(value)?,
            None if self.tombstones => {
                self.push_missing();
                1
            }
            None => 0,
        };
        for _ in 0..rows {
            self.fields.push(message);
        }
        Ok(rows)
    }

    #[inline]
    fn push_value(&mut self, value: &[u8]) -> Result<usize, Unread> {
        match &mut self.values {
            Values::Records(records) => records.push(value)?,
            Values::Raw(raw) => raw.push(value)?,
            Values::Arrow(arrow) => return Ok(arrow.push(value)?),
            Values::Avro(avro) => avro.push(value)?,
        }
        Ok(1)
    }

    fn push_missing(&mut self) {
        match &mut self.values {
            Values::Records(records) => records.push_missing(),
            Values::Raw(raw) => raw.push_missing(),
            Values::Arrow(arrow) => arrow.push_missing(),
            Values::Avro(avro) => avro.push_missing(),
        }
    }

    /// Rows so far.
    #[must_use]
    pub fn rows(&self) -> usize {
        match &self.values {
            Values::Records(records) => records.rows(),
            Values::Raw(raw) => raw.rows(),
            Values::Arrow(arrow) => arrow.rows(),
            Values::Avro(avro) => avro.rows(),
        }
    }

    /// The rows so far as a batch; the next one begins.
    ///
    /// # Errors
    /// [`ReadError::Corrupt`] where a column of Arrow values has more than fits an array.
    pub fn finish(&mut self) -> Result<Batch, ReadError> {
        let others = self.fields.finish();
        let mut batch = match &mut self.values {
            Values::Records(records) => records.finish(),
            Values::Raw(raw) => raw.finish(),
            Values::Arrow(arrow) => arrow.finish()?,
            Values::Avro(avro) => avro.finish(),
        };
        batch.columns.extend(others.columns);
        Ok(batch)
    }
}
