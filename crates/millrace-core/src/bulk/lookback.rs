//! The last rows of some columns: what windows look back at.

use crate::kernel_error::KernelError;
use crate::state::{StateReader, StateWriter};

/// The last `limit` rows of `columns` columns, in their order.
#[derive(Debug, Clone, PartialEq)]
pub struct Lookback {
    limit: usize,
    columns: Vec<Vec<f32>>,
}

impl Lookback {
    /// Keeps up to `limit` rows of each column.
    #[must_use]
    pub fn new(limit: usize, columns: usize) -> Self {
        Self {
            limit,
            columns: vec![Vec::new(); columns],
        }
    }

    /// How many rows are kept at most.
    #[must_use]
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// How many rows there are.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.columns.first().map_or(0, Vec::len)
    }

    /// The rows of a column, oldest first.
    #[must_use]
    pub fn column(&self, column: usize) -> &[f32] {
        &self.columns[column]
    }

    /// The rows there are, followed by those of a batch.
    #[must_use]
    pub fn joined(&self, column: usize, values: &[f32]) -> Vec<f32> {
        [&self.columns[column], values].concat()
    }

    /// Moves on behind the rows of a batch, of which only the last `limit` matter.
    pub fn advance(&mut self, column: usize, values: &[f32]) {
        let kept = &mut self.columns[column];
        if values.len() >= self.limit {
            kept.clear();
            kept.extend_from_slice(&values[values.len() - self.limit..]);
        } else {
            let excess = (kept.len() + values.len()).saturating_sub(self.limit);
            kept.drain(..excess);
            kept.extend_from_slice(values);
        }
    }

    /// Moves on to `kept` rows, of which `values` are the last.
    pub fn end_with(&mut self, column: usize, kept: usize, values: &[f32]) {
        let before = &mut self.columns[column];
        let stays = kept - values.len();
        before.drain(..before.len() - stays);
        before.extend_from_slice(values);
    }

    /// The rows as bytes.
    #[must_use]
    pub fn snapshot(&self) -> Vec<u8> {
        let mut writer = StateWriter::new(1);
        for column in &self.columns {
            let widened: Vec<u64> = column.iter().map(|value| value.to_bits().into()).collect();
            writer.u64s(&widened);
        }
        writer.finish()
    }

    /// Puts rows back.
    ///
    /// # Errors
    /// Where the bytes are not of as many columns, or of more rows than are kept.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), KernelError> {
        let mut reader = StateReader::new("window", 1, bytes)?;
        let mut columns = Vec::with_capacity(self.columns.len());
        for _ in &self.columns {
            let values = reader.u64s()?;
            if values.len() > self.limit {
                return Err(reader.corrupt(format!(
                    "{} rows are more than the {} it keeps",
                    values.len(),
                    self.limit
                )));
            }
            let narrow = |bits: u64| u32::try_from(bits).map(f32::from_bits);
            columns.push(
                values
                    .into_iter()
                    .map(narrow)
                    .collect::<Result<Vec<f32>, _>>()
                    .map_err(|_| reader.corrupt("a value is not of 32 bits"))?,
            );
        }
        reader.finish()?;
        if columns
            .windows(2)
            .any(|pair| pair[0].len() != pair[1].len())
        {
            let detail = "its columns differ in length".to_owned();
            let kernel = "window";
            return Err(KernelError::CorruptState { kernel, detail });
        }
        self.columns = columns;
        Ok(())
    }
}
