//! What the messages of a partition are gathered in, until they are a batch.

use rdkafka::message::Message;

use crate::columns::{ColumnGather, ColumnMessages, ColumnSettings};
use crate::failure::Failure;
use crate::packed::Packed;

/// Messages of a batch.
#[derive(Debug)]
pub enum Messages {
    /// As they came.
    Packed(Packed),
    /// Decoded.
    Columns(ColumnMessages),
}

impl Messages {
    /// Bytes of memory, about.
    #[must_use]
    pub fn size(&self) -> usize {
        match self {
            Self::Packed(packed) => packed.size(),
            Self::Columns(columns) => columns.size,
        }
    }
}

#[derive(Debug)]
pub(crate) enum Gather {
    Packed(Packed),
    Columns(Box<ColumnGather>),
}

impl Gather {
    pub(crate) fn new(columns: Option<&ColumnSettings>) -> Result<Self, Failure> {
        Ok(match columns {
            Some(settings) => Self::Columns(Box::new(ColumnGather::new(settings)?)),
            None => Self::Packed(Packed::default()),
        })
    }

    /// Takes a message; gives the id of a schema that has to be known first, and has not taken it then.
    #[inline]
    pub(crate) fn push(&mut self, topic: &str, message: &impl Message) -> Result<(), u32> {
        match self {
            Self::Packed(packed) => {
                packed.push(message);
                Ok(())
            }
            Self::Columns(columns) => columns.push(topic, message),
        }
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Packed(packed) => packed.len(),
            Self::Columns(columns) => columns.len(),
        }
    }

    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Packed(packed) => packed.size(),
            Self::Columns(columns) => columns.size(),
        }
    }

    /// Whether the batch ends here, however small it is.
    pub(crate) fn must_end(&self) -> bool {
        match self {
            Self::Packed(_) => false,
            Self::Columns(columns) => columns.must_end(),
        }
    }

    /// What was gathered; the next batch begins.
    pub(crate) fn take(&mut self) -> Result<Messages, Failure> {
        Ok(match self {
            Self::Packed(packed) => Messages::Packed(std::mem::take(packed)),
            Self::Columns(columns) => Messages::Columns(columns.take()?),
        })
    }
}
