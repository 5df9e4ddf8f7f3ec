//! Plans that do nothing but aggregate one column of floats: these need no arrays.

use std::time::{Duration, Instant};

use super::Plan;
use super::build::BuiltNode;
use super::schema::{InputSchema, SinkSchema};
use crate::aggregate::RunningAggregate;
use crate::batch::EmissionKind;
use crate::column_type::ColumnType;
use crate::expression::{BlockProgram, Expression, ExpressionId, Expressions};

/// Aggregates that run over the same values and the same mask.
#[derive(Debug)]
struct Pass {
    program: BlockProgram,
    /// Their nodes, in order.
    nodes: Vec<usize>,
}

/// Everything that a plan does for a batch.
#[derive(Debug)]
pub(super) struct Reduce {
    passes: Vec<Pass>,
    /// The node whose result each sink gets.
    results: Vec<usize>,
    root: usize,
}

/// What a plan does, if that is to aggregate the only column of its only input, and one value for each
/// sink.
pub(super) fn reduce(
    expressions: &Expressions,
    nodes: &mut [BuiltNode],
    inputs: &[InputSchema],
    sinks: &[SinkSchema],
) -> Option<Reduce> {
    let [input] = inputs else {
        return None;
    };
    let [column] = &input.columns[..] else {
        return None;
    };
    let root = nodes.iter().position(|node| node.needs.is_empty())?;
    let scalars = sinks.iter().all(|sink| sink.kind == EmissionKind::Scalar);
    if column.column_type != ColumnType::F64 || !scalars {
        return None;
    }
    let results: Vec<usize> = sinks.iter().map(|sink| nodes[sink.node].needs[0]).collect();
    type Key = (Option<ExpressionId>, Vec<ExpressionId>);
    let mut passes: Vec<(Key, Pass)> = Vec::new();
    for (id, node) in nodes.iter_mut().enumerate() {
        let is_sink = sinks.iter().any(|sink| sink.node == id);
        if !node.needed || is_sink || id == root {
            continue;
        }
        let reduction = node.operator.reduction()?;
        let reads_input = reduction.program.leaves().iter().all(|&leaf| {
            let leaf = &expressions.get(leaf).expression;
            *leaf
                == Expression::Column {
                    node: root,
                    column: 0,
                }
        });
        if !reads_input {
            return None;
        }
        let key = (reduction.key.0, reduction.key.1.to_vec());
        match passes.iter_mut().find(|(other, _)| *other == key) {
            Some((_, pass)) => pass.nodes.push(id),
            None => {
                let program = reduction.program.clone();
                let nodes = vec![id];
                passes.push((key, Pass { program, nodes }));
            }
        }
    }
    let passes = passes.into_iter().map(|(_, pass)| pass).collect();
    let complete = results
        .iter()
        .all(|&id| nodes[id].operator.reduction().is_some());
    complete.then_some(Reduce {
        passes,
        results,
        root,
    })
}

impl Plan {
    /// Whether [`Self::reduce_floats`] can run batches.
    #[must_use]
    pub fn reduces_floats(&self) -> bool {
        self.reduce.is_some()
    }

    /// Runs a batch of a plan that does nothing but aggregate its one f64 column, filtered and computed
    /// with or not, from where the rows lie. What [`Self::push`] gives to each sink, in order, takes the
    /// place of `results`. False, with nothing done, for any other plan.
    pub fn reduce_floats(&mut self, values: &[f64], results: &mut Vec<Option<f64>>) -> bool {
        let Some(reduce) = &mut self.reduce else {
            return false;
        };
        let mut start = Instant::now();
        self.tallies[reduce.root].count(values.len(), Duration::ZERO);
        for pass in &mut reduce.passes {
            let columns = vec![values; pass.program.leaves().len()];
            let mut kernels: Vec<&mut RunningAggregate> = Vec::with_capacity(pass.nodes.len());
            let mut members = pass.nodes.iter();
            let mut member = members.next();
            for (id, node) in self.nodes.iter_mut().enumerate() {
                if member == Some(&id) {
                    member = members.next();
                    kernels.extend(node.operator.reduction().map(|reduction| reduction.kernel));
                }
            }
            pass.program.reduce(&columns, values.len(), &mut kernels);
            // The time of a pass is that of the first node that needs it.
            let [first, others @ ..] = &pass.nodes[..] else {
                continue;
            };
            start = self.tallies[*first].add(1, start);
            for &id in others {
                self.tallies[id].count(1, Duration::ZERO);
            }
        }
        results.clear();
        for &id in &reduce.results {
            let reduction = self.nodes[id].operator.reduction();
            results.push(reduction.and_then(|reduction| reduction.kernel.value(0)));
        }
        true
    }
}
