//! The bytes of a stream of records between being read and being decoded.

/// Bytes that are asked for at once.
const CHUNK: usize = 1 << 20;

/// Bytes of the stream that are not decoded yet.
#[derive(Debug, Default)]
pub(super) struct Buffer {
    pub(super) bytes: Vec<u8>,
    pub(super) start: usize,
    pub(super) end: usize,
    /// The line that the byte at `counted` is in.
    pub(super) line: u64,
    pub(super) counted: usize,
    /// The rest of a line that is too long is to be passed over.
    pub(super) skipping: bool,
    pub(super) at_header: bool,
    pub(super) at_beginning: bool,
}

impl Buffer {
    pub(super) fn begin(&mut self, has_header: bool) {
        *self = Self {
            bytes: std::mem::take(&mut self.bytes),
            line: 1,
            at_header: has_header,
            at_beginning: true,
            ..Self::default()
        };
    }

    /// The line that the byte at `at` is in.
    pub(super) fn line_at(&mut self, at: usize) -> u64 {
        let lines = memchr::memchr_iter(b'\n', &self.bytes[self.counted..at]).count();
        self.counted = at;
        self.line += lines as u64;
        self.line
    }

    /// Moves what is left to the front and makes room behind it.
    pub(super) fn make_room(&mut self) {
        self.line_at(self.start);
        self.bytes.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        self.counted = 0;
        // Twice as much where a record is longer, so that it is not looked at again and again.
        let room = CHUNK.max(self.end);
        if self.bytes.len() < self.end + room {
            self.bytes.resize(self.end + room, 0);
        }
    }
}
