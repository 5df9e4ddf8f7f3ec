//! Where bytes come from: files one after the other, or chunks that are fed in; unpacked where they
//! are compressed.

use std::collections::VecDeque;
use std::fmt;
use std::fs::File;
use std::io::{self, Cursor, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};

use crate::error::ReadError;
use crate::reading::Signal;

/// What is read.
#[derive(Debug)]
pub enum Bytes {
    /// Files, in this order.
    Files(Vec<String>),
    /// What a [`Feed`] is given.
    Fed(Fed),
}

/// The end of a stream of bytes that they are put in at.
#[derive(Debug)]
pub struct Feed {
    sender: Option<Sender<Vec<u8>>>,
    held: Arc<AtomicUsize>,
}

/// The end of a stream of bytes that they are read at.
#[derive(Debug)]
pub struct Fed {
    name: String,
    receiver: Receiver<Vec<u8>>,
    held: Arc<AtomicUsize>,
}

/// A stream of bytes, of this name in messages.
#[must_use]
pub fn feed(name: &str) -> (Feed, Fed) {
    let (sender, receiver) = channel();
    let held = Arc::new(AtomicUsize::new(0));
    let feed = Feed {
        sender: Some(sender),
        held: Arc::clone(&held),
    };
    let fed = Fed {
        name: name.to_owned(),
        receiver,
        held,
    };
    (feed, fed)
}

impl Feed {
    /// Takes a chunk in. Never waits: whoever calls it looks at [`Self::held`].
    pub fn push(&self, chunk: Vec<u8>) {
        if let Some(sender) = &self.sender {
            let bytes = chunk.len();
            self.held.fetch_add(bytes, Ordering::SeqCst);
            if sender.send(chunk).is_err() {
                self.held.fetch_sub(bytes, Ordering::SeqCst);
            }
        }
    }

    /// There are no more chunks.
    pub fn end(&mut self) {
        self.sender = None;
    }

    /// Bytes that wait to be read.
    #[must_use]
    pub fn held(&self) -> usize {
        self.held.load(Ordering::SeqCst)
    }
}

/// Reads what was fed, waiting for more.
struct FedReader {
    fed: Fed,
    chunk: Cursor<Vec<u8>>,
    signal: Signal,
}

impl FedReader {
    fn take(&mut self, chunk: Vec<u8>) {
        self.fed.held.fetch_sub(chunk.len(), Ordering::SeqCst);
        self.chunk = Cursor::new(chunk);
        self.signal.notify();
    }
}

impl Read for FedReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.chunk.read(buffer)?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            match self.fed.receiver.recv() {
                Ok(chunk) => self.take(chunk),
                Err(_) => return Ok(0),
            }
        }
    }
}

/// The streams of an input, one after the other.
pub(crate) struct Input {
    files: VecDeque<String>,
    fed: Option<(Fed, Signal)>,
    held: Option<Arc<AtomicUsize>>,
    name: String,
}

impl fmt::Debug for Input {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Input")
            .field("name", &self.name)
            .finish()
    }
}

impl Input {
    pub(crate) fn new(bytes: Bytes, signal: Signal) -> Self {
        match bytes {
            Bytes::Files(files) => Self {
                name: files.first().cloned().unwrap_or_default(),
                files: files.into(),
                fed: None,
                held: None,
            },
            Bytes::Fed(fed) => Self {
                name: fed.name.clone(),
                files: VecDeque::new(),
                held: Some(Arc::clone(&fed.held)),
                fed: Some((fed, signal)),
            },
        }
    }

    /// What is read first, for messages.
    pub(crate) fn name(&self) -> String {
        self.name.clone()
    }

    /// Whether nothing is there to be read right now, and more may be long in coming.
    pub(crate) fn is_dry(&self) -> bool {
        let held = self.held.as_ref();
        held.is_some_and(|held| held.load(Ordering::SeqCst) == 0)
    }

    /// The next stream, none after the last.
    pub(crate) fn next_stream(&mut self) -> Result<Option<ByteStream>, ReadError> {
        if let Some((fed, signal)) = self.fed.take() {
            let name = fed.name.clone();
            let reader = FedReader {
                fed,
                chunk: Cursor::new(Vec::new()),
                signal,
            };
            return ByteStream::new(&name, reader).map(Some);
        }
        let Some(path) = self.files.pop_front() else {
            return Ok(None);
        };
        let file = File::open(&path).map_err(|error| ReadError::io(&path, &error))?;
        let is_regular = file.metadata().is_ok_and(|metadata| metadata.is_file());
        let mut stream = ByteStream::new(&path, file)?;
        stream.is_plain_file = is_regular && stream.packing.is_none();
        Ok(Some(stream))
    }
}

/// The bytes of one file or of one feed, unpacked.
pub(crate) struct ByteStream {
    pub(crate) name: Arc<str>,
    reader: Box<dyn Read + Send>,
    packing: Option<&'static str>,
    /// Whether `name` is the path of a file that holds just these bytes.
    pub(crate) is_plain_file: bool,
}

impl ByteStream {
    /// Looks at the first bytes, which say whether and how the rest is compressed.
    pub(crate) fn new(name: &str, mut raw: impl Read + Send + 'static) -> Result<Self, ReadError> {
        let mut head = [0; 4];
        let mut length = 0;
        while length < head.len() {
            match raw.read(&mut head[length..]) {
                Ok(0) => break,
                Ok(read) => length += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(ReadError::io(name, &error)),
            }
        }
        let bytes = Cursor::new(head).take(length as u64).chain(raw);
        let (reader, packing): (Box<dyn Read + Send>, _) = match head {
            [0x1f, 0x8b, ..] => (
                Box::new(flate2::read::MultiGzDecoder::new(bytes)),
                Some("gzip"),
            ),
            [0x28, 0xb5, 0x2f, 0xfd] => {
                let decoder = zstd::stream::read::Decoder::new(bytes);
                (
                    Box::new(decoder.map_err(|error| ReadError::io(name, &error))?),
                    Some("zstd"),
                )
            }
            _ => (Box::new(bytes), None),
        };
        Ok(Self {
            name: name.into(),
            reader,
            packing,
            is_plain_file: false,
        })
    }

    /// Reads some bytes, none at the end.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> Result<usize, ReadError> {
        loop {
            match self.reader.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    return Err(match self.packing {
                        Some(format) if error.raw_os_error().is_none() => ReadError::Corrupt {
                            path: self.name.to_string(),
                            format,
                            detail: error.to_string(),
                        },
                        _ => ReadError::io(&self.name, &error),
                    });
                }
                Ok(read) => return Ok(read),
            }
        }
    }

    /// Appends exactly `length` bytes to `bytes`, fewer only at the end of the stream. Memory is taken
    /// as they come, not as they are announced.
    pub(crate) fn read_into(
        &mut self,
        bytes: &mut Vec<u8>,
        length: usize,
    ) -> Result<usize, ReadError> {
        const STEP: usize = 1 << 20;
        let mut read = 0;
        while read < length {
            let start = bytes.len();
            bytes.resize(start + STEP.min(length - read), 0);
            let more = self.read(&mut bytes[start..])?;
            bytes.truncate(start + more);
            if more == 0 {
                break;
            }
            read += more;
        }
        Ok(read)
    }
}
