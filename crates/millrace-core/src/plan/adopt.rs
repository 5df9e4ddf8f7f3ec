//! Taking over the state of an earlier plan when its graph has grown.

use super::Plan;
use crate::error::PlanError;

impl Plan {
    /// Takes over the state of `earlier`, whose nodes are the first of this plan, with the same
    /// columns coming in: a graph that grew goes on where it was. Later nodes stay as they are.
    ///
    /// # Errors
    /// [`PlanError::CorruptState`] or [`PlanError::InvalidArgument`] if the earlier plan is no
    /// beginning of this one; this plan is then of no use.
    pub fn adopt(&mut self, earlier: &Self) -> Result<(), PlanError> {
        if earlier.nodes.len() > self.nodes.len() || earlier.inputs.len() > self.inputs.len() {
            return Err(PlanError::InvalidArgument(format!(
                "Cannot adopt state: the earlier plan must be the beginning of this one, got {} \
                 nodes for {}",
                earlier.nodes.len(),
                self.nodes.len()
            )));
        }
        self.evaluation.forget_tables();
        for (to, from) in self.shared_dictionaries(earlier) {
            let bytes = earlier.dictionaries[from].snapshot();
            self.dictionaries[to].restore(&bytes)?;
        }
        for (node, before) in self.nodes.iter_mut().zip(&earlier.nodes) {
            let state = before.operator.snapshot();
            let parts: Vec<&[u8]> = state.iter().map(Vec::as_slice).collect();
            node.operator.restore(&parts)?;
        }
        self.tallies[..earlier.tallies.len()].copy_from_slice(&earlier.tallies);
        Ok(())
    }

    /// Dictionaries of this plan with those of `earlier` for the same column of the same input.
    #[must_use]
    pub fn shared_dictionaries(&self, earlier: &Self) -> Vec<(usize, usize)> {
        let pairs = self.inputs.iter().zip(&earlier.inputs);
        pairs
            .flat_map(|(input, before)| input.columns.iter().zip(&before.columns))
            .filter_map(|(column, before)| column.dictionary.zip(before.dictionary))
            .collect()
    }
}
