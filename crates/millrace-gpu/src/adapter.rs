//! Which adapter is taken.

use wgpu::{
    Adapter, AdapterInfo, Backend, Backends, DeviceType, Instance, InstanceDescriptor,
    InstanceFlags,
};

use crate::error::GpuError;

/// The adapter that is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Choice {
    /// The best there is, but none that computes on the CPU.
    #[default]
    Any,
    /// None: there shall be no GPU.
    Forbidden,
    /// One that computes on the CPU, for tests.
    Software,
    /// Any of an interface: `vulkan`, `metal` or `dx12`.
    Backend(Backend),
    /// One whose name contains this, in any case; it may compute on the CPU.
    Named(String),
}

impl Choice {
    /// The choice written as text: `off`, `software`, `vulkan`, `metal`, `dx12`, or part of a name;
    /// empty, `auto` and `on` for any.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        match text.trim().to_ascii_lowercase().as_str() {
            "" | "auto" | "on" | "1" => Self::Any,
            "off" | "none" | "0" => Self::Forbidden,
            "software" => Self::Software,
            "vulkan" => Self::Backend(Backend::Vulkan),
            "metal" => Self::Backend(Backend::Metal),
            "dx12" => Self::Backend(Backend::Dx12),
            name => Self::Named(name.to_owned()),
        }
    }

    fn takes(&self, info: &AdapterInfo) -> bool {
        let is_software = info.device_type == DeviceType::Cpu;
        match self {
            Self::Any => !is_software,
            Self::Forbidden => false,
            Self::Software => is_software,
            Self::Backend(backend) => info.backend == *backend && !is_software,
            Self::Named(name) => info.name.to_ascii_lowercase().contains(name),
        }
    }
}

/// The best adapter of the choice: discrete before integrated before virtual ones.
pub(crate) fn choose(choice: &Choice) -> Result<Adapter, GpuError> {
    let no_gpu = |why: &str| GpuError::Unavailable(format!("There is no GPU here, because {why}"));
    if *choice == Choice::Forbidden {
        return Err(no_gpu("it is switched off"));
    }
    let backends = Backends::VULKAN | Backends::METAL | Backends::DX12;
    let instance = Instance::new(InstanceDescriptor {
        backends,
        flags: InstanceFlags::empty(),
        ..InstanceDescriptor::new_without_display_handle()
    });
    let found = pollster::block_on(instance.enumerate_adapters(backends));
    let names: Vec<String> = found
        .iter()
        .map(|adapter| describe(&adapter.get_info()))
        .collect();
    let best = found
        .into_iter()
        .filter(|adapter| choice.takes(&adapter.get_info()))
        .min_by_key(|adapter| rank(adapter.get_info().device_type));
    best.ok_or_else(|| no_gpu(&why_none(choice, &names)))
}

fn why_none(choice: &Choice, names: &[String]) -> String {
    if names.is_empty() {
        return if cfg!(target_os = "linux") {
            "no adapter is listed: neither a driver nor the Vulkan loader libvulkan.so.1 may be missing"
        } else {
            "no adapter is listed: its driver may be missing"
        }
        .to_owned();
    }
    let wanted = match choice {
        Choice::Any => {
            "none of the adapters is one: MILLRACE_GPU=software takes one that computes on the CPU"
                .to_owned()
        }
        Choice::Software => "no adapter computes on the CPU".to_owned(),
        Choice::Backend(backend) => format!("no adapter is of {backend}"),
        Choice::Named(name) => format!("no adapter has '{name}' in its name"),
        Choice::Forbidden => "it is switched off".to_owned(),
    };
    format!("{wanted}; there are {}", names.join(", "))
}

/// An adapter in words.
pub(crate) fn describe(info: &AdapterInfo) -> String {
    format!(
        "{} ({}, {})",
        info.name,
        info.backend,
        kind_name(info.device_type)
    )
}

/// The kind of an adapter in one word.
pub(crate) fn kind_name(kind: DeviceType) -> &'static str {
    match kind {
        DeviceType::DiscreteGpu => "discrete",
        DeviceType::IntegratedGpu => "integrated",
        DeviceType::VirtualGpu => "virtual",
        DeviceType::Cpu => "software",
        DeviceType::Other => "other",
    }
}

fn rank(kind: DeviceType) -> usize {
    match kind {
        DeviceType::DiscreteGpu => 0,
        DeviceType::IntegratedGpu => 1,
        DeviceType::VirtualGpu => 2,
        DeviceType::Other => 3,
        DeviceType::Cpu => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_is_read_from_text() {
        for (text, choice) in [
            ("", Choice::Any),
            ("auto", Choice::Any),
            ("OFF", Choice::Forbidden),
            ("0", Choice::Forbidden),
            ("software", Choice::Software),
            ("Vulkan", Choice::Backend(Backend::Vulkan)),
            ("Radeon", Choice::Named("radeon".to_owned())),
        ] {
            assert_eq!(Choice::parse(text), choice, "{text}");
        }
    }

    #[test]
    fn what_is_forbidden_says_so() {
        let error = choose(&Choice::Forbidden).expect_err("forbidden");
        assert_eq!(error.code(), "ERR_NO_GPU");
        assert_eq!(
            error.to_string(),
            "There is no GPU here, because it is switched off"
        );
    }

    #[test]
    fn a_name_that_is_not_there_is_named() {
        let error = choose(&Choice::Named("no such thing".to_owned())).expect_err("not there");
        assert!(
            error
                .to_string()
                .starts_with("There is no GPU here, because no adapter")
        );
    }
}
