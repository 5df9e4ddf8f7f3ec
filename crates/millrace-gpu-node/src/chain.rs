//! The exported class that runs whole-column kernels on the device.

use millrace_binding::{Guarded, JsColumn, Result, column_of, columns_in, columns_out, guard};
use millrace_core::bulk::steps_from_json;
use millrace_gpu::{DeviceChain, GpuError};
use napi::bindgen_prelude::{Array, Uint8Array};
use napi_derive::napi;

use crate::gpu::{NativeGpu, failure};

/// Kernels over whole columns on the device, one after another, as `NativeChain` runs them on the CPU.
#[napi]
pub struct NativeGpuChain {
    chain: Guarded<DeviceChain>,
}

#[napi]
impl NativeGpuChain {
    /// Takes the steps as JSON text: `[{"op": …}, …]`.
    #[napi(constructor)]
    pub fn new(gpu: &NativeGpu, steps: String) -> Result<Self> {
        guard("create kernels", || {
            let steps = steps_from_json(&steps).map_err(|error| failure(GpuError::from(error)))?;
            let chain = DeviceChain::new(&gpu.gpu, &steps).map_err(failure)?;
            Ok(Self {
                chain: Guarded::new(chain),
            })
        })
    }

    /// Runs a batch of columns of one length and returns those that the last step yields. An error
    /// leaves the state as it was.
    #[napi(
        ts_args_type = "columns: ReadonlyArray<Float32Array | Int32Array | Uint32Array | Float64Array>",
        ts_return_type = "Array<Float32Array | Float64Array | Int32Array | Uint32Array>"
    )]
    pub fn push(&mut self, columns: Array<'_>) -> Result<Vec<JsColumn>> {
        let arrays = columns_in(&columns)?;
        let columns = arrays.iter().map(column_of).collect::<Result<Vec<_>>>()?;
        self.chain.with("run kernels", |chain| {
            Ok(columns_out(chain.push(&columns).map_err(failure)?))
        })
    }

    /// The state of every step, also where the device is lost.
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
