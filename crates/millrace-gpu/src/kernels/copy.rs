//! Columns as they are: to the device and back.

use millrace_core::bulk::Column;

use crate::error::GpuError;
use crate::job::{Job, Results};
use crate::kernel::{DeviceColumn, DeviceKernel};

/// Passes columns on.
#[derive(Debug)]
pub(super) struct Copy;

impl DeviceKernel for Copy {
    fn record(
        &mut self,
        _: &mut Job<'_>,
        columns: &[DeviceColumn],
    ) -> Result<Vec<DeviceColumn>, GpuError> {
        Ok(columns.to_vec())
    }

    fn settle(&mut self, _: &Results) -> Result<Option<Vec<Column<'static>>>, GpuError> {
        Ok(None)
    }

    fn reset(&mut self) {}

    fn snapshot(&self) -> Vec<u8> {
        Vec::new()
    }

    fn restore(&mut self, _: &[u8]) -> Result<(), GpuError> {
        Ok(())
    }
}
