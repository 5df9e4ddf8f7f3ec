//! The validity of an output column, built row by row and only paid for when a row is null.

use arrow_buffer::{BooleanBufferBuilder, NullBuffer};

/// Collects which rows are valid; allocates at the first null.
#[derive(Debug, Default)]
pub(crate) struct ValidityBuilder {
    rows: usize,
    bits: Option<BooleanBufferBuilder>,
}

impl ValidityBuilder {
    /// Appends `count` rows that are all valid or all null.
    pub(crate) fn append(&mut self, count: usize, valid: bool) {
        if let Some(bits) = &mut self.bits {
            bits.append_n(count, valid);
        } else if !valid && count > 0 {
            let mut bits = BooleanBufferBuilder::new(self.rows + count);
            bits.append_n(self.rows, true);
            bits.append_n(count, false);
            self.bits = Some(bits);
        }
        self.rows += count;
    }

    /// The validity of all rows appended, or `None` when none is null.
    pub(crate) fn finish(self) -> Option<NullBuffer> {
        self.bits.map(|mut bits| NullBuffer::new(bits.finish()))
    }
}

/// Whether row `index` is valid.
pub(crate) fn is_valid(nulls: Option<&NullBuffer>, index: usize) -> bool {
    nulls.is_none_or(|nulls| nulls.is_valid(index))
}
