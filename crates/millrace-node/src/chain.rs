//! The exported class that runs whole-column kernels on the CPU.

use millrace_binding::{Guarded, JsColumn, column_of, columns_in, columns_out};
use millrace_core::bulk::{Chain, Kernel, steps_from_json};
use millrace_core::kernel_error::KernelError;
use napi::bindgen_prelude::{Array, Uint8Array};
use napi_derive::napi;

use crate::failure::{Failure, Result, core_error};

/// Kernels over whole columns on the CPU, one after another. The addon for GPUs has the same class;
/// what one snapshots the other restores.
#[napi]
pub struct NativeChain {
    chain: Guarded<Chain>,
}

#[napi]
impl NativeChain {
    /// Takes the steps as JSON text: `[{"op": …}, …]`.
    #[napi(constructor)]
    pub fn new(steps: String) -> Result<Self> {
        let steps = steps_from_json(&steps).map_err(failure)?;
        Ok(Self {
            chain: Guarded::new(Chain::new(&steps).map_err(failure)?),
        })
    }

    /// Runs a batch of columns of one length and returns those that the last step yields.
    #[napi(
        ts_args_type = "columns: ReadonlyArray<TypedArray>",
        ts_return_type = "Array<Float32Array | Float64Array | Int32Array | Uint32Array>"
    )]
    pub fn push(&mut self, columns: Array<'_>) -> Result<Vec<JsColumn>> {
        let arrays = columns_in(&columns)?;
        let columns = arrays.iter().map(column_of).collect::<Result<Vec<_>>>()?;
        self.chain.with("run kernels", |chain| {
            Ok(columns_out(chain.push(&columns).map_err(failure)?))
        })
    }

    /// The state of every step.
    #[napi]
    pub fn snapshot(&mut self) -> Result<Uint8Array> {
        self.chain
            .with("snapshot kernels", |chain| Ok(chain.snapshot().into()))
    }

    /// Takes over the state of the same steps.
    #[napi]
    pub fn restore(&mut self, snapshot: Uint8Array) -> Result<()> {
        self.chain.with("restore kernels", |chain| {
            chain.restore(&snapshot).map_err(failure)
        })
    }
}

fn failure(error: KernelError) -> Failure {
    core_error(error.into())
}
