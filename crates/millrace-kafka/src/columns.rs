//! Messages decoded into columns as they come.

use std::sync::Arc;

use millrace_core::batch::Batch;
use millrace_io::avro::{Schema, Schemas};
use millrace_io::message::{MessageDecoder, MessageSpec, MessageView, Unread, ValueFormat};
use rdkafka::message::{Header, Headers, Message};

use crate::failure::Failure;

/// What a message counts for besides its bytes.
const OVERHEAD: usize = 16;

/// How messages become columns.
#[derive(Clone, Debug)]
pub struct ColumnSettings {
    /// How they are decoded.
    pub spec: MessageSpec,
    /// Whether a batch ends with a message that is no row.
    pub strict: bool,
}

impl ColumnSettings {
    /// The schemas that values are decoded by, if they are Avro.
    pub(crate) fn schemas(&self) -> Option<Arc<Schemas>> {
        match &self.spec.format {
            ValueFormat::Avro(schemas) => Some(Arc::clone(schemas)),
            _ => None,
        }
    }
}

/// Messages of one partition, in order, as columns.
#[derive(Debug)]
pub struct ColumnMessages {
    /// The rows; there may be none.
    pub batch: Batch,
    /// The offset of the first message.
    pub first: i64,
    /// The offset of the last message.
    pub last: i64,
    /// Messages that are no rows.
    pub refused: Vec<RefusedMessage>,
    /// Messages without a value.
    pub tombstones: usize,
    /// Bytes that are held meanwhile, about.
    pub size: usize,
}

/// A message that was left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedMessage {
    /// Its offset.
    pub offset: i64,
    /// What is wrong with it.
    pub reason: String,
    /// Its value, bytes that are no UTF-8 replaced.
    pub text: String,
}

/// Decodes the messages of one partition, batch by batch.
#[derive(Debug)]
pub(crate) struct ColumnGather {
    decoder: MessageDecoder,
    strict: bool,
    wants_headers: bool,
    first: i64,
    last: i64,
    count: usize,
    size: usize,
    tombstones: usize,
    refused: Vec<RefusedMessage>,
}

impl ColumnGather {
    pub(crate) fn new(settings: &ColumnSettings) -> Result<Self, Failure> {
        let decoder = MessageDecoder::new(&settings.spec)
            .map_err(|error| Failure::refused(error.to_string()))?;
        Ok(Self {
            wants_headers: decoder.wants_headers(),
            decoder,
            strict: settings.strict,
            first: 0,
            last: 0,
            count: 0,
            size: 0,
            tombstones: 0,
            refused: Vec::new(),
        })
    }

    /// Takes a message; gives the id of a schema that has to be known first, and has not taken it then.
    pub(crate) fn push(&mut self, topic: &str, message: &impl Message) -> Result<(), u32> {
        let mut headers = Vec::new();
        if self.wants_headers
            && let Some(found) = message.headers()
        {
            headers.extend(found.iter().map(|Header { key, value }| (key, value)));
        }
        let view = MessageView {
            topic,
            partition: message.partition(),
            offset: message.offset(),
            timestamp: message.timestamp().to_millis(),
            key: message.key(),
            value: message.payload(),
            headers: &headers,
        };
        match self.decoder.push(&view) {
            Ok(_) => {}
            Err(Unread::Schema(id)) => return Err(id),
            Err(Unread::Refused(reason)) => {
                let text = String::from_utf8_lossy(view.value.unwrap_or_default());
                self.size += text.len();
                self.refused.push(RefusedMessage {
                    offset: view.offset,
                    reason: reason.to_string(),
                    text: text.into_owned(),
                });
            }
        }
        if self.count == 0 {
            self.first = view.offset;
        }
        self.last = view.offset;
        self.count += 1;
        self.tombstones += usize::from(view.value.is_none());
        let bytes = [view.key, view.value].map(|part| part.map_or(0, <[u8]>::len));
        self.size += bytes.iter().sum::<usize>() + OVERHEAD;
        Ok(())
    }

    /// Messages or rows, whatever there are more of.
    pub(crate) fn len(&self) -> usize {
        self.count.max(self.decoder.rows())
    }

    pub(crate) fn size(&self) -> usize {
        self.size
    }

    /// Whether the batch ends here, however small it is.
    pub(crate) fn must_end(&self) -> bool {
        self.strict && !self.refused.is_empty()
    }

    pub(crate) fn take(&mut self) -> Result<ColumnMessages, Failure> {
        let batch = self
            .decoder
            .finish()
            .map_err(|error| Failure::refused(error.to_string()))?;
        self.count = 0;
        Ok(ColumnMessages {
            batch,
            first: self.first,
            last: self.last,
            refused: std::mem::take(&mut self.refused),
            tombstones: std::mem::take(&mut self.tombstones),
            size: std::mem::take(&mut self.size),
        })
    }
}

/// Parses a schema that a registry gave, for [`crate::consumer::Consumer::add_schema`].
pub(crate) fn parse(texts: Result<Vec<String>, String>) -> Result<Schema, String> {
    Schema::parse(&texts?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::cast::AsArray;
    use arrow_array::types::{Float64Type, Int64Type};
    use millrace_core::column_type::ColumnType;
    use millrace_io::message::MessageField;
    use millrace_io::{FileColumn, Wanted};
    use rdkafka::message::{OwnedMessage, Timestamp};

    fn gather(strict: bool) -> ColumnGather {
        let column = |name: &str, column_type| FileColumn {
            name: name.to_owned(),
            column_type,
        };
        let spec = MessageSpec {
            format: ValueFormat::Json,
            columns: vec![
                column("n", ColumnType::F64),
                column("offset", ColumnType::I64),
            ],
            fields: vec![MessageField::Offset],
            wanted: vec![Wanted::Plain; 2],
            tombstones: false,
        };
        ColumnGather::new(&ColumnSettings { spec, strict }).expect("fits")
    }

    fn message(offset: i64, value: Option<&str>) -> OwnedMessage {
        let value = value.map(|text| text.as_bytes().to_vec());
        let time = Timestamp::CreateTime(1000);
        OwnedMessage::new(value, None, "t".to_owned(), time, 0, offset, None)
    }

    #[test]
    fn gathers_rows_and_says_what_was_left_out() {
        let mut gather = gather(false);
        for (offset, value) in [
            (5, Some(r#"{"n":1}"#)),
            (6, None),
            (8, Some("x")),
            (9, Some(r#"{"n":2}"#)),
        ] {
            assert_eq!(gather.push("t", &message(offset, value)), Ok(()));
        }
        assert_eq!((gather.len(), gather.must_end()), (4, false));
        let held = gather.size();
        let taken = gather.take().expect("is whole");
        assert_eq!((taken.first, taken.last, taken.tombstones), (5, 9, 1));
        assert_eq!(taken.size, held);
        assert_eq!(
            taken.batch.columns[0]
                .as_primitive::<Float64Type>()
                .values(),
            &[1.0, 2.0]
        );
        assert_eq!(
            taken.batch.columns[1].as_primitive::<Int64Type>().values(),
            &[5, 9]
        );
        let [refused] = taken.refused.as_slice() else {
            panic!("one was refused");
        };
        assert_eq!((refused.offset, refused.text.as_str()), (8, "x"));
        assert_eq!((gather.len(), gather.size()), (0, 0));
    }

    #[test]
    fn ends_a_batch_with_what_is_no_row() {
        let mut gather = gather(true);
        assert_eq!(gather.push("t", &message(0, Some("x"))), Ok(()));
        assert!(gather.must_end());
        assert!(gather.take().is_ok_and(|taken| taken.batch.rows == 0));
        assert!(!gather.must_end());
    }
}
