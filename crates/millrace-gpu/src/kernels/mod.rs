//! The steps that run on a device, a folder each.

mod copy;
mod correlation;
mod cumulative;
mod histogram;
mod map;
mod nearest;
mod power_spectrum;
mod reduce;
mod rolling;
mod rolling_quantile;
mod scan;
mod sort;
mod weighted;

use std::sync::Arc;

use millrace_core::bulk::{ElementProgram, RollingFunction, Step};

use crate::error::GpuError;
use crate::gpu::Gpu;
use crate::kernel::DeviceKernel;

/// A kernel, and how many steps it stands for.
pub(crate) struct Stage {
    pub(crate) kernel: Box<dyn DeviceKernel>,
    pub(crate) steps: usize,
}

/// Steps on a device. Expressions that follow each other become one kernel, where it can be bound to as
/// many columns.
pub(crate) fn all_on_device(gpu: &Arc<Gpu>, steps: &[Step]) -> Result<Vec<Stage>, GpuError> {
    let mut stages: Vec<Stage> = Vec::with_capacity(steps.len());
    let mut before: Option<ElementProgram> = None;
    for step in steps {
        let Step::Map(elements) = step else {
            before = None;
            stages.push(Stage {
                kernel: on_device(gpu, step)?,
                steps: 1,
            });
            continue;
        };
        let program = elements.program()?.map_err(|operation| {
            GpuError::Unsupported(format!(
                "Cannot compute map on {}: there is no kernel for {operation}",
                gpu.name()
            ))
        })?;
        let both = before.take().and_then(|before| before.then(&program));
        match both.and_then(|both| Some((map::Map::new(gpu, &both).ok()?, both))) {
            Some((kernel, both)) => {
                if let Some(last) = stages.last_mut() {
                    last.kernel = Box::new(kernel);
                    last.steps += 1;
                }
                before = Some(both);
            }
            None => {
                stages.push(Stage {
                    kernel: Box::new(map::Map::new(gpu, &program)?),
                    steps: 1,
                });
                before = Some(program);
            }
        }
    }
    Ok(stages)
}

/// A step on a device.
fn on_device(gpu: &Arc<Gpu>, step: &Step) -> Result<Box<dyn DeviceKernel>, GpuError> {
    Ok(match step {
        Step::Copy {} => Box::new(copy::Copy),
        Step::Reduce { fns } => Box::new(reduce::Reduce::new(fns)?),
        Step::Cumulative { function } => Box::new(cumulative::Cumulative::new(*function)),
        Step::Rolling {
            function: RollingFunction::Quantile { q },
            n,
        } => Box::new(rolling_quantile::RollingQuantile::new(*q, *n)?),
        Step::Rolling { function, n } => Box::new(rolling::Rolling::new(*function, *n)?),
        Step::Weighted { taps } => Box::new(weighted::Weighted::new(taps)?),
        Step::PowerSpectrum { n } => Box::new(power_spectrum::PowerSpectrum::new(*n)?),
        Step::Nearest {
            points,
            dimensions,
            k,
        } => Box::new(nearest::Nearest::new(&points.0, *dimensions, *k)?),
        Step::Correlation { columns, n, every } => {
            Box::new(correlation::Correlation::new(*columns, *n, *every)?)
        }
        Step::Sort { n, descending } => Box::new(sort::Sort::new(*n, *descending)?),
        Step::TopK { n, k, smallest } => Box::new(sort::Sort::top(*n, *k, *smallest)?),
        Step::Histogram { low, high, bins } => {
            Box::new(histogram::Histogram::new(*low, *high, *bins)?)
        }
        Step::Frequencies { bins } => Box::new(histogram::Histogram::frequencies(*bins)?),
        other => {
            return Err(GpuError::Unsupported(format!(
                "Cannot compute {} on {}: there is no kernel for it",
                other.name(),
                gpu.name()
            )));
        }
    })
}
