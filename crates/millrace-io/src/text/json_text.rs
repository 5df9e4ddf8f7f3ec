//! The parts of JSON that hold no values for columns: strings, white space, and what is passed over.

use crate::text::number;
use crate::text::reason::Reason;

/// Arrays and objects within each other; deeper ones are refused.
const DEPTH: usize = 128;

/// Where a string ends whose text begins at some place.
pub(crate) enum Ended {
    /// Its quote is here, and what is before it stands for itself.
    Plain(usize),
    /// It has an escape, or something that is not allowed in it.
    Other,
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// The highest bit of each byte that is 0; bytes above the first such may be marked wrongly.
#[inline(always)]
fn zeros(word: u64) -> u64 {
    word.wrapping_sub(ONES) & !word & HIGHS
}

/// The highest bit of each quote, backslash or control character, as far as the first of them.
#[inline(always)]
fn special(word: u64) -> u64 {
    let quotes = zeros(word ^ (ONES * 0x22));
    let slashes = zeros(word ^ (ONES * 0x5c));
    let controls = word.wrapping_sub(ONES * 0x20) & !word & HIGHS;
    quotes | slashes | controls
}

/// The end of the string whose text begins at `at`, if it has no escapes.
#[inline]
pub(crate) fn ended(bytes: &[u8], mut at: usize) -> Ended {
    while let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let found = special(u64::from_le_bytes(*chunk));
        if found != 0 {
            at += (found.trailing_zeros() / 8) as usize;
            return match bytes[at] {
                b'"' => Ended::Plain(at),
                _ => Ended::Other,
            };
        }
        at += 8;
    }
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' => return Ended::Plain(at),
            b'\\' | 0..0x20 => return Ended::Other,
            _ => at += 1,
        }
    }
    Ended::Other
}

/// Where white space from `at` on ends; with `lines`, line feeds are none.
#[inline]
pub(crate) fn space(bytes: &[u8], mut at: usize, lines: bool) -> usize {
    while let Some(b' ' | b'\t' | b'\r' | b'\n') = bytes.get(at) {
        if lines && bytes[at] == b'\n' {
            break;
        }
        at += 1;
    }
    at
}

/// The text of the string whose opening quote is at `at`, and where what is behind it begins.
pub(crate) fn string<'a>(
    text: &'a str,
    at: usize,
    scratch: &'a mut String,
) -> Result<(&'a str, usize), Reason> {
    let bytes = text.as_bytes();
    let mut from = at + 1;
    if let Ended::Plain(end) = ended(bytes, from) {
        return Ok((text.get(from..end).unwrap_or_default(), end + 1));
    }
    scratch.clear();
    let mut i = from;
    loop {
        match bytes.get(i) {
            Some(b'"') => {
                scratch.push_str(text.get(from..i).unwrap_or_default());
                return Ok((scratch, i + 1));
            }
            Some(b'\\') => {
                scratch.push_str(text.get(from..i).unwrap_or_default());
                let (character, end) = escape(text, i)?;
                scratch.push(character);
                i = end;
                from = end;
            }
            Some(0..0x20) | None => return Err(Reason::expected("the end of a string", text, i)),
            Some(_) => i += 1,
        }
    }
}

/// The character that an escape stands for, and where the text behind it begins.
fn escape(text: &str, at: usize) -> Result<(char, usize), Reason> {
    let character = match text.as_bytes().get(at + 1) {
        Some(b'"') => '"',
        Some(b'\\') => '\\',
        Some(b'/') => '/',
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(b'u') => return unicode(text, at),
        _ => return Err(Reason::expected("an escape such as \\n", text, at + 1)),
    };
    Ok((character, at + 2))
}

/// A character as `\u00e9`, or as two surrogates.
fn unicode(text: &str, at: usize) -> Result<(char, usize), Reason> {
    let unit = |at: usize| {
        let digits = text.get(at..at + 6)?.strip_prefix("\\u")?;
        let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_hex
            .then(|| u32::from_str_radix(digits, 16).ok())
            .flatten()
    };
    let first =
        unit(at).ok_or_else(|| Reason::expected("four hexadecimal digits", text, at + 2))?;
    if let Some(character) = char::from_u32(first) {
        return Ok((character, at + 6));
    }
    let alone = || Reason::new(format!("half a surrogate pair at byte {at}"));
    if first >= 0xdc00 {
        return Err(alone());
    }
    let second = unit(at + 6)
        .filter(|unit| (0xdc00..0xe000).contains(unit))
        .ok_or_else(alone)?;
    let code = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
    char::from_u32(code)
        .map(|character| (character, at + 12))
        .ok_or_else(alone)
}

/// Passes over the value at `at`, which must be JSON all the same, and gives where the text behind it
/// begins.
pub(crate) fn skip(text: &str, at: usize, lines: bool) -> Result<usize, Reason> {
    nested(text, at, lines, DEPTH)
}

fn nested(text: &str, at: usize, lines: bool, depth: usize) -> Result<usize, Reason> {
    let bytes = text.as_bytes();
    match bytes.get(at) {
        Some(b'"') => skip_string(text, at),
        Some(b'-' | b'0'..=b'9') => match number::scan(bytes, at) {
            Some(number) if number.strict => Ok(number.end),
            _ => Err(Reason::expected("a number", text, at)),
        },
        Some(b'{' | b'[') if depth == 0 => Err(Reason::new(format!(
            "values are nested deeper than {DEPTH} levels"
        ))),
        Some(b'{') => members(text, at, lines, b'}', |at| {
            if bytes.get(at) != Some(&b'"') {
                return Err(Reason::expected("a field name in quotes", text, at));
            }
            let end = space(bytes, skip_string(text, at)?, lines);
            if bytes.get(end) != Some(&b':') {
                return Err(Reason::expected("':'", text, end));
            }
            nested(text, space(bytes, end + 1, lines), lines, depth - 1)
        }),
        Some(b'[') => members(text, at, lines, b']', |at| {
            nested(text, at, lines, depth - 1)
        }),
        _ => ["null", "true", "false"]
            .into_iter()
            .find(|word| bytes[at.min(bytes.len())..].starts_with(word.as_bytes()))
            .map(|word| at + word.len())
            .ok_or_else(|| Reason::expected("a value", text, at)),
    }
}

/// What is between brackets, `member` passing over one of them.
fn members(
    text: &str,
    at: usize,
    lines: bool,
    close: u8,
    member: impl Fn(usize) -> Result<usize, Reason>,
) -> Result<usize, Reason> {
    let bytes = text.as_bytes();
    let mut at = space(bytes, at + 1, lines);
    if bytes.get(at) == Some(&close) {
        return Ok(at + 1);
    }
    loop {
        at = space(bytes, member(at)?, lines);
        match bytes.get(at) {
            Some(b',') => at = space(bytes, at + 1, lines),
            Some(byte) if *byte == close => return Ok(at + 1),
            _ => return Err(Reason::expected("',' or a closing bracket", text, at)),
        }
    }
}

fn skip_string(text: &str, at: usize) -> Result<usize, Reason> {
    let bytes = text.as_bytes();
    match ended(bytes, at + 1) {
        Ended::Plain(end) => Ok(end + 1),
        Ended::Other => string(text, at, &mut String::new()).map(|(_, end)| end),
    }
}
