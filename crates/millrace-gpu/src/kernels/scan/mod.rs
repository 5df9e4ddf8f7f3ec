//! Prefix scans: each item combined with all before it.

use bytemuck::{Pod, Zeroable};

use crate::buffers::Buffer;
use crate::gpu::Shader;
use crate::job::Job;
use crate::kernel::{number, shader};

/// Values that one workgroup scans.
const BLOCK: usize = 1024;

#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct Parameters {
    rows: u32,
    blocks: u32,
    first: u32,
    goal: u32,
}

/// A run of values in a buffer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run<'a> {
    pub(super) buffer: &'a Buffer,
    /// Its first value.
    pub(super) first: usize,
}

/// The WGSL of sums of counts.
pub(super) fn counts() -> String {
    include_str!("counts.wgsl").replace("LOAD", "bits")
}

/// The WGSL of sums of the bits that are set.
pub(super) fn set_bits() -> String {
    include_str!("counts.wgsl").replace("LOAD", "countOneBits(bits)")
}

/// Scans `rows` values into `to`. `items` is the WGSL of what is combined; `total` is what comes before
/// the first, and is all of them afterwards: two words.
pub(super) fn scan(
    job: &mut Job<'_>,
    items: &str,
    from: Run<'_>,
    rows: usize,
    total: &Buffer,
    to: Run<'_>,
) {
    let blocks = rows.div_ceil(BLOCK);
    let parameters = Parameters {
        rows: number(rows),
        blocks: number(blocks),
        first: number(from.first),
        goal: number(to.first),
    };
    let within = job.scratch(rows);
    let totals = job.scratch(2 * blocks);
    let stage = |text: &str, entry: &'static str| -> Shader {
        shader(&[items, include_str!("scan.wgsl"), text], entry)
    };
    let first = stage(include_str!("blocks.wgsl"), "scan_blocks");
    job.dispatch(
        &first,
        &[from.buffer, &within, &totals],
        &parameters,
        blocks,
    );
    let second = stage(include_str!("totals.wgsl"), "scan_totals");
    job.dispatch(&second, &[&totals, total], &parameters, blocks.min(1));
    let third = stage(include_str!("apply.wgsl"), "apply_totals");
    job.dispatch(&third, &[&within, &totals, to.buffer], &parameters, blocks);
}
