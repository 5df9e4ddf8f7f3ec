//! Expressions, element by element: one kernel for all of them, and for steps that follow each other.
//!
//! Comparisons, choices, extrema, signs and roundings are exact. A sum, difference or product is within
//! 2⁻²² of what it is made of, since a device may round once where the CPU rounds twice; a quotient or
//! root is within 2⁻²¹ of itself, a logarithm within 2⁻²⁰ of itself or of 1, and an exponential of x within
//! 2⁻²¹ · (2 + |x|) of itself.

mod source;
#[cfg(test)]
mod tests;

use bytemuck::{Pod, Zeroable};
use millrace_core::bulk::{Column, ColumnKind, ElementProgram, check_columns};

use crate::error::GpuError;
use crate::gpu::{Gpu, Shader, WORKGROUP};
use crate::job::{Job, Results};
use crate::kernel::{DeviceColumn, DeviceKernel, number, shader};
use source::{PER_THREAD, Source, source};

#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct Parameters {
    rows: u32,
    unused: [u32; 3],
}

/// A program over the rows of a batch.
#[derive(Debug)]
pub(super) struct Map {
    columns: usize,
    /// Which columns are read.
    inputs: Vec<usize>,
    constants: Vec<f32>,
    results: usize,
    shader: Shader,
}

impl Map {
    /// Fails where the columns are more than a kernel of this device can be bound to.
    pub(super) fn new(gpu: &Gpu, program: &ElementProgram) -> Result<Self, GpuError> {
        let Source {
            text,
            inputs,
            constants,
        } = source(program);
        let results = program.outputs.len();
        gpu.check_buffers(
            "map",
            inputs.len() + usize::from(!constants.is_empty()) + results,
        )?;
        Ok(Self {
            columns: program.inputs,
            inputs,
            constants,
            results,
            shader: shader(&[include_str!("map.wgsl"), &text], "map_rows"),
        })
    }
}

impl DeviceKernel for Map {
    fn record(
        &mut self,
        job: &mut Job<'_>,
        columns: &[DeviceColumn],
    ) -> Result<Vec<DeviceColumn>, GpuError> {
        check_columns(self.columns, columns.iter().map(|column| column.kind))?;
        let rows = columns[0].rows;
        let constants = (!self.constants.is_empty()).then(|| job.upload(&self.constants));
        let results: Vec<DeviceColumn> = (0..self.results)
            .map(|_| DeviceColumn {
                buffer: job.scratch(rows),
                rows,
                kind: ColumnKind::F32,
            })
            .collect();
        let inputs = self.inputs.iter().map(|&input| &columns[input].buffer);
        let written = results.iter().map(|column| &column.buffer);
        let bound: Vec<_> = inputs.chain(&constants).chain(written).collect();
        let parameters = Parameters {
            rows: number(rows),
            unused: [0; 3],
        };
        let groups = rows.div_ceil(PER_THREAD * WORKGROUP);
        job.dispatch(&self.shader, &bound, &parameters, groups);
        Ok(results)
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
