//! Arrow IPC, files and streams, batch by batch.
//!
//! Both are read from front to back, message by message: a file is a stream with a footer behind it,
//! which is not needed but where the schema is nowhere else. Lengths are checked before they are
//! believed.

mod indexed_file;

use std::collections::VecDeque;
use std::sync::Arc;

use arrow_array::{ArrayRef, NullArray, RecordBatch};
use arrow_buffer::Buffer;
use arrow_ipc::reader::StreamDecoder;
use arrow_ipc::{MessageHeader, root_as_message};
use arrow_schema::Schema;
use millrace_core::batch::Batch;

use crate::column::{FileColumn, Wanted};
use crate::convert::{column_type, plan_column, text_column};
use crate::error::ReadError;
use crate::input::{ByteStream, Bytes, Input};
use crate::reading::{Decode, Decoded, Decoder, Reading, Signal, guard};
use indexed_file::IndexedFile;

const MAGIC: &[u8] = b"ARROW1";
const CONTINUES: [u8; 4] = [0xff; 4];
/// The message that ends a stream.
const END: &[u8] = &[0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0];
/// Most bytes of a message: of what describes it, and of its buffers.
const MAX_HEAD: usize = 64 << 20;
const MAX_BODY: usize = 2 << 30;

/// The columns of a file or stream, from its first message.
///
/// # Errors
/// A [`ReadError`]; [`ReadError::Corrupt`] where it is no Arrow IPC.
pub fn arrow_columns(path: &str) -> Result<Vec<FileColumn>, ReadError> {
    let mut input = Input::new(Bytes::Files(vec![path.to_owned()]), Signal::new(|| {}));
    let Some(stream) = input.next_stream()? else {
        return Ok(Vec::new());
    };
    schema_of(stream)
}

/// The same of the first bytes of a stream.
///
/// # Errors
/// [`ReadError::Corrupt`] where they are no schema.
pub fn arrow_sample(name: &str, sample: Vec<u8>) -> Result<Vec<FileColumn>, ReadError> {
    schema_of(ByteStream::new(name, std::io::Cursor::new(sample))?)
}

fn schema_of(stream: ByteStream) -> Result<Vec<FileColumn>, ReadError> {
    let name = stream.name.clone();
    guard(&name, || {
        let mut messages = Messages::new(stream)?;
        // The schema may be there where the rest is not yet.
        let read = messages.next_batch();
        match (messages.columns(), read) {
            (Some(found), _) => Ok(found.into_iter().map(|(_, column)| column).collect()),
            (None, Err(error)) => Err(error),
            (None, Ok(_)) => Err(corrupt(&name, &"it has no schema")),
        }
    })
}

/// Begins reading files or a stream of these columns, in batches of up to `rows` rows.
///
/// # Errors
/// [`ReadError::InvalidArgument`] for options that do not fit each other. What goes wrong later comes
/// in the place of a batch.
pub fn read_arrow(
    bytes: Bytes,
    columns: Vec<FileColumn>,
    wanted: &[Wanted],
    rows: usize,
    signal: Signal,
) -> Result<Reading, ReadError> {
    let decoder = arrow_decoder(bytes, columns, wanted, rows, signal.clone())?;
    Reading::begin(decoder, signal)
}

/// What reads files or a stream as [`read_arrow`] does.
///
/// # Errors
/// Those of [`read_arrow`].
pub fn arrow_decoder(
    bytes: Bytes,
    columns: Vec<FileColumn>,
    wanted: &[Wanted],
    rows: usize,
    signal: Signal,
) -> Result<Decoder, ReadError> {
    crate::text::check_wanted(&columns, wanted)?;
    Ok(Decoder::new(ArrowReader {
        input: Input::new(bytes, signal),
        messages: None,
        columns,
        wanted: wanted.to_vec(),
        rows: rows.max(1),
        ready: VecDeque::new(),
    }))
}

struct ArrowReader {
    input: Input,
    /// The stream being read, and for each column its index in it.
    messages: Option<(Messages, Vec<usize>)>,
    columns: Vec<FileColumn>,
    wanted: Vec<Wanted>,
    rows: usize,
    ready: VecDeque<RecordBatch>,
}

impl Decode for ArrowReader {
    fn next(&mut self) -> Result<Option<Decoded>, ReadError> {
        loop {
            if let (Some(part), Some((messages, indices))) =
                (self.ready.pop_front(), &self.messages)
            {
                return self.decoded(&messages.name, indices, &part).map(Some);
            }
            let Some((messages, _)) = &mut self.messages else {
                let Some(stream) = self.input.next_stream()? else {
                    return Ok(None);
                };
                self.messages = Some(self.begin(stream)?);
                continue;
            };
            match messages.next_batch()? {
                Some(batch) => {
                    let parts = (0..batch.num_rows()).step_by(self.rows);
                    self.ready.extend(
                        parts.map(|start| {
                            batch.slice(start, self.rows.min(batch.num_rows() - start))
                        }),
                    );
                }
                None => self.messages = None,
            }
        }
    }

    fn name(&self) -> String {
        self.input.name()
    }
}

impl ArrowReader {
    fn begin(&mut self, stream: ByteStream) -> Result<(Messages, Vec<usize>), ReadError> {
        let mut messages = Messages::new(stream)?;
        if let Some(first) = messages.next_batch()? {
            messages.put_back(first);
        }
        let indices = messages.indices_of(&self.columns)?;
        Ok((messages, indices))
    }

    fn decoded(
        &self,
        name: &str,
        indices: &[usize],
        part: &RecordBatch,
    ) -> Result<Decoded, ReadError> {
        let unused: ArrayRef = Arc::new(NullArray::new(0));
        let columns = indices
            .iter()
            .zip(&self.wanted)
            .map(|(&index, &wanted)| match wanted {
                Wanted::Unused => Ok(Arc::clone(&unused)),
                _ => plan_column(part.column(index))
                    .and_then(|array| text_column(array, wanted))
                    .ok_or_else(|| beyond_range(name)),
            })
            .collect::<Result<_, _>>()?;
        Ok(Decoded {
            batch: Batch {
                rows: part.num_rows(),
                columns,
            },
            refused: Vec::new(),
        })
    }
}

/// The messages of a stream.
pub(crate) struct Messages {
    name: Arc<str>,
    stream: ByteStream,
    decoder: StreamDecoder,
    /// Bytes that were read to see what the stream is.
    head: Vec<u8>,
    is_file: bool,
    /// The schema has come, though it may not be decoded yet.
    has_schema: bool,
    /// What of the last message is not decoded: one without buffers is only complete with the next.
    rest: Buffer,
    next: Option<RecordBatch>,
    ended: bool,
    /// What is read in place of the stream, where that has no schema.
    indexed: Option<IndexedFile>,
}

impl Messages {
    pub(crate) fn new(mut stream: ByteStream) -> Result<Self, ReadError> {
        let mut head = Vec::new();
        stream.read_into(&mut head, 8)?;
        let is_file = head.starts_with(MAGIC);
        if is_file {
            // Some writers pad the magic to more than 8 bytes.
            loop {
                head.clear();
                stream.read_into(&mut head, 8)?;
                if head.is_empty() || head.iter().any(|&byte| byte != 0) {
                    break;
                }
            }
        }
        Ok(Self {
            name: Arc::clone(&stream.name),
            stream,
            decoder: StreamDecoder::new(),
            head,
            is_file,
            has_schema: false,
            rest: Buffer::from_vec(Vec::<u8>::new()),
            next: None,
            ended: false,
            indexed: None,
        })
    }

    /// Of each of these columns its index, once a batch was read.
    pub(crate) fn indices_of(&self, columns: &[FileColumn]) -> Result<Vec<usize>, ReadError> {
        let found = self
            .columns()
            .ok_or_else(|| corrupt(&self.name, &"it has no schema"))?;
        let index_of = |column: &FileColumn| {
            let same = found.iter().find(|(_, other)| other == column);
            same.map(|(index, _)| *index).ok_or_else(|| {
                let FileColumn { name, column_type } = column;
                let detail = format!("it has no column '{name}' of type {column_type}");
                corrupt(&self.name, &detail)
            })
        };
        columns.iter().map(index_of).collect()
    }

    fn put_back(&mut self, batch: RecordBatch) {
        self.next = Some(batch);
    }

    /// The columns that plans can take, each with its index.
    fn columns(&self) -> Option<Vec<(usize, FileColumn)>> {
        match &self.indexed {
            Some(file) => Some(plan_columns(file.schema())),
            None => Some(plan_columns(&*self.decoder.schema()?)),
        }
    }

    pub(crate) fn next_batch(&mut self) -> Result<Option<RecordBatch>, ReadError> {
        if let Some(batch) = self.next.take() {
            return Ok(Some(batch));
        }
        loop {
            if let Some(file) = &mut self.indexed {
                return file.next_batch();
            }
            while !self.rest.is_empty() {
                let decoded = self.decoder.decode(&mut self.rest);
                if let Some(batch) = decoded.map_err(|error| corrupt(&self.name, &error))? {
                    return Ok(Some(batch));
                }
            }
            if self.ended {
                return Ok(None);
            }
            self.rest = match self.message()? {
                Some(message) => Buffer::from_vec(message),
                None if self.lacks_schema() => self.go_by_footer()?,
                None => {
                    self.ended = true;
                    Buffer::from(END)
                }
            };
        }
    }

    /// One message with its buffers; none at the end.
    fn message(&mut self) -> Result<Option<Vec<u8>>, ReadError> {
        let mut message = std::mem::take(&mut self.head);
        self.fill(&mut message, 4)?;
        if message.is_empty() {
            return Ok(None);
        }
        let mut at = 0;
        if message.starts_with(&CONTINUES) {
            self.fill(&mut message, 8)?;
            at = 4;
        } else if self.is_file {
            // The footer.
            return Ok(None);
        }
        let Some(length) = message
            .get(at..at + 4)
            .and_then(|bytes| bytes.try_into().ok())
        else {
            return Err(self.cut_off());
        };
        let length = u32::from_le_bytes(length) as usize;
        if length == 0 {
            return Ok(None);
        }
        if length > MAX_HEAD {
            return Err(corrupt(
                &self.name,
                &format!("a message head has {length} bytes"),
            ));
        }
        let start = at + 4;
        self.fill(&mut message, start + length)?;
        let Some(head) = message.get(start..start + length) else {
            return Err(self.cut_off());
        };
        let parsed = root_as_message(head).map_err(|error| corrupt(&self.name, &error))?;
        if parsed.header_type() == MessageHeader::Schema {
            self.has_schema = true;
        } else if self.lacks_schema() {
            return Ok(None);
        }
        let body = usize::try_from(parsed.bodyLength()).unwrap_or(usize::MAX);
        if body > MAX_BODY {
            return Err(corrupt(&self.name, &format!("a message has {body} bytes")));
        }
        let end = start + length + body;
        self.fill(&mut message, end)?;
        if message.len() < end {
            return Err(self.cut_off());
        }
        Ok(Some(message))
    }

    fn lacks_schema(&self) -> bool {
        self.is_file && !self.has_schema
    }

    /// Goes on by the footer; no message is left to be decoded.
    fn go_by_footer(&mut self) -> Result<Buffer, ReadError> {
        if !self.stream.is_plain_file {
            return Err(corrupt(
                &self.name,
                &"its schema is at its end: it must be an uncompressed file, or a stream that begins with its schema",
            ));
        }
        self.indexed = Some(IndexedFile::open(&self.name)?);
        Ok(Buffer::from_vec(Vec::<u8>::new()))
    }

    /// Reads on until there are `length` bytes, or the stream ends.
    fn fill(&mut self, message: &mut Vec<u8>, length: usize) -> Result<(), ReadError> {
        let missing = length.saturating_sub(message.len());
        self.stream.read_into(message, missing)?;
        Ok(())
    }

    fn cut_off(&self) -> ReadError {
        corrupt(&self.name, &"it ends within a message")
    }
}

/// The columns of a schema that plans can take, each with its index.
pub(crate) fn plan_columns(schema: &Schema) -> Vec<(usize, FileColumn)> {
    let fields = schema.fields().iter().enumerate();
    fields
        .filter_map(|(index, field)| {
            let column = FileColumn {
                name: field.name().clone(),
                column_type: column_type(field.data_type())?,
            };
            Some((index, column))
        })
        .collect()
}

/// A time beyond what nanoseconds can say.
pub(crate) fn beyond_range(path: &str) -> ReadError {
    corrupt(path, &"a value is beyond the range of its column")
}

fn corrupt(path: &str, detail: &dyn std::fmt::Display) -> ReadError {
    ReadError::Corrupt {
        path: path.to_owned(),
        format: "Arrow IPC",
        detail: detail.to_string(),
    }
}
