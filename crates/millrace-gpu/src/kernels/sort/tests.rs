use millrace_core::bulk::Column;

use crate::testing::{SIZES, adversarial, both, finite, gpu, in_batches, round_trip};

/// Fails unless the results are the same; NaN equals NaN.
fn check(steps: &str, batches: &[Vec<Vec<f32>>]) {
    let Some(gpu) = gpu() else { return };
    let bits = |columns: Vec<Column<'static>>| -> Vec<Vec<u32>> {
        let canonical = |value: &f32| {
            if value.is_nan() {
                u32::MAX
            } else {
                value.to_bits()
            }
        };
        columns
            .iter()
            .map(|column| match column {
                Column::F32(values) => values.iter().map(canonical).collect(),
                Column::U32(values) => values.to_vec(),
                other => panic!("expected f32 or u32, got {other:?}"),
            })
            .collect()
    };
    for (wanted, got) in both(&gpu, steps, batches.iter().map(Vec::as_slice)) {
        assert_eq!(bits(wanted), bits(got));
    }
}

#[test]
fn sorts_batches_of_every_size_and_kind() {
    for rows in SIZES.into_iter().chain([2047, 2048, 2049]) {
        for values in [finite(rows, 21), adversarial(rows, 22), vec![1.0; rows]] {
            check(r#"[{"op": "sort"}]"#, &[vec![values.clone()]]);
            check(r#"[{"op": "sort", "descending": true}]"#, &[vec![values]]);
        }
    }
}

#[test]
fn sorts_segments_wherever_batches_end() {
    for n in [1, 2, 100, 2048, 2500] {
        let steps = format!(r#"[{{"op": "sort", "n": {n}}}]"#);
        check(&steps, &in_batches(&adversarial(9000, 23), 701));
        check(&steps, &in_batches(&finite(9000, 24), 9000));
    }
}

#[test]
fn takes_the_first_and_of_equal_ones_those_that_came_first() {
    for k in [1, 3, 100] {
        for smallest in [false, true] {
            let steps = format!(r#"[{{"op": "topK", "k": {k}, "smallest": {smallest}}}]"#);
            for rows in [0, 1, 2, 300, 2048, 2049, 10_000] {
                check(&steps, &[vec![adversarial(rows, 25)]]);
                check(&steps, &[vec![vec![-0.0; rows]]]);
            }
        }
    }
    let steps = r#"[{"op": "topK", "k": 5, "n": 300}]"#;
    check(steps, &in_batches(&finite(2000, 26), 137));
}

#[test]
fn the_cpu_goes_on_from_a_snapshot_and_back() {
    let Some(gpu) = gpu() else { return };
    round_trip(&gpu, r#"[{"op": "sort", "n": 70}]"#, &finite(400, 27));
}
