use millrace_core::bulk::{Chain, Column, Kernel, steps_from_json};

use crate::DeviceChain;
use crate::testing::{SIZES, adversarial, both, gpu, in_batches, round_trip};

#[test]
fn counts_as_the_cpu_does_at_every_size() {
    let Some(gpu) = gpu() else { return };
    for bins in [1, 7, 2048, 2049, 100_000] {
        let steps =
            format!(r#"[{{"op": "histogram", "low": -900.5, "high": 900.25, "bins": {bins}}}]"#);
        for rows in SIZES {
            for (wanted, got) in both(&gpu, &steps, [&[adversarial(rows, 31)][..]]) {
                assert_eq!(wanted, got);
            }
        }
    }
}

#[test]
fn counts_integers_and_leaves_out_what_is_beyond() {
    let Some(gpu) = gpu() else { return };
    for bins in [1, 300, 5000] {
        let text = format!(r#"[{{"op": "frequencies", "bins": {bins}}}]"#);
        let steps = steps_from_json(&text).expect("steps");
        let mut cpu = Chain::new(&steps).expect("parameters");
        let mut device = DeviceChain::new(&gpu, &steps).expect("kernels");
        for rows in [0_u32, 1, 5000, 70_000] {
            let ids: Vec<u32> = (0..rows)
                .map(|i| i.wrapping_mul(2_654_435_761) % 6000)
                .collect();
            let batch: [Column<'_>; 1] = [ids.into()];
            assert_eq!(
                cpu.push(&batch).expect("runs"),
                device.push(&batch).expect("runs")
            );
        }
    }
}

#[test]
fn goes_on_over_batches_pieces_and_devices() {
    let Some(gpu) = gpu() else { return };
    let steps = r#"[{"op": "histogram", "low": 0, "high": 1000, "bins": 10}]"#;
    gpu.set_chunk(100);
    let batches = in_batches(&adversarial(3000, 32), 777);
    for (wanted, got) in both(&gpu, steps, batches.iter().map(Vec::as_slice)) {
        assert_eq!(wanted, got);
    }
    gpu.set_chunk(1 << 22);
    round_trip(&gpu, steps, &adversarial(1000, 33));
}
