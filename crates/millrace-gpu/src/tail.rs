//! What windows look back at: on the device for the next rows, and on the host for whoever goes on.

use millrace_core::bulk::{Column, ColumnKind, Lookback};

use crate::buffers::Buffer;
use crate::error::GpuError;
use crate::job::{Job, ReadBack, Results};
use crate::kernel::{DeviceColumn, DeviceKernel};

/// The last rows of some columns of f32. Those on the host are of the rows that are settled; those on
/// the device run ahead of them while a batch is recorded.
#[derive(Debug)]
pub(crate) struct ResidentTail {
    host: Lookback,
    device: Option<Vec<DeviceColumn>>,
    /// For each piece that is recorded: how many rows are kept after it, and the last of them by column.
    pending: Vec<(usize, Vec<ReadBack>)>,
}

impl ResidentTail {
    /// Nothing seen of `columns` columns, of which up to `limit` rows will be kept.
    pub(crate) fn new(limit: usize, columns: usize) -> Self {
        Self {
            host: Lookback::new(limit, columns),
            device: None,
            pending: Vec::new(),
        }
    }

    /// How many rows are kept at most.
    pub(crate) fn limit(&self) -> usize {
        self.host.limit()
    }

    /// The rows that are kept, followed by those of a piece, for each column.
    pub(crate) fn join(
        &mut self,
        job: &mut Job<'_>,
        step: &str,
        columns: &[DeviceColumn],
    ) -> Result<Vec<DeviceColumn>, GpuError> {
        let kept = match self.device.take() {
            Some(kept) => kept,
            None => self.upload(job, columns.len()),
        };
        let mut joined = Vec::with_capacity(columns.len());
        for (tail, column) in kept.iter().zip(columns) {
            if tail.rows == 0 {
                joined.push(column.clone());
                continue;
            }
            let rows = tail.rows + column.rows;
            job.gpu().check_values(step, rows)?;
            let buffer = job.scratch(rows);
            job.copy(&tail.buffer, 0, &buffer, 0, tail.rows);
            job.copy(&column.buffer, 0, &buffer, tail.rows, column.rows);
            let kind = ColumnKind::F32;
            joined.push(DeviceColumn { buffer, rows, kind });
        }
        Ok(joined)
    }

    /// Keeps the last `kept` rows of what [`ResidentTail::join`] gave, of which `new` came with the
    /// piece.
    pub(crate) fn advance(
        &mut self,
        job: &mut Job<'_>,
        joined: &[DeviceColumn],
        kept: usize,
        new: usize,
    ) {
        let read = kept.min(new);
        let mut tails = Vec::with_capacity(joined.len());
        let mut reads = Vec::with_capacity(joined.len());
        for column in joined {
            let buffer = job.scratch(kept);
            job.copy(&column.buffer, column.rows - kept, &buffer, 0, kept);
            reads.push(job.read(&column.buffer, column.rows - read, read));
            tails.push(DeviceColumn {
                buffer,
                rows: kept,
                kind: ColumnKind::F32,
            });
        }
        self.device = Some(tails);
        self.pending.push((kept, reads));
    }

    /// Moves the host's rows on behind the pieces that were recorded.
    pub(crate) fn settle(&mut self, results: &Results) -> Result<(), GpuError> {
        for (kept, reads) in std::mem::take(&mut self.pending) {
            for (column, read) in reads.into_iter().enumerate() {
                self.host
                    .end_with(column, kept, &results.values::<f32>(read)?);
            }
        }
        Ok(())
    }

    /// Forgets what is not settled, and what lies on the device.
    pub(crate) fn reset(&mut self) {
        self.device = None;
        self.pending.clear();
    }

    /// The rows on the host.
    pub(crate) fn host(&self) -> &Lookback {
        &self.host
    }

    /// Takes rows over.
    pub(crate) fn restore(&mut self, bytes: &[u8]) -> Result<(), GpuError> {
        self.reset();
        Ok(self.host.restore(bytes)?)
    }

    fn upload(&self, job: &mut Job<'_>, columns: usize) -> Vec<DeviceColumn> {
        (0..columns)
            .map(|column| {
                let values = self.host.column(column);
                let buffer: Buffer = job.upload(values);
                DeviceColumn {
                    buffer,
                    rows: values.len(),
                    kind: ColumnKind::F32,
                }
            })
            .collect()
    }
}

/// A step that has no state but the rows it looks back at.
pub(crate) trait TailKernel: Send {
    /// As [`DeviceKernel::record`], with those rows.
    fn record(
        &mut self,
        job: &mut Job<'_>,
        tail: &mut ResidentTail,
        columns: &[DeviceColumn],
    ) -> Result<Vec<DeviceColumn>, GpuError>;
}

/// A step and the rows it looks back at.
#[derive(Debug)]
pub(crate) struct OverTail<K> {
    kernel: K,
    tail: ResidentTail,
}

impl<K: TailKernel> OverTail<K> {
    /// Nothing seen, of which up to `limit` rows of one column will be kept.
    pub(crate) fn new(limit: usize, kernel: K) -> Self {
        Self {
            kernel,
            tail: ResidentTail::new(limit, 1),
        }
    }
}

impl<K: TailKernel> DeviceKernel for OverTail<K> {
    fn record(
        &mut self,
        job: &mut Job<'_>,
        columns: &[DeviceColumn],
    ) -> Result<Vec<DeviceColumn>, GpuError> {
        self.kernel.record(job, &mut self.tail, columns)
    }

    fn settle(&mut self, results: &Results) -> Result<Option<Vec<Column<'static>>>, GpuError> {
        self.tail.settle(results)?;
        Ok(None)
    }

    fn reset(&mut self) {
        self.tail.reset();
    }

    fn snapshot(&self) -> Vec<u8> {
        self.tail.host().snapshot()
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), GpuError> {
        self.tail.restore(bytes)
    }
}
