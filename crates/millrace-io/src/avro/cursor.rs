//! The bytes of a value, from front to back; what is missing is an error.

use crate::text::Reason;

/// Bytes of the longest variable-length integer.
const LONGEST: u32 = 10;

#[derive(Debug)]
pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
}

impl<'a> Cursor<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// Bytes that were not read.
    pub(super) fn left(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8], Reason> {
        match self.bytes.split_at_checked(count) {
            Some((taken, left)) => {
                self.bytes = left;
                Ok(taken)
            }
            None => Err(cut_off()),
        }
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Reason> {
        let (taken, left) = self.bytes.split_first_chunk::<N>().ok_or_else(cut_off)?;
        self.bytes = left;
        Ok(*taken)
    }

    /// An integer of variable length, its sign in the lowest bit.
    #[inline]
    pub(super) fn long(&mut self) -> Result<i64, Reason> {
        let mut value = 0_u64;
        for (place, &byte) in (0..LONGEST).zip(self.bytes) {
            let bits = u64::from(byte & 0x7f);
            if place == LONGEST - 1 && bits > 1 {
                break;
            }
            value |= bits << (7 * place);
            if byte < 0x80 {
                self.bytes = &self.bytes[place as usize + 1..];
                return Ok((value >> 1).cast_signed() ^ -(value & 1).cast_signed());
            }
        }
        Err(if self.bytes.len() < LONGEST as usize {
            cut_off()
        } else {
            Reason::new("an integer has more than 64 bits")
        })
    }

    /// A count of what follows.
    pub(super) fn count(&mut self) -> Result<usize, Reason> {
        usize::try_from(self.long()?).map_err(|_| Reason::new("a length is negative"))
    }

    /// Bytes with their length before them.
    pub(super) fn counted(&mut self) -> Result<&'a [u8], Reason> {
        let count = self.count()?;
        self.take(count)
    }
}

#[cold]
fn cut_off() -> Reason {
    Reason::new("it ends within a value")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_integers_of_any_length() {
        for (bytes, expected) in [
            (&[0][..], 0),
            (&[1], -1),
            (&[2], 1),
            (&[0x80, 1], 64),
            (
                &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1],
                i64::MIN,
            ),
            (
                &[0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1],
                i64::MAX,
            ),
        ] {
            let mut cursor = Cursor::new(bytes);
            assert_eq!(cursor.long(), Ok(expected));
            assert_eq!(cursor.left(), 0);
        }
        assert!(Cursor::new(&[0x80]).long().is_err());
        assert!(Cursor::new(&[0xff; 11]).long().is_err());
        assert!(Cursor::new(&[1]).count().is_err());
        assert!(Cursor::new(&[6, 1, 2]).counted().is_err());
    }
}
