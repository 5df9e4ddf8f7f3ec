use millrace_core::bulk::{Chain, Kernel, steps_from_json};

use crate::DeviceChain;
use crate::testing::{SIZES, adversarial, assert_near, both, finite, gpu};

const SUM: &str = r#"[{"op": "cumulative", "fn": "sum"}]"#;
const MIN: &str = r#"[{"op": "cumulative", "fn": "min"}]"#;
const MAX: &str = r#"[{"op": "cumulative", "fn": "max"}]"#;

/// What a sum may be off at each row.
fn tolerances(values: &[f32]) -> Vec<f64> {
    let mut total = 0.0;
    let magnitude = |value: &f32| {
        if value.is_finite() {
            f64::from(value.abs())
        } else {
            0.0
        }
    };
    values
        .iter()
        .map(|value| {
            total += magnitude(value);
            total * 2.0_f64.powi(-20)
        })
        .collect()
}

fn check(steps: &str, batches: &[Vec<Vec<f32>>], is_exact: bool) {
    let Some(gpu) = gpu() else { return };
    let all: Vec<f32> = batches.iter().flat_map(|batch| batch[0].clone()).collect();
    let tolerances = tolerances(&all);
    let mut first = 0;
    for (wanted, got) in both(&gpu, steps, batches.iter().map(Vec::as_slice)) {
        let (wanted, got) = (
            wanted[0].f32s("test").expect("f32"),
            got[0].f32s("test").expect("f32"),
        );
        assert_near(wanted, got, |row| {
            if is_exact {
                0.0
            } else {
                tolerances[first + row]
            }
        });
        first += wanted.len();
    }
}

#[test]
fn sums_agree_with_the_cpu_at_every_size() {
    for rows in SIZES {
        check(SUM, &[vec![finite(rows, 4)]], false);
    }
}

#[test]
fn extremes_are_those_of_the_cpu_whatever_the_values() {
    for steps in [MIN, MAX] {
        for rows in SIZES {
            check(steps, &[vec![finite(rows, 5)]], true);
            check(steps, &[vec![adversarial(rows, 6)]], true);
        }
    }
}

#[test]
fn an_infinity_and_a_nan_stay() {
    let mut values = finite(3000, 7);
    values[1500] = f32::INFINITY;
    values[2500] = f32::NEG_INFINITY;
    check(SUM, &[vec![values]], false);
}

#[test]
fn batches_follow_on_each_other() {
    let values = finite(20_000, 8);
    let batches: Vec<Vec<Vec<f32>>> = values
        .chunks(3_001)
        .map(|part| vec![part.to_vec()])
        .collect();
    check(SUM, &batches, false);
    check(MIN, &batches, true);
}

#[test]
fn the_cpu_goes_on_from_a_snapshot_and_back() {
    let Some(gpu) = gpu() else { return };
    let batch = |values: &[f32]| [values.to_vec().into()];
    for (steps, wanted) in [
        (SUM, [1.5_f32, 0.5]),
        (MIN, [-1.0, -1.0]),
        (MAX, [2.0, 2.0]),
    ] {
        let steps = steps_from_json(steps).expect("steps");
        let mut device = DeviceChain::new(&gpu, &steps).expect("kernels");
        device.push(&batch(&[2.0, -1.0])).expect("runs");
        let mut cpu = Chain::new(&steps).expect("parameters");
        cpu.restore(&device.snapshot()).expect("the same state");
        let results = cpu.push(&batch(&[0.5])).expect("runs");
        assert_eq!(results[0].f32s("test").expect("f32")[0], wanted[0]);
        device.restore(&cpu.snapshot()).expect("the same state");
        let results = device.push(&batch(&[-1.0])).expect("runs");
        assert_eq!(results[0].f32s("test").expect("f32")[0], wanted[1]);
    }
}
