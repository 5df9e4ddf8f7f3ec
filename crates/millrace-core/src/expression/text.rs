//! Functions of text: `upper lower trim length startsWith endsWith contains replace slice concat`.
//!
//! Characters are Unicode code points. A missing text gives a missing result.

use std::sync::Arc;

use arrow_array::builder::StringBuilder;
use arrow_array::types::Int32Type;
use arrow_array::{Array, ArrayRef, BooleanArray, PrimitiveArray, StringArray};
use arrow_buffer::{BooleanBuffer, NullBuffer};

use super::comparison::Text;
use super::operand::Operand;
use crate::error::PlanError;

/// A function of one text, with its arguments.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum TextFunction {
    Upper,
    Lower,
    Trim,
    Length,
    StartsWith(String),
    EndsWith(String),
    Contains(String),
    Replace {
        pattern: String,
        by: String,
    },
    /// From one character up to another; negative ones count from the end.
    Slice {
        start: i64,
        end: Option<i64>,
    },
}

impl TextFunction {
    /// Applies the function to plain text.
    pub(crate) fn apply(&self, strings: &StringArray) -> ArrayRef {
        match self {
            Self::Upper => texts(strings, |text, out| out.push_str(&text.to_uppercase())),
            Self::Lower => texts(strings, |text, out| out.push_str(&text.to_lowercase())),
            Self::Trim => texts(strings, |text, out| out.push_str(text.trim())),
            Self::Replace { pattern, by } => texts(strings, |text, out| {
                out.push_str(&text.replace(pattern, by))
            }),
            Self::Slice { start, end } => texts(strings, |text, out| {
                out.push_str(slice(text, *start, *end));
            }),
            Self::StartsWith(part) => flags(strings, |text| text.starts_with(part)),
            Self::EndsWith(part) => flags(strings, |text| text.ends_with(part)),
            Self::Contains(part) => flags(strings, |text| text.contains(part)),
            Self::Length => {
                let lengths: Vec<i32> = present(strings)
                    .map(|text| i32::try_from(text.chars().count()).unwrap_or(i32::MAX))
                    .collect();
                let nulls = strings.nulls().cloned();
                Arc::new(PrimitiveArray::<Int32Type>::new(lengths.into(), nulls))
            }
        }
    }
}

/// All texts; what stands under a missing one is empty or arbitrary.
fn present(strings: &StringArray) -> impl Iterator<Item = &str> {
    (0..strings.len()).map(|row| strings.value(row))
}

fn texts(strings: &StringArray, f: impl Fn(&str, &mut String)) -> ArrayRef {
    let mut builder = StringBuilder::with_capacity(strings.len(), strings.values().len());
    let mut text = String::new();
    for string in strings {
        if let Some(string) = string {
            text.clear();
            f(string, &mut text);
            builder.append_value(&text);
        } else {
            builder.append_null();
        }
    }
    Arc::new(builder.finish())
}

fn flags(strings: &StringArray, f: impl Fn(&str) -> bool) -> ArrayRef {
    let bits = BooleanBuffer::collect_bool(strings.len(), |row| f(strings.value(row)));
    Arc::new(BooleanArray::new(bits, strings.nulls().cloned()))
}

/// As `slice` of JavaScript, over characters.
fn slice(text: &str, start: i64, end: Option<i64>) -> &str {
    if text.is_ascii() {
        let length = text.len();
        let (start, end) = (
            place(start, length),
            end.map_or(length, |end| place(end, length)),
        );
        return text.get(start..end).unwrap_or("");
    }
    let length = text.chars().count();
    let (start, end) = (
        place(start, length),
        end.map_or(length, |end| place(end, length)),
    );
    let byte = |character: usize| {
        text.char_indices()
            .nth(character)
            .map_or(text.len(), |(at, _)| at)
    };
    text.get(byte(start)..byte(end)).unwrap_or("")
}

/// A place counted from the end where negative, within a text.
fn place(at: i64, length: usize) -> usize {
    let from_end = usize::try_from(at.unsigned_abs()).unwrap_or(usize::MAX);
    if at < 0 {
        length.saturating_sub(from_end)
    } else {
        from_end.min(length)
    }
}

/// The texts of each row, one after the other; missing where one of them is.
pub(crate) fn concat(parts: &[Operand], rows: usize) -> Result<ArrayRef, PlanError> {
    let texts = parts.iter().map(Text::new).collect::<Result<Vec<_>, _>>()?;
    let nulls = parts.iter().fold(None, |nulls: Option<NullBuffer>, part| {
        NullBuffer::union(nulls.as_ref(), part.nulls())
    });
    let mut builder = StringBuilder::with_capacity(rows, rows * 8);
    let mut joined = String::new();
    for row in 0..rows {
        joined.clear();
        for text in &texts {
            joined.push_str(text.at(row));
        }
        builder.append_value(&joined);
    }
    let (offsets, values, _) = builder.finish().into_parts();
    Ok(Arc::new(StringArray::new(offsets, values, nulls)))
}

#[cfg(test)]
mod tests {
    use super::slice;

    #[test]
    fn slices_count_characters_from_either_end() {
        for text in ["hello", "hællo", "日本語テキスト", "", "e\u{301}x"] {
            let characters: Vec<char> = text.chars().collect();
            let length = i64::try_from(characters.len()).expect("short");
            for start in -9..9_i64 {
                for end in (-9..9_i64).map(Some).chain([None]) {
                    let at = |place: i64| {
                        let place = if place < 0 { place + length } else { place };
                        usize::try_from(place.clamp(0, length)).expect("clamped")
                    };
                    let (from, to) = (at(start), end.map_or(characters.len(), at));
                    let wanted: String = characters.get(from..to).unwrap_or(&[]).iter().collect();
                    assert_eq!(slice(text, start, end), wanted, "{text} {start} {end:?}");
                }
            }
        }
    }
}
