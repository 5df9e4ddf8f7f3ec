//! Messages of a batch in two buffers: numbers that say where each one is, and the bytes of all.

use rdkafka::message::{Header, Headers, Message, OwnedHeaders};

/// Numbers of each message in [`Packed::numbers`].
pub const NUMBERS: usize = 5;

/// Stands for a key or value that is missing, in place of its length.
pub const MISSING: f64 = -1.0;

/// Messages, one after the other. Of each, `numbers` has two that the user of the buffer gives a
/// meaning (a consumer: offset and timestamp), then the lengths of its key, its value and its headers;
/// `bytes` has these three. A key or value that is missing has the length [`MISSING`].
///
/// Headers are, each: the length of the name, the name, the length of the value, the value; lengths are
/// 32 bits with a sign, the lowest byte first, and -1 stands for a value that is missing.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Packed {
    /// See [`Packed`].
    pub numbers: Vec<f64>,
    /// See [`Packed`].
    pub bytes: Vec<u8>,
}

impl Packed {
    /// How many messages there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.numbers.len() / NUMBERS
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.numbers.is_empty()
    }

    /// Bytes of memory.
    #[must_use]
    pub fn size(&self) -> usize {
        self.bytes.len() + self.numbers.len() * size_of::<f64>()
    }

    /// Appends a message as it came.
    pub(crate) fn push(&mut self, message: &impl Message) {
        #[expect(
            clippy::cast_precision_loss,
            reason = "offsets and times stay below 2^53"
        )]
        let place = [
            message.offset() as f64,
            message
                .timestamp()
                .to_millis()
                .map_or(MISSING, |t| t as f64),
        ];
        self.numbers.extend_from_slice(&place);
        for part in [message.key(), message.payload()] {
            self.numbers.push(part.map_or(MISSING, length));
            self.bytes.extend_from_slice(part.unwrap_or_default());
        }
        let start = self.bytes.len();
        if let Some(headers) = message.headers() {
            for Header { key, value } in headers.iter() {
                self.push_counted(Some(key.as_bytes()));
                self.push_counted(value);
            }
        }
        self.numbers.push(length(&self.bytes[start..]));
    }

    fn push_counted(&mut self, part: Option<&[u8]>) {
        let count = part.map_or(-1, |bytes| i32::try_from(bytes.len()).unwrap_or(i32::MAX));
        self.bytes.extend_from_slice(&count.to_le_bytes());
        self.bytes.extend_from_slice(part.unwrap_or_default());
    }
}

#[expect(clippy::cast_precision_loss, reason = "lengths stay below 2^53")]
fn length(bytes: &[u8]) -> f64 {
    bytes.len() as f64
}

/// A message of packed ones, to be sent.
#[derive(Debug)]
pub(crate) struct Record<'a> {
    /// The two numbers that come first.
    pub(crate) place: [f64; 2],
    pub(crate) key: Option<&'a [u8]>,
    pub(crate) value: Option<&'a [u8]>,
    pub(crate) headers: Option<OwnedHeaders>,
}

/// The messages of packed ones; nothing more where the buffers do not fit each other.
pub(crate) fn records<'a>(
    numbers: &'a [f64],
    bytes: &'a [u8],
) -> impl Iterator<Item = Record<'a>> + use<'a> {
    let mut rest = bytes;
    numbers.chunks_exact(NUMBERS).map_while(move |message| {
        let key = take(&mut rest, message[2])?;
        let value = take(&mut rest, message[3])?;
        let headers = take(&mut rest, message[4])?.unwrap_or_default();
        Some(Record {
            place: [message[0], message[1]],
            key,
            value,
            headers: unpack_headers(headers),
        })
    })
}

/// The next `count` bytes; `None` where there are not as many.
fn take<'a>(rest: &mut &'a [u8], count: f64) -> Option<Option<&'a [u8]>> {
    if count < 0.0 {
        return Some(None);
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a length that does not fit is larger than the bytes, and refused"
    )]
    let (taken, left) = rest.split_at_checked(count as usize)?;
    *rest = left;
    Some(Some(taken))
}

fn unpack_headers(mut rest: &[u8]) -> Option<OwnedHeaders> {
    let mut headers: Option<OwnedHeaders> = None;
    while let Some(name) = take_counted(&mut rest) {
        let value = take_counted(&mut rest)?;
        let name = String::from_utf8_lossy(name.unwrap_or_default());
        headers = Some(
            headers
                .unwrap_or_default()
                .insert(Header { key: &name, value }),
        );
    }
    headers
}

fn take_counted<'a>(rest: &mut &'a [u8]) -> Option<Option<&'a [u8]>> {
    let (count, left) = rest.split_first_chunk::<4>()?;
    *rest = left;
    take(rest, f64::from(i32::from_le_bytes(*count)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rdkafka::message::{OwnedMessage, Timestamp};

    fn message(offset: i64, key: Option<&str>, value: Option<&str>) -> OwnedMessage {
        let headers = OwnedHeaders::new()
            .insert(Header {
                key: "a",
                value: Some("1"),
            })
            .insert(Header::<&str> {
                key: "a",
                value: None,
            });
        OwnedMessage::new(
            value.map(|text| text.as_bytes().to_vec()),
            key.map(|text| text.as_bytes().to_vec()),
            "t".to_owned(),
            Timestamp::CreateTime(1000 + offset),
            0,
            offset,
            (offset == 7).then_some(headers),
        )
    }

    #[test]
    fn gives_back_what_was_put_in() {
        let mut packed = Packed::default();
        packed.push(&message(7, Some("key"), Some("value")));
        packed.push(&message(9, None, None));
        packed.push(&message(10, Some(""), Some("")));
        assert_eq!(packed.len(), 3);
        let all: Vec<_> = records(&packed.numbers, &packed.bytes).collect();
        assert_eq!(all.len(), 3);
        assert_eq!(all[0].place, [7.0, 1007.0]);
        assert_eq!(all[0].key, Some(&b"key"[..]));
        assert_eq!(all[0].value, Some(&b"value"[..]));
        let headers = all[0].headers.as_ref().expect("has headers");
        assert_eq!(headers.count(), 2);
        assert_eq!(headers.get(0).value, Some(&b"1"[..]));
        assert_eq!(headers.get(1).value, None);
        assert_eq!((all[1].key, all[1].value), (None, None));
        assert!(all[1].headers.is_none());
        assert_eq!(all[2].key, Some(&b""[..]));
        assert_eq!(all[2].value, Some(&b""[..]));
    }

    #[test]
    fn stops_where_bytes_are_missing() {
        let numbers = [0.0, 0.0, 2.0, 5.0, 0.0];
        assert_eq!(records(&numbers, b"ab").count(), 0);
        assert_eq!(records(&[0.0, 0.0, 0.0, f64::NAN, 0.0], b"").count(), 1);
        assert_eq!(records(&[0.0; 5][..3], b"").count(), 0);
        assert_eq!(unpack_headers(&[9, 0, 0, 0, 1]).map(|h| h.count()), None);
    }
}
