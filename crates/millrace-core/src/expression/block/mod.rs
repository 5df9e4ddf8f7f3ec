//! Expressions over floats, evaluated a block at a time.
//!
//! A tree of arithmetic and comparisons is flattened into steps over registers of [`BLOCK`] values,
//! which lie in the first-level cache: nothing is allocated for a batch, and a condition becomes a
//! mask beside the values instead of a copy of the rows it keeps. Constants are folded, and what
//! occurs twice is computed once. Each step rounds as the evaluator of whole columns does, so
//! results are the same to the bit, but for the sign and payload of a NaN.

mod compile;
mod kernels;

use kernels::{binary_step, compare_step, linear_step, sum_where};

use super::ExpressionId;
use super::arithmetic::ArithmeticOperator;
use super::comparison::ComparisonOperator;
use crate::aggregate::lanes::{BLOCK, Rows};
use crate::aggregate::{Passes, RunningAggregate};

/// Where a step reads: a column that the program is given, or the result of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    Leaf(usize),
    Register(usize),
}

/// `(x · scale + offset) · factor`, each operation rounded: with 1, −0 and 1 the identity.
#[derive(Debug, Clone, Copy)]
struct Linear {
    scale: f64,
    offset: f64,
    factor: f64,
}

/// What a value is held against a constant by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Test {
    Always,
    Lt,
    Le,
    Gt,
    Ge,
    Eq,
    Ne,
}

/// One operation on all rows of a part of a block.
#[derive(Debug, Clone, Copy)]
enum Step {
    Linear {
        of: Source,
        linear: Linear,
        to: usize,
    },
    Binary {
        operator: ArithmeticOperator,
        left: Source,
        right: Source,
        to: usize,
    },
    Compare {
        operator: ComparisonOperator,
        left: Source,
        right: Source,
        to: usize,
    },
    And {
        left: usize,
        right: usize,
        to: usize,
    },
    Or {
        left: usize,
        right: usize,
        to: usize,
    },
    Not {
        of: usize,
        to: usize,
    },
}

/// A sum in one pass: of a linear function of one column, where its result fulfils a test.
#[derive(Debug, Clone, Copy)]
struct FusedSum {
    of: Source,
    linear: Linear,
    test: Test,
    bound: f64,
    /// How many steps stand before it.
    after: usize,
}

/// Values, and which rows of them are kept.
#[derive(Debug, Clone)]
pub(crate) struct BlockProgram {
    /// The columns that it reads: expressions of floats.
    leaves: Vec<ExpressionId>,
    steps: Vec<Step>,
    value: Source,
    /// The mask of the kept rows.
    keep: Option<usize>,
    fused: Option<FusedSum>,
    registers: Vec<Vec<f64>>,
    masks: Vec<Vec<u64>>,
}

impl BlockProgram {
    /// The columns that [`Self::reduce`] takes, in order.
    pub(crate) fn leaves(&self) -> &[ExpressionId] {
        &self.leaves
    }

    /// Runs whole columns, one for each of [`Self::leaves`], and aggregates the kept values. A pass that
    /// several aggregates need is made once.
    pub(crate) fn reduce(
        &mut self,
        columns: &[&[f64]],
        rows: usize,
        kernels: &mut [&mut RunningAggregate],
    ) {
        let [first, others @ ..] = &*kernels else {
            return;
        };
        // Aggregates that began with different batches have blocks of their own.
        if others.iter().any(|kernel| kernel.room() != first.room()) {
            for kernel in kernels {
                self.reduce(columns, rows, &mut [kernel]);
            }
            return;
        }
        let only_sums = kernels.iter().all(|kernel| kernel.only_sums());
        let mut start = 0;
        while start < rows {
            let count = kernels[0].room().min(rows - start);
            let mut passes = Passes::default();
            match self.fused.filter(|_| only_sums) {
                Some(fused) => {
                    self.steps(fused.after, columns, start, count);
                    let values = self.source(fused.of, columns, start, count);
                    for kernel in &mut *kernels {
                        kernel.sum_part(count, &mut passes, |sums, at| {
                            sum_where(fused.linear, fused.test, fused.bound, values, sums, at);
                        });
                    }
                }
                None => {
                    let rows = self.run(columns, start, count);
                    for kernel in &mut *kernels {
                        kernel.update_part(rows, &mut passes);
                    }
                }
            }
            start += count;
        }
    }

    /// Runs whole columns, one for each of [`Self::leaves`], and writes the value of each row. Only for
    /// a program that keeps all rows.
    pub(crate) fn map(&mut self, columns: &[&[f64]], out: &mut [f64]) {
        for (block, out) in out.chunks_mut(BLOCK).enumerate() {
            let rows = self.run(columns, block * BLOCK, out.len());
            out.copy_from_slice(rows.values);
        }
    }

    /// The values of at most a block of rows, from row `start` of the columns on, and which are kept.
    /// A value that is not kept may be anything.
    fn run<'a>(&'a mut self, columns: &'a [&'a [f64]], start: usize, rows: usize) -> Rows<'a> {
        self.steps(self.steps.len(), columns, start, rows);
        Rows {
            values: self.source(self.value, columns, start, rows),
            mask: self.keep.map(|mask| &self.masks[mask][..rows]),
        }
    }

    fn source<'a>(
        &'a self,
        source: Source,
        columns: &'a [&'a [f64]],
        start: usize,
        rows: usize,
    ) -> &'a [f64] {
        match source {
            Source::Leaf(leaf) => &columns[leaf][start..start + rows],
            Source::Register(register) => &self.registers[register][..rows],
        }
    }

    fn steps(&mut self, count: usize, columns: &[&[f64]], start: usize, rows: usize) {
        for index in 0..count {
            match self.steps[index] {
                Step::Linear { of, linear, to } => {
                    let mut out = std::mem::take(&mut self.registers[to]);
                    let values = self.source(of, columns, start, rows);
                    linear_step(linear, values, &mut out[..rows]);
                    self.registers[to] = out;
                }
                Step::Binary {
                    operator,
                    left,
                    right,
                    to,
                } => {
                    let mut out = std::mem::take(&mut self.registers[to]);
                    let left = self.source(left, columns, start, rows);
                    let right = self.source(right, columns, start, rows);
                    binary_step(operator, left, right, &mut out[..rows]);
                    self.registers[to] = out;
                }
                Step::Compare {
                    operator,
                    left,
                    right,
                    to,
                } => {
                    let mut out = std::mem::take(&mut self.masks[to]);
                    let left = self.source(left, columns, start, rows);
                    let right = self.source(right, columns, start, rows);
                    compare_step(operator, left, right, &mut out[..rows]);
                    self.masks[to] = out;
                }
                Step::And { left, right, to } => self.combine(left, right, to, |a, b| a & b),
                Step::Or { left, right, to } => self.combine(left, right, to, |a, b| a | b),
                Step::Not { of, to } => self.combine(of, of, to, |a, _| !a),
            }
        }
    }

    fn combine(&mut self, left: usize, right: usize, to: usize, f: impl Fn(u64, u64) -> u64) {
        let mut out = std::mem::take(&mut self.masks[to]);
        for ((out, &a), &b) in out
            .iter_mut()
            .zip(&self.masks[left])
            .zip(&self.masks[right])
        {
            *out = f(a, b);
        }
        self.masks[to] = out;
    }
}
