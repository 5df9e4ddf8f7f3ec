//! Why a record is refused.

use std::fmt;

/// What is wrong with a record, for people: `column 'price' must be f64, got "x"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason(Box<str>);

impl Reason {
    pub(crate) fn new(text: impl Into<Box<str>>) -> Self {
        Self(text.into())
    }

    /// A value that its column does not hold.
    #[cold]
    pub(crate) fn value(column: &str, wanted: &str, got: &str) -> Self {
        Self::new(format!(
            "column '{column}' must be {wanted}, got {}",
            excerpt(got)
        ))
    }

    /// What stands where something else was expected.
    #[cold]
    pub(crate) fn expected(what: &str, text: &str, at: usize) -> Self {
        let got = match text.get(at..).and_then(|rest| rest.chars().next()) {
            Some(found) => format!("{found:?}"),
            None => "the end".to_owned(),
        };
        Self::new(format!("expected {what} at byte {at}, got {got}"))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A value as a message shows it: not more than its beginning.
fn excerpt(text: &str) -> String {
    const SHOWN: usize = 60;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
