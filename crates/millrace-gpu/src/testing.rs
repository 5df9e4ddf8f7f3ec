//! What the tests of kernels share: the adapter, sizes and values that are likely to break one, and
//! the comparison with the CPU.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use millrace_core::bulk::{Chain, Column, Kernel, Step, steps_from_json};

use crate::adapter::Choice;
use crate::chain::DeviceChain;
use crate::gpu::Gpu;

/// Sizes around the borders of threads, workgroups and blocks.
pub(crate) const SIZES: [usize; 16] = [
    0, 1, 2, 3, 255, 256, 257, 1023, 1024, 1025, 4095, 4096, 4097, 8193, 70_000, 262_145,
];

/// The adapter that `MILLRACE_GPU` chooses, else one that computes on the CPU, for one test at a time;
/// `None`, said once, where there is none.
pub(crate) fn gpu() -> Option<MutexGuard<'static, Arc<Gpu>>> {
    static GPU: OnceLock<Option<Mutex<Arc<Gpu>>>> = OnceLock::new();
    let gpu = GPU.get_or_init(|| {
        let choice = std::env::var("MILLRACE_GPU").unwrap_or_else(|_| "software".to_owned());
        match Gpu::open(&Choice::parse(&choice)) {
            Ok(gpu) => Some(Mutex::new(gpu)),
            Err(error) => {
                println!("kernels are not tested: {error}");
                None
            }
        }
    });
    gpu.as_ref()
        .map(|gpu| gpu.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Values that repeat, of every magnitude, without what is not finite.
pub(crate) fn finite(rows: usize, seed: u32) -> Vec<f32> {
    let mut state = seed.wrapping_mul(747_796_405).wrapping_add(2_891_336_453);
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state
    };
    (0..rows)
        .map(|_| match next() % 8 {
            0 => 0.0,
            1 => -0.0,
            #[expect(clippy::cast_precision_loss, reason = "small")]
            2 => (next() % 5) as f32 - 2.0,
            #[expect(clippy::cast_precision_loss, reason = "any value will do")]
            _ => (next() as f32 / 4_294_967_296.0 - 0.5) * 2000.0,
        })
        .collect()
}

/// As [`finite`], with what is not finite among them.
pub(crate) fn adversarial(rows: usize, seed: u32) -> Vec<f32> {
    let odd = [
        f32::NAN,
        f32::INFINITY,
        f32::NEG_INFINITY,
        -f32::NAN,
        f32::MAX,
        f32::MIN,
    ];
    let mut values = finite(rows, seed);
    for (place, value) in (seed as usize % 7..rows)
        .step_by(37)
        .zip(odd.iter().cycle())
    {
        values[place] = *value;
    }
    values
}

/// Runs the same batches on both, and returns what each batch yielded: on the CPU, on the device.
pub(crate) fn both<'a>(
    gpu: &Arc<Gpu>,
    steps: &str,
    batches: impl IntoIterator<Item = &'a [Vec<f32>]>,
) -> Vec<(Vec<Column<'static>>, Vec<Column<'static>>)> {
    let steps: Vec<Step> = steps_from_json(steps).expect("steps");
    let mut cpu = Chain::new(&steps).expect("parameters");
    let mut device = DeviceChain::new(gpu, &steps).expect("kernels");
    let run = |columns: &[Vec<f32>]| {
        let columns: Vec<Column<'_>> = columns
            .iter()
            .map(|values| Column::F32(values.as_slice().into()))
            .collect();
        let wanted = cpu.push(&columns).expect("runs on the CPU");
        let got = device.push(&columns).expect("runs on the device");
        (wanted, got)
    };
    batches.into_iter().map(run).collect()
}

/// Fails unless the values are equal, or both NaN, or no further apart than `tolerance` of each.
pub(crate) fn assert_near(wanted: &[f32], got: &[f32], tolerance: impl Fn(usize) -> f64) {
    assert_eq!(wanted.len(), got.len());
    for (row, (&a, &b)) in wanted.iter().zip(got).enumerate() {
        let same = a == b || (a.is_nan() && b.is_nan());
        let near = (f64::from(a) - f64::from(b)).abs() <= tolerance(row);
        assert!(
            same || near,
            "row {row}: wanted {a}, got {b}, within {}",
            tolerance(row)
        );
    }
}

/// A column of f32 of results.
pub(crate) fn column(columns: &[Column<'_>], index: usize) -> Vec<f32> {
    columns[index].f32s("test").expect("f32").to_vec()
}

/// One column cut into batches.
pub(crate) fn in_batches(values: &[f32], rows: usize) -> Vec<Vec<Vec<f32>>> {
    values
        .chunks(rows)
        .map(|part| vec![part.to_vec()])
        .collect()
}

/// Runs a column in four parts on the CPU and on the device by turns, each going on from the other's
/// snapshot, and fails unless the results are those of the CPU alone, to the bit.
pub(crate) fn round_trip(gpu: &Arc<Gpu>, steps: &str, values: &[f32]) {
    let steps: Vec<Step> = steps_from_json(steps).expect("steps");
    let mut alone = Chain::new(&steps).expect("parameters");
    let mut state = alone.snapshot();
    for (turn, part) in values.chunks(values.len().div_ceil(4)).enumerate() {
        let batch = [Column::F32(part.into())];
        let wanted = alone.push(&batch).expect("runs");
        let got = if turn % 2 == 0 {
            let mut device = DeviceChain::new(gpu, &steps).expect("kernels");
            device.restore(&state).expect("the same state");
            let got = device.push(&batch).expect("runs");
            state = device.snapshot();
            got
        } else {
            let mut cpu = Chain::new(&steps).expect("parameters");
            cpu.restore(&state).expect("the same state");
            let got = cpu.push(&batch).expect("runs");
            state = cpu.snapshot();
            got
        };
        assert_eq!(wanted, got);
    }
}
