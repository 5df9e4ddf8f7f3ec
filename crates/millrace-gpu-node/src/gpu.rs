//! The exported class that owns the device.

use std::sync::Arc;

use millrace_binding::{Failure, Result, guard};
use millrace_gpu::{Choice, Gpu, GpuError};
use napi_derive::napi;

/// An open GPU. It keeps no process alive.
#[napi]
pub struct NativeGpu {
    pub(crate) gpu: Arc<Gpu>,
}

#[napi]
impl NativeGpu {
    /// Opens an adapter: the best for empty text or `auto`, else what the text names: `software`,
    /// `vulkan`, `metal`, `dx12` or part of a name; none for `off`. Throws `ERR_NO_GPU` with the reason.
    #[napi(constructor)]
    pub fn new(choice: String) -> Result<Self> {
        guard("open a GPU", || {
            let gpu = Gpu::open(&Choice::parse(&choice)).map_err(failure)?;
            Ok(Self { gpu })
        })
    }

    /// JSON text: `{"name", "backend", "kind", "driver", "maxBufferBytes", "f64": bool, "timestamps":
    /// bool}`.
    #[napi]
    pub fn info(&self) -> String {
        self.gpu.info_json()
    }

    /// Sets how many rows of a batch are uploaded at once.
    #[napi]
    pub fn set_chunk(&self, rows: u32) {
        self.gpu.set_chunk(rows as usize);
    }

    /// Has the device time its kernels, where it can.
    #[napi]
    pub fn set_timed(&self, timed: bool) {
        self.gpu.set_timed(timed);
    }

    /// Nanoseconds that kernels have run since the last call, by the device's clock.
    #[napi]
    pub fn take_nanoseconds(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a time")]
        let nanoseconds = self.gpu.take_nanoseconds() as f64;
        nanoseconds
    }

    /// Gives the device up: every call from then on throws `ERR_GPU_LOST`.
    #[napi]
    pub fn destroy(&self) -> Result<()> {
        guard("give the GPU up", || {
            self.gpu.destroy();
            Ok(())
        })
    }
}

/// An error of the device.
pub(crate) fn failure(error: GpuError) -> Failure {
    Failure::new(error.code(), error.to_string())
}
