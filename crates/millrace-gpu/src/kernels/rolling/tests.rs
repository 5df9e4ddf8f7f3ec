use crate::testing::{adversarial, assert_near, both, column, finite, gpu, in_batches, round_trip};

const FUNCTIONS: [&str; 6] = ["sum", "mean", "min", "max", "var", "std"];
const WINDOWS: [usize; 8] = [1, 2, 3, 7, 64, 255, 256, 1000];

/// What each result may be off: by function, from the magnitudes in its window.
fn tolerance(function: &str, window: &[f32], wanted: f32) -> f64 {
    let magnitudes = || {
        window
            .iter()
            .map(|value| f64::from(value.abs()))
            .filter(|m| m.is_finite())
    };
    let (sum, largest): (f64, f64) = (magnitudes().sum(), magnitudes().fold(0.0, f64::max));
    let variance = |value: f64| value * 2.0_f64.powi(-16) + largest * largest * 2.0_f64.powi(-40);
    match function {
        "sum" => sum * 2.0_f64.powi(-18),
        "mean" => sum / window.len() as f64 * 2.0_f64.powi(-18),
        "var" => variance(wanted.into()),
        "std" => variance(f64::from(wanted).powi(2)).sqrt(),
        _ => 0.0,
    }
}

fn check(function: &str, n: usize, batches: &[Vec<Vec<f32>>]) {
    let Some(gpu) = gpu() else { return };
    let steps = format!(r#"[{{"op": "rolling", "fn": "{function}", "n": {n}}}]"#);
    let all: Vec<f32> = batches.iter().flat_map(|batch| batch[0].clone()).collect();
    let mut first = 0;
    for (wanted, got) in both(&gpu, &steps, batches.iter().map(Vec::as_slice)) {
        let (wanted, got) = (column(&wanted, 0), column(&got, 0));
        assert_near(&wanted, &got, |row| {
            tolerance(function, &all[first + row..first + row + n], wanted[row])
        });
        first += wanted.len();
    }
}

#[test]
fn agrees_with_the_cpu_for_every_function_and_window() {
    for function in FUNCTIONS {
        for n in WINDOWS {
            for rows in [0, 1, n - 1, n, n + 1, 5000] {
                check(function, n, &[vec![finite(rows, 11)]]);
            }
        }
    }
}

#[test]
fn what_is_not_finite_is_gone_when_it_has_left() {
    for function in FUNCTIONS {
        let mut values = finite(4000, 12);
        values[1000] = f32::NAN;
        values[2000] = f32::INFINITY;
        values[3000] = f32::NEG_INFINITY;
        check(function, 100, &[vec![values]]);
    }
    for function in ["min", "max"] {
        check(function, 33, &[vec![adversarial(4000, 13)]]);
    }
}

#[test]
fn neither_batches_nor_pieces_matter() {
    for function in FUNCTIONS {
        check(function, 100, &in_batches(&finite(6000, 14), 77));
        if let Some(gpu) = gpu() {
            gpu.set_chunk(500);
        }
        check(function, 100, &in_batches(&finite(6000, 14), 1777));
        if let Some(gpu) = gpu() {
            gpu.set_chunk(1 << 22);
        }
    }
}

#[test]
fn the_cpu_goes_on_from_a_snapshot_and_back() {
    let Some(gpu) = gpu() else { return };
    round_trip(
        &gpu,
        r#"[{"op": "rolling", "fn": "max", "n": 50}]"#,
        &finite(200, 15),
    );
}
