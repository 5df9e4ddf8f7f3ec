//! What a step is on the device.

use std::borrow::Cow;

use millrace_core::bulk::{Column, ColumnKind, wrong_count, wrong_kind};

use crate::buffers::Buffer;
use crate::error::GpuError;
use crate::gpu::Shader;
use crate::job::{Job, Results};

/// A column that lies on the device, from the first value of its buffer on.
#[derive(Debug, Clone)]
pub struct DeviceColumn {
    /// Values of 4 bytes.
    pub buffer: Buffer,
    /// How many there are.
    pub rows: usize,
    /// Their type.
    pub kind: ColumnKind,
}

/// A step on the device.
pub trait DeviceKernel: Send {
    /// Adds what computes some rows to the job; what it returns is there when the job has run.
    /// May be called for several runs of rows before they are settled.
    ///
    /// # Errors
    /// Where the columns are not what it takes, or do not fit the device.
    fn record(
        &mut self,
        job: &mut Job<'_>,
        columns: &[DeviceColumn],
    ) -> Result<Vec<DeviceColumn>, GpuError>;

    /// Moves the state on behind all rows recorded since, and yields the summaries of a step that
    /// makes some.
    ///
    /// # Errors
    /// Where what was read back is not what was asked for.
    fn settle(&mut self, results: &Results) -> Result<Option<Vec<Column<'static>>>, GpuError>;

    /// Whether a batch has to come in one piece.
    fn takes_whole_batches(&self) -> bool {
        false
    }

    /// Forgets what was recorded and not settled, and what lies on the device.
    fn reset(&mut self);

    /// The state, as the same step on the CPU writes it.
    fn snapshot(&self) -> Vec<u8>;

    /// Takes a state over; nothing lies on the device then.
    ///
    /// # Errors
    /// Where the bytes are of no such state.
    fn restore(&mut self, bytes: &[u8]) -> Result<(), GpuError>;
}

/// A kernel of WGSL texts in a row, behind the prelude.
pub(crate) fn shader(parts: &[&str], entry: &'static str) -> Shader {
    let mut source = crate::PRELUDE.to_owned();
    for part in parts {
        source.push('\n');
        source.push_str(part);
    }
    Shader {
        source: Cow::Owned(source),
        entry,
    }
}

/// The only column, of the type wanted.
pub(crate) fn only<'a>(
    step: &str,
    kind: ColumnKind,
    columns: &'a [DeviceColumn],
) -> Result<&'a DeviceColumn, GpuError> {
    match columns {
        [column] if column.kind == kind => Ok(column),
        [column] => Err(wrong_kind(step, kind, column.kind).into()),
        _ => Err(wrong_count(step, columns.len()).into()),
    }
}

/// A number as kernels count: what does not fit is refused before.
pub(crate) fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
