//! Points of several dimensions, as text in JSON.

use serde::{Deserialize, Deserializer, de::Error};

/// Points one after another, each of the same number of coordinates. Written as the Base64 text
/// (RFC 4648) of their coordinates as little-endian f32.
#[derive(Debug, Clone, PartialEq)]
pub struct Points(pub Vec<f32>);

impl<'de> Deserialize<'de> for Points {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        let wrong = || D::Error::custom("points must be the Base64 text of f32");
        let bytes = decode(text.as_bytes()).ok_or_else(wrong)?;
        let (values, []) = bytes.as_chunks::<4>() else {
            return Err(wrong());
        };
        Ok(Self(
            values
                .iter()
                .map(|&bytes| f32::from_le_bytes(bytes))
                .collect(),
        ))
    }
}

fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let text = text
        .strip_suffix(b"==")
        .or(text.strip_suffix(b"="))
        .unwrap_or(text);
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 2);
    for group in text.chunks(4) {
        let mut bits = 0_u32;
        for &letter in group {
            bits = bits << 6 | u32::from(digit(letter)?);
        }
        let missing = 4 - group.len();
        let whole = (bits << (6 * missing)).to_be_bytes();
        bytes.extend_from_slice(&whole[1..4 - missing]);
    }
    Some(bytes)
}

fn digit(letter: u8) -> Option<u8> {
    match letter {
        b'A'..=b'Z' => Some(letter - b'A'),
        b'a'..=b'z' => Some(letter - b'a' + 26),
        b'0'..=b'9' => Some(letter - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_others_write() {
        for (text, wanted) in [
            ("", &b""[..]),
            ("TQ==", b"M"),
            ("TWE=", b"Ma"),
            ("TWFu", b"Man"),
            ("+/+/", b"\xfb\xff\xbf"),
        ] {
            assert_eq!(decode(text.as_bytes()).as_deref(), Some(wanted), "{text}");
        }
        assert_eq!(decode(b"T.=="), None);
        let points: Points = serde_json::from_str(r#""AACAPwAAAMA=""#).expect("two numbers");
        assert_eq!(points.0, [1.0, -2.0]);
        assert!(serde_json::from_str::<Points>(r#""TQ==""#).is_err());
    }
}
