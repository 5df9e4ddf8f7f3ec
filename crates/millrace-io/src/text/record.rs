//! Records that are apart already, such as the values of messages.

use millrace_core::batch::Batch;

use crate::column::{FileColumn, Wanted};
use crate::error::ReadError;
use crate::text::csv::{CsvDecoder, CsvDialect, Read};
use crate::text::json::JsonDecoder;
use crate::text::reason::Reason;
use crate::text::rows::Rows;

/// How a record is written.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecordFormat {
    /// One object of JSON, whose fields are the columns; white space around it may hold line ends.
    Json,
    /// One line of CSV, its fields in the order of the columns; a line end behind it may be there.
    Csv(CsvDialect),
}

/// Decodes records into columns, one row each.
///
/// JSON: fields that are no columns are passed over, columns without a field are missing, and of
/// several fields of one name the last counts. A `utf8` column holds a string as it is and any other
/// value as its JSON text. Times are text in ISO 8601, or milliseconds. An integer may be written as
/// `1.0` or `1e3`.
///
/// # Examples
/// ```
/// use arrow_array::{cast::AsArray, types::Float64Type};
/// use millrace_core::column_type::ColumnType;
/// use millrace_io::text::{RecordDecoder, RecordFormat};
/// use millrace_io::{FileColumn, Wanted};
///
/// let columns = [FileColumn { name: "price".to_owned(), column_type: ColumnType::F64 }];
/// let mut decoder = RecordDecoder::new(RecordFormat::Json, &columns, &[Wanted::Plain])?;
/// assert!(decoder.push(br#"{"price": 1.5, "size": 3}"#).is_ok());
/// let reason = decoder.push(br#"{"price": "x"}"#).unwrap_err();
/// assert_eq!(reason.to_string(), r#"column 'price' must be f64, got "x""#);
/// let batch = decoder.finish();
/// assert_eq!(batch.rows, 1);
/// assert_eq!(batch.columns[0].as_primitive::<Float64Type>().value(0), 1.5);
/// # Ok::<(), millrace_io::ReadError>(())
/// ```
#[derive(Debug)]
pub struct RecordDecoder {
    decoder: Decoder,
    rows: Rows,
}

#[derive(Debug)]
enum Decoder {
    Json(JsonDecoder),
    Csv(CsvDecoder),
}

impl RecordDecoder {
    /// A decoder into these columns, of which those are made that are wanted.
    ///
    /// # Errors
    /// [`ReadError::InvalidArgument`] where there is not one `wanted` for each column.
    pub fn new(
        format: RecordFormat,
        columns: &[FileColumn],
        wanted: &[Wanted],
    ) -> Result<Self, ReadError> {
        check_wanted(columns, wanted)?;
        let rows = Rows::new(columns, wanted);
        let decoder = match format {
            RecordFormat::Json => Decoder::Json(JsonDecoder::new(&rows, false)),
            RecordFormat::Csv(dialect) => Decoder::Csv(CsvDecoder::new(dialect, places(&rows))),
        };
        Ok(Self { decoder, rows })
    }

    /// Decodes one record as the next row.
    ///
    /// # Errors
    /// Why the record is none; no row is added then.
    pub fn push(&mut self, record: &[u8]) -> Result<(), Reason> {
        let result = self.read(record);
        match result {
            Ok(()) => self.rows.commit(),
            Err(_) => self.rows.abandon(),
        }
        result
    }

    fn read(&mut self, record: &[u8]) -> Result<(), Reason> {
        let text = utf8(record)?;
        let rows = &mut self.rows;
        let end = match &mut self.decoder {
            Decoder::Json(json) => {
                let start = json.space(record, 0);
                let end = json.record(text, start, rows)?;
                json.space(record, end)
            }
            Decoder::Csv(csv) => match csv.record(text, 0, true, rows) {
                Read::Row(end) => end,
                Read::Refused(_, reason) => return Err(reason),
                Read::Incomplete => return Err(Reason::new("the record is incomplete")),
            },
        };
        if end < text.len() {
            return Err(Reason::expected("the end of the record", text, end));
        }
        Ok(())
    }

    /// Adds a row in which all columns are missing.
    pub fn push_missing(&mut self) {
        self.rows.commit();
    }

    /// Rows so far.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows.len()
    }

    /// The rows so far as a batch; the next one begins. What is known of the records and of their
    /// strings is kept.
    pub fn finish(&mut self) -> Batch {
        self.rows.finish()
    }
}

/// The columns that are used, by their place.
pub(crate) fn places(rows: &Rows) -> Vec<Option<usize>> {
    let columns = rows.columns.iter().enumerate();
    columns
        .map(|(index, column)| column.is_used().then_some(index))
        .collect()
}

/// Refuses a list that does not say of each column whether it is wanted.
pub(crate) fn check_wanted(columns: &[FileColumn], wanted: &[Wanted]) -> Result<(), ReadError> {
    if columns.len() == wanted.len() {
        return Ok(());
    }
    Err(ReadError::InvalidArgument(format!(
        "Cannot decode: there must be {} wanted columns, got {}",
        columns.len(),
        wanted.len()
    )))
}

/// Bytes as text.
pub(crate) fn utf8(bytes: &[u8]) -> Result<&str, Reason> {
    std::str::from_utf8(bytes)
        .map_err(|error| Reason::new(format!("invalid UTF-8 at byte {}", error.valid_up_to())))
}
