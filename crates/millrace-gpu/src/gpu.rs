//! The device: opened once, with its limits, its pipelines and its memory.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use wgpu::{DeviceDescriptor, ExperimentalFeatures, Features, MemoryHints, Trace};

use crate::adapter::{Choice, choose, describe, kind_name};
use crate::buffers::Pool;
use crate::error::GpuError;
use crate::job::Job;

/// A kernel that has not ended by then never will.
const PATIENCE: Duration = Duration::from_secs(60);

/// Threads of a workgroup, in every kernel.
pub const WORKGROUP: usize = 256;

/// Rows of a batch that are uploaded, and begun, at once: while they are computed the next are on
/// their way.
const CHUNK: usize = 1 << 22;

/// One kernel of a WGSL source: what it is found by once it is compiled.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Shader {
    /// The text, which must use every binding it declares.
    pub source: std::borrow::Cow<'static, str>,
    /// The entry point.
    pub entry: &'static str,
}

/// An open device. Nothing in it keeps a process alive.
pub struct Gpu {
    pub(crate) device: wgpu::Device,
    pub(crate) queue: wgpu::Queue,
    pub(crate) pool: Arc<Pool>,
    info: wgpu::AdapterInfo,
    pipelines: Mutex<HashMap<Shader, wgpu::ComputePipeline>>,
    health: Arc<Health>,
    /// Fewer in tests.
    chunk: AtomicU64,
    timed: AtomicBool,
    nanoseconds: AtomicU64,
}

/// What the driver has told.
#[derive(Debug, Default)]
struct Health {
    lost: OnceLock<String>,
    errors: Mutex<Vec<GpuError>>,
}

impl std::fmt::Debug for Gpu {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Gpu")
            .field("adapter", &self.name())
            .finish_non_exhaustive()
    }
}

impl Gpu {
    /// Opens the best adapter of the choice, with all of its limits.
    ///
    /// # Errors
    /// [`GpuError::Unavailable`] with the reason, where there is none or it cannot be opened.
    pub fn open(choice: &Choice) -> Result<Arc<Self>, GpuError> {
        let adapter = choose(choice)?;
        let info = adapter.get_info();
        let optional = Features::SHADER_F64 | Features::TIMESTAMP_QUERY;
        let descriptor = DeviceDescriptor {
            label: None,
            required_features: adapter.features() & optional,
            required_limits: adapter.limits(),
            experimental_features: ExperimentalFeatures::disabled(),
            memory_hints: MemoryHints::Performance,
            trace: Trace::Off,
        };
        let (device, queue) =
            pollster::block_on(adapter.request_device(&descriptor)).map_err(|error| {
                let name = describe(&info);
                GpuError::Unavailable(format!(
                    "There is no GPU here, because {name} cannot be opened: {error}"
                ))
            })?;
        let health = Arc::new(Health::default());
        let told = Arc::clone(&health);
        device.on_uncaptured_error(Arc::new(move |error| told.note(error)));
        let told = Arc::clone(&health);
        device.set_device_lost_callback(move |_, message| {
            let _ = told.lost.set(message);
        });
        Ok(Arc::new(Self {
            device,
            queue,
            pool: Arc::default(),
            info,
            pipelines: Mutex::default(),
            health,
            chunk: AtomicU64::new(CHUNK as u64),
            timed: AtomicBool::new(false),
            nanoseconds: AtomicU64::new(0),
        }))
    }

    /// The adapter in words: its name, interface and kind.
    #[must_use]
    pub fn name(&self) -> String {
        describe(&self.info)
    }

    /// What is known of the adapter, as JSON text: `name`, `backend`, `kind` (`discrete`, `integrated`,
    /// `virtual`, `software` or `other`), `driver`, `maxBufferBytes`, `f64` and `timestamps`.
    #[must_use]
    pub fn info_json(&self) -> String {
        serde_json::json!({
            "name": self.info.name,
            "backend": self.info.backend.to_string(),
            "kind": kind_name(self.info.device_type),
            "driver": format!("{} {}", self.info.driver, self.info.driver_info).trim(),
            "maxBufferBytes": self.max_bytes(),
            "f64": self.device.features().contains(Features::SHADER_F64),
            "timestamps": self.device.features().contains(Features::TIMESTAMP_QUERY),
        })
        .to_string()
    }

    /// The longest buffer that a kernel can read or write, in bytes.
    #[must_use]
    pub fn max_bytes(&self) -> u64 {
        let limits = self.device.limits();
        limits
            .max_storage_buffer_binding_size
            .min(limits.max_buffer_size)
    }

    /// The most values of 4 bytes in a buffer, which kernels count in u32.
    #[must_use]
    pub fn max_values(&self) -> usize {
        usize::try_from(self.max_bytes() / 4)
            .unwrap_or(usize::MAX)
            .min(1 << 30)
    }

    /// Rows of a batch that are uploaded at once.
    #[must_use]
    pub fn chunk(&self) -> usize {
        usize::try_from(self.chunk.load(Ordering::Relaxed))
            .unwrap_or(CHUNK)
            .min(self.max_values())
    }

    /// Sets how many rows of a batch are uploaded at once; results do not depend on it.
    pub fn set_chunk(&self, rows: usize) {
        self.chunk.store(rows.max(1) as u64, Ordering::Relaxed);
    }

    /// Has kernels timed by the device from now on, where it can.
    pub fn set_timed(&self, timed: bool) {
        let can = self.device.features().contains(Features::TIMESTAMP_QUERY);
        self.timed.store(timed && can, Ordering::Relaxed);
    }

    /// Whether kernels are timed.
    pub(crate) fn is_timed(&self) -> bool {
        self.timed.load(Ordering::Relaxed)
    }

    pub(crate) fn add_nanoseconds(&self, nanoseconds: u64) {
        self.nanoseconds.fetch_add(nanoseconds, Ordering::Relaxed);
    }

    /// How long kernels have run since the last call, by the device's own clock, in nanoseconds; 0
    /// where they are not timed.
    pub fn take_nanoseconds(&self) -> u64 {
        self.nanoseconds.swap(0, Ordering::Relaxed)
    }

    /// Bytes of device memory that are kept for later.
    #[must_use]
    pub fn unused_bytes(&self) -> u64 {
        self.pool.unused_bytes()
    }

    /// Work to be recorded and submitted.
    pub fn job(&self) -> Job<'_> {
        Job::new(self)
    }

    /// Gives the device up, as a driver does that resets: every later call says that it is lost.
    pub fn destroy(&self) {
        let _ = self.health.lost.set("it was given up".to_owned());
        self.device.destroy();
    }

    /// What went wrong since the last call, if anything did.
    pub(crate) fn check(&self) -> Result<(), GpuError> {
        if let Some(why) = self.health.lost.get() {
            return Err(self.lost(why));
        }
        let mut errors = self
            .health
            .errors
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match errors.drain(..).next() {
            Some(GpuError::Limit(what)) => Err(GpuError::Limit(format!(
                "Cannot compute on {}: {what}",
                self.name()
            ))),
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    fn lost(&self, why: &str) -> GpuError {
        let why = if why.is_empty() {
            "the driver does not say why"
        } else {
            why
        };
        GpuError::Lost(format!("The device {} is lost: {why}", self.name()))
    }

    /// Waits until all that was submitted has been computed.
    pub(crate) fn wait(&self) -> Result<(), GpuError> {
        let waiting = wgpu::PollType::Wait {
            submission_index: None,
            timeout: Some(PATIENCE),
        };
        if let Err(error) = self.device.poll(waiting) {
            let _ = self
                .health
                .lost
                .set(format!("it has not answered for {PATIENCE:?}: {error}"));
        }
        self.check()
    }

    /// The pipeline of a kernel, compiled at its first use.
    pub(crate) fn pipeline(&self, shader: &Shader) -> wgpu::ComputePipeline {
        let mut pipelines = self
            .pipelines
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(pipeline) = pipelines.get(shader) {
            return pipeline.clone();
        }
        let module = self
            .device
            .create_shader_module(wgpu::ShaderModuleDescriptor {
                label: Some(shader.entry),
                source: wgpu::ShaderSource::Wgsl(shader.source.clone()),
            });
        let pipeline = self
            .device
            .create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
                label: Some(shader.entry),
                layout: None,
                module: &module,
                entry_point: Some(shader.entry),
                compilation_options: wgpu::PipelineCompilationOptions::default(),
                cache: None,
            });
        pipelines.insert(shader.clone(), pipeline.clone());
        pipeline
    }

    /// Fails where a kernel cannot be bound to as many buffers at once.
    pub(crate) fn check_buffers(&self, what: &str, buffers: usize) -> Result<(), GpuError> {
        let most = self.device.limits().max_storage_buffers_per_shader_stage;
        if buffers <= most as usize {
            return Ok(());
        }
        Err(GpuError::Limit(format!(
            "Cannot compute {what} on {}: {buffers} columns at once are more than its {most}",
            self.name()
        )))
    }

    /// Fails where `values` of 4 bytes do not fit one buffer.
    pub(crate) fn check_values(&self, what: &str, values: usize) -> Result<(), GpuError> {
        let most = self.max_values();
        if values <= most {
            return Ok(());
        }
        Err(GpuError::Limit(format!(
            "Cannot compute {what} on {}: {values} values are more than the {most} that fit one of its buffers",
            self.name()
        )))
    }
}

impl Health {
    fn note(&self, error: wgpu::Error) {
        let error = match error {
            wgpu::Error::OutOfMemory { .. } => GpuError::Limit("its memory is full".to_owned()),
            other => GpuError::Internal(format!("The GPU refused a command: {other}")),
        };
        self.errors
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(error);
    }
}
