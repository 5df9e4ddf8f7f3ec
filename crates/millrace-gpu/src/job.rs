//! Work for the device: uploads, kernels and read-backs in the order of their recording.

use std::sync::mpsc;

use bytemuck::Pod;
use wgpu::{
    BindGroupDescriptor, BindGroupEntry, CommandEncoder, ComputePassDescriptor,
    ComputePassTimestampWrites, QuerySet, QuerySetDescriptor, QueryType,
};

use crate::buffers::{Buffer, Usage};
use crate::error::GpuError;
use crate::gpu::{Gpu, Shader};

/// Dispatches beyond this many are not timed.
const TIMED: u32 = 1024;

/// A list of commands. Nothing waits until [`Job::finish`].
pub struct Job<'a> {
    gpu: &'a Gpu,
    encoder: CommandEncoder,
    /// What the commands use that are not submitted yet: it must not be lent to another before,
    /// because uploads run ahead of them.
    held: Vec<Buffer>,
    reads: Vec<(Buffer, u64)>,
    clock: Option<Clock>,
}

/// Time stamps around dispatches.
struct Clock {
    queries: QuerySet,
    used: u32,
}

/// Where a read-back will be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadBack(usize);

/// What a job has read back, in memory that the device still shows.
#[derive(Debug)]
pub struct Results(Vec<(Buffer, u64)>);

impl Results {
    /// The values that were read.
    ///
    /// # Errors
    /// Where the bytes are no whole number of values.
    pub fn values<T: Pod>(&self, read: ReadBack) -> Result<Vec<T>, GpuError> {
        let (buffer, bytes) = &self.0[read.0];
        if *bytes == 0 {
            return Ok(Vec::new());
        }
        let view = buffer
            .get_mapped_range(..*bytes)
            .map_err(|error| GpuError::Internal(format!("Cannot read results back: {error}")))?;
        if !view.len().is_multiple_of(size_of::<T>()) {
            return Err(GpuError::Internal(format!(
                "Cannot read back values of {} bytes from {}",
                size_of::<T>(),
                view.len()
            )));
        }
        Ok(bytemuck::pod_collect_to_vec(&view[..]))
    }
}

impl Drop for Results {
    fn drop(&mut self) {
        for (buffer, bytes) in &self.0 {
            if *bytes > 0 {
                buffer.unmap();
            }
        }
    }
}

impl std::fmt::Debug for Job<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Job")
            .field("reads", &self.reads.len())
            .finish_non_exhaustive()
    }
}

impl<'a> Job<'a> {
    pub(crate) fn new(gpu: &'a Gpu) -> Self {
        let clock = gpu.is_timed().then(|| Clock {
            queries: gpu.device.create_query_set(&QuerySetDescriptor {
                label: None,
                ty: QueryType::Timestamp,
                count: 2 * TIMED,
            }),
            used: 0,
        });
        Self {
            gpu,
            encoder: new_encoder(gpu),
            held: Vec::new(),
            reads: Vec::new(),
            clock,
        }
    }

    /// The device this is for.
    #[must_use]
    pub fn gpu(&self) -> &'a Gpu {
        self.gpu
    }

    /// A buffer for `values` values of 4 bytes, whose contents are whatever was there.
    pub fn scratch(&mut self, values: usize) -> Buffer {
        self.take(Usage::Storage, 4 * values as u64)
    }

    /// A buffer that holds these values.
    pub fn upload<T: Pod>(&mut self, values: &[T]) -> Buffer {
        let bytes: &[u8] = bytemuck::cast_slice(values);
        let buffer = self.take(Usage::Storage, bytes.len() as u64);
        self.gpu.queue.write_buffer(&buffer, 0, bytes);
        buffer
    }

    /// Runs a kernel in `groups` workgroups. `buffers` are bound in order from binding 0 on, and
    /// `parameters`, of a multiple of 16 bytes, as a uniform behind them.
    ///
    /// Groups are laid out in two dimensions where one does not hold them: a kernel finds its own by
    /// `group_index` of [`PRELUDE`](crate::PRELUDE), and must let those alone that are too many.
    pub fn dispatch<P: Pod>(
        &mut self,
        shader: &Shader,
        buffers: &[&Buffer],
        parameters: &P,
        groups: usize,
    ) {
        if groups == 0 {
            return;
        }
        let pipeline = self.gpu.pipeline(shader);
        let bytes = bytemuck::bytes_of(parameters);
        let uniform = self.take(Usage::Parameters, bytes.len() as u64);
        self.gpu.queue.write_buffer(&uniform, 0, bytes);
        let bound: Vec<BindGroupEntry<'_>> = buffers
            .iter()
            .copied()
            .chain([&uniform])
            .zip(0..)
            .map(|(buffer, binding)| BindGroupEntry {
                binding,
                resource: buffer.as_entire_binding(),
            })
            .collect();
        let bind_group = self.gpu.device.create_bind_group(&BindGroupDescriptor {
            label: None,
            layout: &pipeline.get_bind_group_layout(0),
            entries: &bound,
        });
        let timestamp_writes =
            self.clock
                .as_mut()
                .filter(|clock| clock.used < TIMED)
                .map(|clock| {
                    let first = 2 * clock.used;
                    clock.used += 1;
                    (&clock.queries, first)
                });
        let mut pass = self.encoder.begin_compute_pass(&ComputePassDescriptor {
            label: None,
            timestamp_writes: timestamp_writes.map(|(query_set, first)| {
                ComputePassTimestampWrites {
                    query_set,
                    beginning_of_pass_write_index: Some(first),
                    end_of_pass_write_index: Some(first + 1),
                }
            }),
        });
        let (x, y) = layout(
            groups,
            self.gpu
                .device
                .limits()
                .max_compute_workgroups_per_dimension,
        );
        pass.set_pipeline(&pipeline);
        pass.set_bind_group(0, &bind_group, &[]);
        pass.dispatch_workgroups(x, y, 1);
        drop(pass);
        self.held
            .extend(buffers.iter().map(|&buffer| buffer.clone()));
    }

    /// Copies values of 4 bytes from one buffer into another; places are counted in values.
    pub fn copy(&mut self, from: &Buffer, first: usize, to: &Buffer, at: usize, values: usize) {
        if values == 0 {
            return;
        }
        let bytes = |values: usize| 4 * values as u64;
        self.encoder
            .copy_buffer_to_buffer(from, bytes(first), to, bytes(at), bytes(values));
        self.held.extend([from.clone(), to.clone()]);
    }

    /// Has values of 4 bytes read back, from the one at `first` on.
    pub fn read(&mut self, buffer: &Buffer, first: usize, values: usize) -> ReadBack {
        let bytes = 4 * values as u64;
        let target = self.take(Usage::ReadBack, bytes);
        if bytes > 0 {
            self.encoder
                .copy_buffer_to_buffer(buffer, 4 * first as u64, &target, 0, bytes);
            self.held.push(buffer.clone());
        }
        self.reads.push((target, bytes));
        ReadBack(self.reads.len() - 1)
    }

    /// Has the device begin with what was recorded so far, while the host goes on.
    pub fn submit(&mut self) {
        let encoder = std::mem::replace(&mut self.encoder, new_encoder(self.gpu));
        self.gpu.queue.submit([encoder.finish()]);
        self.held.clear();
    }

    /// Waits for everything and returns what was read back.
    ///
    /// # Errors
    /// Where the device is lost, its memory is full, or it refused a command.
    pub fn finish(mut self) -> Result<Results, GpuError> {
        let clock = self.clock.take().filter(|clock| clock.used > 0);
        let times = clock.map(|clock| self.read_clock(&clock));
        self.submit();
        self.gpu.check()?;
        let (told, mapped) = mpsc::channel();
        let reads: Vec<&(Buffer, u64)> =
            self.reads.iter().filter(|(_, bytes)| *bytes > 0).collect();
        for (buffer, bytes) in &reads {
            let told = told.clone();
            buffer.map_async(wgpu::MapMode::Read, ..*bytes, move |result| {
                let _ = told.send(result);
            });
        }
        self.gpu.wait()?;
        for _ in &reads {
            if !matches!(mapped.try_recv(), Ok(Ok(()))) {
                self.gpu.check()?;
                return Err(GpuError::Internal(
                    "Cannot read results back: they are not there".to_owned(),
                ));
            }
        }
        let results = Results(self.reads);
        if let Some(read) = times {
            let stamps = results.values::<u64>(read)?;
            let ticks: u64 = stamps
                .chunks_exact(2)
                .map(|pair| pair[1].saturating_sub(pair[0]))
                .sum();
            #[expect(
                clippy::cast_precision_loss,
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a time, to a part in 2^24"
            )]
            self.gpu.add_nanoseconds(
                (ticks as f64 * f64::from(self.gpu.queue.get_timestamp_period())) as u64,
            );
        }
        Ok(results)
    }

    fn read_clock(&mut self, clock: &Clock) -> ReadBack {
        let stamps = 2 * clock.used;
        let resolved = self.gpu.device.create_buffer(&wgpu::BufferDescriptor {
            label: None,
            size: 8 * u64::from(stamps),
            usage: wgpu::BufferUsages::QUERY_RESOLVE | wgpu::BufferUsages::COPY_SRC,
            mapped_at_creation: false,
        });
        let target = self.take(Usage::ReadBack, resolved.size());
        self.encoder
            .resolve_query_set(&clock.queries, 0..stamps, &resolved, 0);
        self.encoder
            .copy_buffer_to_buffer(&resolved, 0, &target, 0, resolved.size());
        self.reads.push((target, resolved.size()));
        ReadBack(self.reads.len() - 1)
    }

    fn take(&mut self, usage: Usage, bytes: u64) -> Buffer {
        let buffer = self.gpu.pool.take(&self.gpu.device, usage, bytes);
        self.held.push(buffer.clone());
        buffer
    }
}

fn new_encoder(gpu: &Gpu) -> CommandEncoder {
    gpu.device
        .create_command_encoder(&wgpu::CommandEncoderDescriptor::default())
}

/// As few columns of groups as the limit allows.
fn layout(groups: usize, limit: u32) -> (u32, u32) {
    let groups = u32::try_from(groups).unwrap_or(u32::MAX);
    let y = groups.div_ceil(limit);
    (groups.div_ceil(y), y)
}

#[cfg(test)]
mod tests {
    use super::layout;

    #[test]
    fn groups_are_laid_out_within_the_limit() {
        for groups in [1, 65_535, 65_536, 200_000, 40_000_000] {
            let (x, y) = layout(groups, 65_535);
            assert!(x <= 65_535 && y <= 65_535);
            assert!(u64::from(x) * u64::from(y) >= groups as u64);
        }
    }
}
