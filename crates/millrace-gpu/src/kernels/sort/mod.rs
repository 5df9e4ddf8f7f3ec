//! Rows in order, and the first of them; exact.
//!
//! Segments of up to 2,048 rows are sorted by a workgroup each; longer ones one after another by digits
//! of 8 bits, which is stable.

#[cfg(test)]
mod tests;

use bytemuck::{Pod, Zeroable};
use millrace_core::bulk::{Column, ColumnKind, Step, check_rows};

use crate::buffers::Buffer;
use crate::error::GpuError;
use crate::gpu::WORKGROUP;
use crate::job::{Job, Results};
use crate::kernel::{DeviceColumn, DeviceKernel, number, only, shader};
use crate::kernels::scan::{Run, counts, scan};
use crate::tail::ResidentTail;

/// The longest segment that a workgroup sorts.
const SHORT: usize = 2048;
/// Rows that a workgroup counts and scatters.
const BLOCK: usize = 4096;
const DIGITS: usize = 256;

#[derive(Debug, Clone, Copy, Default, Pod, Zeroable)]
#[repr(C)]
struct Parameters {
    rows: u32,
    n: u32,
    turned: u32,
    k: u32,
    first: u32,
    blocks: u32,
    shift: u32,
    unused: u32,
}

/// Rows sorted by segments of `n`, or batch by batch.
#[derive(Debug)]
struct Ranked {
    step: &'static str,
    n: Option<usize>,
    turned: u32,
    tail: ResidentTail,
}

/// Keys in order, segment after segment, and the rows they stood in.
struct Order {
    keys: Buffer,
    places: Buffer,
    parameters: Parameters,
}

impl Ranked {
    fn new(step: &'static str, n: Option<usize>, is_turned: bool) -> Result<Self, GpuError> {
        if let Some(n) = n {
            check_rows(step, n)?;
        }
        Ok(Self {
            step,
            n,
            turned: if is_turned { u32::MAX } else { 0 },
            tail: ResidentTail::new(n.map_or(0, |n| n - 1), 1),
        })
    }

    fn record(&mut self, job: &mut Job<'_>, columns: &[DeviceColumn]) -> Result<Order, GpuError> {
        let new = only(self.step, ColumnKind::F32, columns)?.rows;
        let joined = self.tail.join(job, self.step, columns)?;
        let values = &joined[0];
        let n = self.n.unwrap_or(values.rows).max(1);
        let whole = values.rows - values.rows % n;
        self.tail.advance(job, &joined, values.rows - whole, new);
        let mut order = Order {
            keys: job.scratch(whole),
            places: job.scratch(whole),
            parameters: Parameters {
                rows: number(whole),
                n: number(n),
                turned: self.turned,
                ..Parameters::default()
            },
        };
        let keys = shader(
            &[include_str!("parameters.wgsl"), include_str!("keys.wgsl")],
            "make_keys",
        );
        let buffers = [&values.buffer, &order.keys, &order.places];
        job.dispatch(
            &keys,
            &buffers,
            &order.parameters,
            whole.div_ceil(WORKGROUP),
        );
        if n <= SHORT {
            let text = include_str!("bitonic.wgsl");
            let sort = shader(&[include_str!("parameters.wgsl"), text], "sort_segment");
            let buffers = [&order.keys, &order.places];
            job.dispatch(&sort, &buffers, &order.parameters, whole / n);
        } else {
            order.by_digits(job, n, whole);
        }
        Ok(order)
    }
}

impl Order {
    /// Every segment by each of its four digits, the lowest first.
    fn by_digits(&mut self, job: &mut Job<'_>, n: usize, whole: usize) {
        let stage = |text: &str, entry: &'static str| {
            shader(&[include_str!("parameters.wgsl"), text], entry)
        };
        let count = stage(include_str!("digits.wgsl"), "count_digits");
        let scatter = stage(include_str!("scatter.wgsl"), "scatter");
        let blocks = n.div_ceil(BLOCK);
        let mut others = (job.scratch(whole), job.scratch(whole));
        let digits = job.scratch(DIGITS * blocks);
        let ends = job.scratch(DIGITS * blocks);
        for shift in [0, 8, 16, 24] {
            for first in (0..whole).step_by(n) {
                let parameters = Parameters {
                    first: number(first),
                    blocks: number(blocks),
                    shift,
                    ..self.parameters
                };
                job.dispatch(&count, &[&self.keys, &digits], &parameters, blocks);
                let none = job.upload(&[0_u32; 2]);
                let run = |buffer| Run { buffer, first: 0 };
                scan(
                    job,
                    &counts(),
                    run(&digits),
                    DIGITS * blocks,
                    &none,
                    run(&ends),
                );
                let buffers = [
                    &self.keys,
                    &self.places,
                    &digits,
                    &ends,
                    &others.0,
                    &others.1,
                ];
                job.dispatch(&scatter, &buffers, &parameters, blocks);
            }
            std::mem::swap(&mut self.keys, &mut others.0);
            std::mem::swap(&mut self.places, &mut others.1);
        }
    }

    /// The first `k` rows of each segment: values, and the rows they stood in.
    fn take(mut self, job: &mut Job<'_>, k: usize) -> [DeviceColumn; 2] {
        self.parameters.k = number(k).min(self.parameters.n);
        let segments = self.parameters.rows / self.parameters.n;
        let rows = (segments * self.parameters.k) as usize;
        let (values, places) = (job.scratch(rows), job.scratch(rows));
        let take = shader(
            &[include_str!("parameters.wgsl"), include_str!("take.wgsl")],
            "take_rows",
        );
        let buffers = [&self.keys, &self.places, &values, &places];
        job.dispatch(&take, &buffers, &self.parameters, rows.div_ceil(WORKGROUP));
        let column = |buffer, kind| DeviceColumn { buffer, rows, kind };
        [
            column(values, ColumnKind::F32),
            column(places, ColumnKind::U32),
        ]
    }
}

/// Rows in order, or the first of them with the rows they stood in.
#[derive(Debug)]
pub(super) struct Sort {
    ranked: Ranked,
    /// How many are taken of each segment; all where they are only sorted.
    k: Option<usize>,
}

impl Sort {
    pub(super) fn new(n: Option<usize>, descending: bool) -> Result<Self, GpuError> {
        Ok(Self {
            ranked: Ranked::new("sort", n, descending)?,
            k: None,
        })
    }

    /// The `k` largest of each segment, or the smallest.
    pub(super) fn top(n: Option<usize>, k: usize, smallest: bool) -> Result<Self, GpuError> {
        // Checks the numbers as the CPU does.
        Step::TopK { n, k, smallest }.on_cpu()?;
        Ok(Self {
            ranked: Ranked::new("topK", n, !smallest)?,
            k: Some(k),
        })
    }
}

impl DeviceKernel for Sort {
    fn record(
        &mut self,
        job: &mut Job<'_>,
        columns: &[DeviceColumn],
    ) -> Result<Vec<DeviceColumn>, GpuError> {
        let order = self.ranked.record(job, columns)?;
        let [values, places] = order.take(job, self.k.unwrap_or(usize::MAX));
        Ok(match self.k {
            Some(_) => vec![values, places],
            None => vec![values],
        })
    }

    fn takes_whole_batches(&self) -> bool {
        self.ranked.n.is_none()
    }

    fn settle(&mut self, results: &Results) -> Result<Option<Vec<Column<'static>>>, GpuError> {
        self.ranked.tail.settle(results)?;
        Ok(None)
    }

    fn reset(&mut self) {
        self.ranked.tail.reset();
    }

    fn snapshot(&self) -> Vec<u8> {
        match self.ranked.n {
            Some(_) => self.ranked.tail.host().snapshot(),
            None => Vec::new(),
        }
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), GpuError> {
        match self.ranked.n {
            Some(_) => self.ranked.tail.restore(bytes),
            None => Ok(()),
        }
    }
}
