//! Steps one after another, on the device.

use std::sync::Arc;

use millrace_core::bulk::{Column, ColumnKind, Step, read_states, write_states};
use millrace_core::kernel_error::KernelError;

use crate::error::GpuError;
use crate::gpu::Gpu;
use crate::job::{Job, ReadBack, Results};
use crate::kernel::{DeviceColumn, DeviceKernel};
use crate::kernels::{Stage, all_on_device};

/// Steps on a device. A batch is uploaded in pieces, each of which is computed while the next is on
/// its way; only what the last step yields comes back.
///
/// An error leaves the state as it was before the batch. Where the device is lost the state is still
/// there: [`DeviceChain::snapshot`] is what a chain on the CPU goes on from.
pub struct DeviceChain {
    gpu: Arc<Gpu>,
    stages: Vec<Stage>,
}

impl std::fmt::Debug for DeviceChain {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("DeviceChain")
            .field("gpu", &self.gpu)
            .finish_non_exhaustive()
    }
}

impl DeviceChain {
    /// Steps with nothing seen yet.
    ///
    /// # Errors
    /// Where a parameter is out of range, or beyond what the device takes.
    pub fn new(gpu: &Arc<Gpu>, steps: &[Step]) -> Result<Self, GpuError> {
        Ok(Self {
            gpu: Arc::clone(gpu),
            stages: all_on_device(gpu, steps)?,
        })
    }

    /// How many kernels there are: expressions that follow each other are one.
    #[must_use]
    pub fn kernels(&self) -> usize {
        self.stages.len()
    }

    /// Runs a batch, of columns of one length.
    ///
    /// # Errors
    /// Where a column is not what its step takes, or something goes wrong on the device.
    pub fn push(&mut self, columns: &[Column<'_>]) -> Result<Vec<Column<'static>>, GpuError> {
        let outcome = self.run(columns);
        if outcome.is_err() {
            self.kernels_mut().for_each(|kernel| kernel.reset());
        }
        outcome
    }

    fn kernels_mut(&mut self) -> impl Iterator<Item = &mut Box<dyn DeviceKernel>> {
        self.stages.iter_mut().map(|stage| &mut stage.kernel)
    }

    fn run(&mut self, columns: &[Column<'_>]) -> Result<Vec<Column<'static>>, GpuError> {
        let rows = columns.first().map_or(0, Column::len);
        if let Some(other) = columns.iter().find(|column| column.len() != rows) {
            return Err(GpuError::Kernel(KernelError::InvalidArgument(format!(
                "Cannot run a batch: its columns must have {rows} rows each, got {}",
                other.len()
            ))));
        }
        self.gpu.check()?;
        let gpu = Arc::clone(&self.gpu);
        let mut job = gpu.job();
        let is_whole = self
            .stages
            .iter()
            .any(|stage| stage.kernel.takes_whole_batches());
        let chunk = if is_whole { rows.max(1) } else { gpu.chunk() };
        gpu.check_values("a batch", rows.min(chunk))?;
        let mut reads: Vec<Vec<(ColumnKind, ReadBack)>> = Vec::new();
        for first in (0..rows.max(1)).step_by(chunk) {
            let piece = first..rows.min(first + chunk);
            let mut on_device = columns
                .iter()
                .map(|column| upload(&mut job, column, piece.clone()))
                .collect::<Result<Vec<_>, _>>()?;
            for kernel in self.kernels_mut() {
                on_device = kernel.record(&mut job, &on_device)?;
            }
            reads.push(
                on_device
                    .iter()
                    .map(|column| (column.kind, job.read(&column.buffer, 0, column.rows)))
                    .collect(),
            );
            job.submit();
        }
        let results = job.finish()?;
        let yielded = download(&results, &reads)?;
        let mut summary = None;
        for kernel in self.kernels_mut() {
            summary = kernel.settle(&results)?;
        }
        Ok(summary.unwrap_or(yielded))
    }

    /// The state of every step, as a chain on the CPU writes it.
    #[must_use]
    pub fn snapshot(&self) -> Vec<u8> {
        let states = self.stages.iter().flat_map(|Stage { kernel, steps }| {
            // Steps that are one kernel keep nothing.
            let others = std::iter::repeat_n(Vec::new(), steps - 1);
            std::iter::once(kernel.snapshot()).chain(others)
        });
        write_states(states)
    }

    /// Takes over the state of a chain of the same steps, on whatever device it ran.
    ///
    /// # Errors
    /// Where the bytes are of no such chain; the state is as before where the first step refuses them.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), GpuError> {
        let steps = self.stages.iter().map(|stage| stage.steps).sum();
        let states = read_states(bytes, steps)?;
        let mut first = 0;
        for Stage { kernel, steps } in &mut self.stages {
            kernel.restore(states[first])?;
            first += *steps;
        }
        Ok(())
    }
}

fn upload(
    job: &mut Job<'_>,
    column: &Column<'_>,
    piece: std::ops::Range<usize>,
) -> Result<DeviceColumn, GpuError> {
    let rows = piece.len();
    let buffer = match column {
        Column::F32(values) => job.upload(&values[piece]),
        Column::I32(values) => job.upload(&values[piece]),
        Column::U32(values) => job.upload(&values[piece]),
        Column::F64(_) => {
            return Err(GpuError::Unsupported(format!(
                "Cannot compute on {}: there is no kernel for columns of f64; ask for f32",
                job.gpu().name()
            )));
        }
    };
    let kind = column.kind();
    Ok(DeviceColumn { buffer, rows, kind })
}

/// The columns of all pieces, end to end.
fn download(
    results: &Results,
    reads: &[Vec<(ColumnKind, ReadBack)>],
) -> Result<Vec<Column<'static>>, GpuError> {
    let columns = reads.first().map_or(0, Vec::len);
    (0..columns)
        .map(|column| {
            let pieces = || reads.iter().map(|piece| piece[column].1);
            Ok(match reads[0][column].0 {
                ColumnKind::F32 => joined::<f32>(results, pieces())?.into(),
                ColumnKind::I32 => joined::<i32>(results, pieces())?.into(),
                ColumnKind::U32 => joined::<u32>(results, pieces())?.into(),
                ColumnKind::F64 => joined::<f64>(results, pieces())?.into(),
            })
        })
        .collect()
}

fn joined<T: bytemuck::Pod>(
    results: &Results,
    mut pieces: impl Iterator<Item = ReadBack>,
) -> Result<Vec<T>, GpuError> {
    let mut all = pieces
        .next()
        .map_or(Ok(Vec::new()), |piece| results.values::<T>(piece))?;
    for piece in pieces {
        all.extend(results.values::<T>(piece)?);
    }
    Ok(all)
}
