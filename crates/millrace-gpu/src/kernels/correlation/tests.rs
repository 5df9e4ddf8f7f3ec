use crate::testing::{assert_near, both, column, finite, gpu, in_batches};

fn check(columns: usize, n: usize, every: usize, batches: &[Vec<Vec<f32>>]) {
    let Some(gpu) = gpu() else { return };
    let steps =
        format!(r#"[{{"op": "correlation", "columns": {columns}, "n": {n}, "every": {every}}}]"#);
    for (wanted, got) in both(&gpu, &steps, batches.iter().map(Vec::as_slice)) {
        assert_near(&column(&wanted, 0), &column(&got, 0), |_| 2.0_f64.powi(-14));
    }
}

#[test]
fn agrees_with_the_cpu_for_every_shape() {
    for columns in [1, 2, 63, 64, 65, 130] {
        for (n, every) in [(2, 1), (15, 15), (16, 4), (100, 30)] {
            for rows in [0, n - 1, n, 2 * n + 3] {
                check(columns, n, every, &[vec![finite(rows * columns, 81)]]);
            }
        }
    }
}

#[test]
fn what_does_not_vary_or_is_not_finite_has_none() {
    let mut values = finite(400, 82);
    for row in values.chunks_exact_mut(4) {
        row[1] = 0.1;
        row[3] = row[0] * -2.0;
    }
    values[200] = f32::INFINITY;
    values[302] = f32::NAN;
    check(4, 25, 5, &[vec![values]]);
}

#[test]
fn rows_may_be_cut_by_batches_and_pieces() {
    check(3, 20, 7, &in_batches(&finite(1000, 83), 31));
    if let Some(gpu) = gpu() {
        gpu.set_chunk(50);
    }
    check(5, 20, 3, &in_batches(&finite(1000, 84), 450));
    if let Some(gpu) = gpu() {
        gpu.set_chunk(1 << 22);
    }
}
