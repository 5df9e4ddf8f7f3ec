//! Which columns anything reads.

use super::{Built, Column, Reads};

impl Built {
    /// Finds which columns anything reads, from the last node back, and tells the operators.
    pub(super) fn prune(&mut self) {
        let mut used: Vec<Vec<bool>> = self
            .nodes
            .iter()
            .map(|node| vec![false; node.schema.columns.len()])
            .collect();
        for (id, node) in self.nodes.iter().enumerate().rev() {
            let reads: Vec<Column> = match &node.reads {
                Reads::All(reads) => reads.clone(),
                Reads::PerColumn(columns) => columns
                    .iter()
                    .zip(&used[id])
                    .filter(|&(_, &used)| used)
                    .flat_map(|(reads, _)| reads.iter().copied())
                    .collect(),
                Reads::Filter { predicate, input } => {
                    let passed = used[id].iter().enumerate().filter(|&(_, &used)| used);
                    let passed = passed.map(|(column, _)| (*input, column));
                    predicate.iter().copied().chain(passed).collect()
                }
            };
            for (node, column) in reads {
                used[node][column] = true;
            }
        }
        for (node, used) in self.nodes.iter_mut().zip(&used) {
            node.operator.prune(used);
        }
        let roots: Vec<usize> = (0..self.nodes.len())
            .filter(|&id| self.nodes[id].needs.is_empty())
            .collect();
        for id in roots {
            let input = &mut self.inputs[self.nodes[id].input];
            for (slot, &used) in input.used.iter_mut().zip(&used[id]) {
                *slot |= used;
            }
        }
    }
}
