//! Steps one after another.

use super::{Column, Kernel, Step};
use crate::kernel_error::KernelError;
use crate::state::{StateReader, StateWriter};

/// Steps on the CPU, each taking what the one before yields.
///
/// # Examples
/// ```
/// use millrace_core::bulk::{Chain, Kernel, steps_from_json};
///
/// let steps = steps_from_json(r#"[{"op": "cumulative", "fn": "sum"}]"#)?;
/// let mut chain = Chain::new(&steps)?;
/// chain.push(&[vec![1.0_f32, 2.0].into()])?;
/// assert_eq!(chain.push(&[vec![3.0_f32].into()])?, [vec![6.0_f32].into()]);
/// # Ok::<(), millrace_core::kernel_error::KernelError>(())
/// ```
pub struct Chain {
    steps: Vec<Step>,
    kernels: Vec<Box<dyn Kernel>>,
}

impl std::fmt::Debug for Chain {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Chain")
            .field("steps", &self.steps)
            .finish_non_exhaustive()
    }
}

impl Chain {
    /// Steps with nothing seen yet.
    ///
    /// # Errors
    /// Where a parameter of a step is out of range.
    pub fn new(steps: &[Step]) -> Result<Self, KernelError> {
        Ok(Self {
            steps: steps.to_vec(),
            kernels: steps.iter().map(Step::on_cpu).collect::<Result<_, _>>()?,
        })
    }
}

impl Kernel for Chain {
    fn push(&mut self, columns: &[Column<'_>]) -> Result<Vec<Column<'static>>, KernelError> {
        if self.kernels.len() == 1 {
            return self.kernels[0].push(columns);
        }
        // A later step may refuse what an earlier one has taken.
        let before = self.snapshot();
        let (first, later) = self.kernels.split_at_mut(1);
        let results = later
            .iter_mut()
            .fold(first[0].push(columns), |results, kernel| {
                kernel.push(&results?)
            });
        if results.is_err() {
            self.restore(&before)?;
        }
        results
    }

    fn snapshot(&self) -> Vec<u8> {
        write_states(self.kernels.iter().map(|kernel| kernel.snapshot()))
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), KernelError> {
        let states = read_states(bytes, self.kernels.len())?;
        let mut kernels = self
            .steps
            .iter()
            .map(Step::on_cpu)
            .collect::<Result<Vec<_>, _>>()?;
        for (kernel, state) in kernels.iter_mut().zip(states) {
            kernel.restore(state)?;
        }
        self.kernels = kernels;
        Ok(())
    }
}

/// The states of the steps of a chain, as its snapshot.
#[must_use]
pub fn write_states(states: impl Iterator<Item = Vec<u8>>) -> Vec<u8> {
    let mut writer = StateWriter::new(1);
    for state in states {
        writer.bytes(&state);
    }
    writer.finish()
}

/// The states of `count` steps from the snapshot of their chain.
///
/// # Errors
/// Where the bytes are of no such chain.
pub fn read_states(bytes: &[u8], count: usize) -> Result<Vec<&[u8]>, KernelError> {
    let mut reader = StateReader::new("chain", 1, bytes)?;
    let states = (0..count)
        .map(|_| reader.bytes())
        .collect::<Result<_, _>>()?;
    reader.finish()?;
    Ok(states)
}
