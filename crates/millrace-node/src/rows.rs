//! The exported class that holds rows on their way to a plan.

use millrace_core::batch::Batch;
use millrace_core::plan::InputSchema;
use napi_derive::napi;

use crate::failure::{Failure, Result};

/// Rows that were decoded, for `NativePlan.pushRows`.
#[napi]
pub struct NativeRows {
    batch: Option<Batch>,
    count: u32,
}

#[napi]
impl NativeRows {
    pub(crate) fn new(batch: Batch) -> Self {
        Self {
            count: u32::try_from(batch.rows).unwrap_or(u32::MAX),
            batch: Some(batch),
        }
    }

    /// How many there are.
    #[napi(getter)]
    pub fn count(&self) -> u32 {
        self.count
    }

    /// The rows, for an input of a plan; nothing where they were taken already.
    pub(crate) fn take(&mut self, input: &InputSchema) -> Result<Option<Batch>> {
        let batch = self.batch.take();
        let made = batch.as_ref().map_or(&[][..], |batch| &batch.columns);
        for ((column, used), array) in input.columns.iter().zip(&input.used).zip(made) {
            if *used && array.len() < self.count as usize {
                return Err(Failure::new(
                    "ERR_INVALID_STATE",
                    format!(
                        "Cannot read: column '{}' must have had a sink when reading began",
                        column.name
                    ),
                ));
            }
        }
        Ok(batch)
    }
}
