//! The state of a plan as bytes.

use super::Plan;
use crate::error::PlanError;
use crate::state::{StateReader, StateWriter};

const STATE_VERSION: u8 = 1;

impl Plan {
    /// The state of all nodes as bytes. Cost: linear in the state.
    #[must_use]
    pub fn snapshot(&self) -> Vec<u8> {
        let mut state = StateWriter::new(STATE_VERSION);
        state.u64(self.fingerprint);
        for dictionary in &self.dictionaries {
            state.bytes(&dictionary.snapshot());
        }
        for node in &self.nodes {
            let parts = node.operator.snapshot();
            state.u64(parts.len() as u64);
            for part in parts {
                state.bytes(&part);
            }
        }
        state.finish()
    }

    /// Takes up the state that [`Self::snapshot`] of a plan of the same text gave.
    ///
    /// # Errors
    /// [`PlanError::CorruptState`] if the bytes are no such state; the plan is then unchanged.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), PlanError> {
        let before = self.snapshot();
        let result = self.restore_parts(bytes);
        if result.is_err() {
            self.restore_parts(&before)?;
        }
        result
    }

    fn restore_parts(&mut self, bytes: &[u8]) -> Result<(), PlanError> {
        self.evaluation.forget_tables();
        let mut state = StateReader::new("plan", STATE_VERSION, bytes)?;
        if state.u64()? != self.fingerprint {
            return Err(state.corrupt("the state is of another plan").into());
        }
        for dictionary in &mut self.dictionaries {
            dictionary.restore(state.bytes()?)?;
        }
        for node in &mut self.nodes {
            let count = state.u64()?;
            let parts = (0..count)
                .map(|_| state.bytes())
                .collect::<Result<Vec<_>, _>>()?;
            node.operator.restore(&parts)?;
        }
        state.finish()?;
        Ok(())
    }
}

/// FNV-1a of the plan's text: tells plans apart when a state is restored.
pub(super) fn fingerprint(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
