//! Device memory, used again.

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};

use wgpu::BufferUsages;

/// Memory that lies unused is given back beyond this.
const KEPT_BYTES: u64 = 1 << 30;
/// The smallest buffer.
const LEAST: u64 = 256;

/// What a buffer is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Usage {
    /// Read and written by kernels, copied from and to.
    Storage,
    /// Small parameters of one dispatch.
    Parameters,
    /// Where results are copied for the host to read.
    ReadBack,
}

impl Usage {
    fn flags(self) -> BufferUsages {
        match self {
            Self::Storage => {
                BufferUsages::STORAGE | BufferUsages::COPY_SRC | BufferUsages::COPY_DST
            }
            Self::Parameters => BufferUsages::UNIFORM | BufferUsages::COPY_DST,
            Self::ReadBack => BufferUsages::MAP_READ | BufferUsages::COPY_DST,
        }
    }
}

/// Buffers that are not in use, by what they are for and their size, a power of two.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    unused: Mutex<Unused>,
}

#[derive(Debug, Default)]
struct Unused {
    buffers: HashMap<(Usage, u64), Vec<wgpu::Buffer>>,
    bytes: u64,
}

/// A buffer of at least the size asked for; goes back when its last clone is dropped.
#[derive(Debug, Clone)]
pub struct Buffer(Arc<Lent>);

#[derive(Debug)]
struct Lent {
    /// Taken out when it goes back.
    buffer: Option<wgpu::Buffer>,
    usage: Usage,
    pool: Arc<Pool>,
}

impl Deref for Buffer {
    type Target = wgpu::Buffer;

    fn deref(&self) -> &wgpu::Buffer {
        self.0
            .buffer
            .as_ref()
            .expect("a buffer is there until it is dropped")
    }
}

impl Pool {
    /// A buffer of at least `bytes`, whose contents are whatever was there.
    pub(crate) fn take(
        self: &Arc<Self>,
        device: &wgpu::Device,
        usage: Usage,
        bytes: u64,
    ) -> Buffer {
        let size = size_class(bytes);
        let found = {
            let mut unused = self.unused.lock().unwrap_or_else(PoisonError::into_inner);
            let found = unused.buffers.get_mut(&(usage, size)).and_then(Vec::pop);
            unused.bytes -= if found.is_some() { size } else { 0 };
            found
        };
        let create = || {
            device.create_buffer(&wgpu::BufferDescriptor {
                label: None,
                size,
                usage: usage.flags(),
                mapped_at_creation: false,
            })
        };
        Buffer(Arc::new(Lent {
            buffer: Some(found.unwrap_or_else(create)),
            usage,
            pool: Arc::clone(self),
        }))
    }

    /// Bytes that lie unused.
    pub(crate) fn unused_bytes(&self) -> u64 {
        self.unused
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .bytes
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let Some(buffer) = self.buffer.take() else {
            return;
        };
        let mut unused = self
            .pool
            .unused
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let size = buffer.size();
        if unused.bytes + size <= KEPT_BYTES {
            unused.bytes += size;
            unused
                .buffers
                .entry((self.usage, size))
                .or_default()
                .push(buffer);
        }
    }
}

/// Sizes are powers of two up to 1 MiB, and then whole MiB: at most as many again are wasted.
fn size_class(bytes: u64) -> u64 {
    const MEBIBYTE: u64 = 1 << 20;
    if bytes <= MEBIBYTE {
        bytes.max(LEAST).next_power_of_two()
    } else {
        bytes.next_multiple_of(MEBIBYTE)
    }
}

#[cfg(test)]
mod tests {
    use super::size_class;

    #[test]
    fn sizes_are_few() {
        for (bytes, size) in [
            (0, 256),
            (257, 512),
            (1 << 20, 1 << 20),
            ((1 << 20) + 1, 2 << 20),
        ] {
            assert_eq!(size_class(bytes), size);
        }
    }
}
