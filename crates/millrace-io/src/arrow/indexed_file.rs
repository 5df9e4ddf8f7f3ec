//! Arrow IPC files whose schema is in their footer only, as the JavaScript implementation of Arrow
//! writes them: read by that index, message by message.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_buffer::Buffer;
use arrow_ipc::convert::try_fb_to_schema;
use arrow_ipc::reader::{FileDecoder, read_footer_length};
use arrow_ipc::{Block, root_as_footer};
use arrow_schema::{ArrowError, SchemaRef};

use super::{MAX_BODY, MAX_HEAD, corrupt};
use crate::error::ReadError;

/// Length of the footer and the magic, with which a file ends.
const TRAILER: u64 = 10;

/// A file and what of it is still to be read.
pub(super) struct IndexedFile {
    path: Arc<str>,
    file: File,
    length: u64,
    schema: SchemaRef,
    decoder: FileDecoder,
    dictionaries: VecDeque<Block>,
    batches: VecDeque<Block>,
}

impl IndexedFile {
    pub(super) fn open(path: &Arc<str>) -> Result<Self, ReadError> {
        let io = |error: std::io::Error| ReadError::io(path, &error);
        let damaged = |error: ArrowError| corrupt(path, &error);
        let mut file = File::open(&**path).map_err(io)?;
        let length = file.metadata().map_err(io)?.len();
        let mut read = |from: u64, bytes: u64| {
            let buffer = read_at(&mut file, length, from, bytes);
            buffer.map_err(|error| ReadError::io(path, &error))
        };
        let cut_off = || corrupt(path, &"it has no footer");
        let end = length.checked_sub(TRAILER).ok_or_else(cut_off)?;
        let trailer = read(end, TRAILER)?.ok_or_else(cut_off)?;
        let trailer = trailer.as_slice().try_into().map_err(|_| cut_off())?;
        let size = read_footer_length(trailer).map_err(damaged)?;
        if size > MAX_HEAD {
            return Err(corrupt(path, &format!("its footer has {size} bytes")));
        }
        let size = size as u64;
        let start = end.checked_sub(size).ok_or_else(cut_off)?;
        let footer = read(start, size)?.ok_or_else(cut_off)?;
        let footer = root_as_footer(&footer).map_err(|error| corrupt(path, &error))?;
        let schema = footer
            .schema()
            .ok_or_else(|| corrupt(path, &"it has no schema"))?;
        let schema = SchemaRef::new(try_fb_to_schema(schema).map_err(damaged)?);
        Ok(Self {
            path: Arc::clone(path),
            length,
            decoder: FileDecoder::new(Arc::clone(&schema), footer.version()),
            dictionaries: footer.dictionaries().iter().flatten().copied().collect(),
            batches: footer.recordBatches().iter().flatten().copied().collect(),
            schema,
            file,
        })
    }

    pub(super) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    pub(super) fn next_batch(&mut self) -> Result<Option<RecordBatch>, ReadError> {
        while let Some(block) = self.dictionaries.pop_front() {
            let message = self.message(&block)?;
            let read = self.decoder.read_dictionary(&block, &message);
            read.map_err(|error| corrupt(&self.path, &error))?;
        }
        while let Some(block) = self.batches.pop_front() {
            let message = self.message(&block)?;
            let read = self.decoder.read_record_batch(&block, &message);
            if let Some(batch) = read.map_err(|error| corrupt(&self.path, &error))? {
                return Ok(Some(batch));
            }
        }
        Ok(None)
    }

    /// A message with its buffers, which the footer says to lie here.
    fn message(&mut self, block: &Block) -> Result<Buffer, ReadError> {
        let place = || {
            let head = u64::try_from(block.metaDataLength()).ok()?;
            let body = u64::try_from(block.bodyLength()).ok()?;
            let fits = head <= MAX_HEAD as u64 && body <= MAX_BODY as u64;
            fits.then_some((u64::try_from(block.offset()).ok()?, head + body))
        };
        let read = match place() {
            Some((from, bytes)) => read_at(&mut self.file, self.length, from, bytes)
                .map_err(|error| ReadError::io(&self.path, &error))?,
            None => None,
        };
        read.map(Buffer::from_vec).ok_or_else(|| {
            corrupt(
                &self.path,
                &"its footer tells of a message that is not there",
            )
        })
    }
}

/// Bytes of a file; none where it is too short for them.
fn read_at(
    file: &mut File,
    length: u64,
    from: u64,
    bytes: u64,
) -> std::io::Result<Option<Vec<u8>>> {
    if from.checked_add(bytes).is_none_or(|end| end > length) {
        return Ok(None);
    }
    file.seek(SeekFrom::Start(from))?;
    let mut buffer = Vec::new();
    file.take(bytes).read_to_end(&mut buffer)?;
    Ok((buffer.len() as u64 == bytes).then_some(buffer))
}
