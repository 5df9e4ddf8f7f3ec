use std::fmt::Write;

use millrace_core::bulk::Column;

use crate::testing::{both, finite, gpu, in_batches, round_trip};

fn step(points: &[f32], dimensions: usize, k: usize) -> String {
    let bytes: Vec<u8> = points
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect();
    let letters: Vec<char> = ('A'..='Z')
        .chain('a'..='z')
        .chain('0'..='9')
        .chain(['+', '/'])
        .collect();
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let mut whole = [0; 4];
        whole[1..=group.len()].copy_from_slice(group);
        let bits = u32::from_be_bytes(whole);
        for place in 0..4 {
            let letter = letters[(bits >> (18 - 6 * place)) as usize % 64];
            let shown = if place > group.len() { '=' } else { letter };
            write!(text, "{shown}").expect("text grows");
        }
    }
    format!(r#"[{{"op": "nearest", "points": "{text}", "dimensions": {dimensions}, "k": {k}}}]"#)
}

/// Fails unless the distances are near each other, and the numbers the same wherever no other point is
/// as near.
fn check(points: &[f32], dimensions: usize, k: usize, batches: &[Vec<Vec<f32>>]) {
    let Some(gpu) = gpu() else { return };
    let steps = step(points, dimensions, k);
    for (wanted, got) in both(&gpu, &steps, batches.iter().map(Vec::as_slice)) {
        let ([Column::U32(a), Column::F32(x)], [Column::U32(b), Column::F32(y)]) =
            (&wanted[..], &got[..])
        else {
            panic!("expected numbers and distances, got {wanted:?} and {got:?}");
        };
        assert_eq!(a.len(), b.len());
        for (row, (&number, &other)) in a.iter().zip(b.iter()).enumerate() {
            let (wanted, got) = (x[row], y[row]);
            let near = wanted * 2.0_f32.powi(-17);
            let same = wanted == got || (wanted.is_nan() && got.is_nan());
            assert!(
                same || (wanted - got).abs() <= near,
                "row {row}: wanted {wanted}, got {got}"
            );
            let alone = |beside: usize| (x[beside] - wanted).abs() > 2.0 * near;
            let first = row % k == 0 || alone(row - 1);
            let last = row % k + 1 < k && alone(row + 1);
            assert!(
                number == other || !first || !last,
                "row {row}: wanted {number}, got {other}"
            );
        }
    }
}

#[test]
fn agrees_with_the_cpu_for_every_dimension_and_number() {
    for (dimensions, count) in [(1, 1), (2, 63), (3, 64), (16, 65), (17, 200), (128, 130)] {
        let points = finite(dimensions * count, 71);
        for k in [1, 5, 64] {
            if k <= count {
                for queries in [0, 1, 63, 64, 65, 300] {
                    check(
                        &points,
                        dimensions,
                        k,
                        &[vec![finite(queries * dimensions, 72)]],
                    );
                }
            }
        }
    }
}

#[test]
fn of_equally_near_points_the_first_come() {
    let Some(gpu) = gpu() else { return };
    let steps = step(&[1.0, -1.0, 1.0, -1.0, 3.0], 1, 3);
    for (wanted, got) in both(
        &gpu,
        &steps,
        [&[vec![0.0, 2.0, f32::NAN, f32::INFINITY]][..]],
    ) {
        assert_eq!(wanted[0], got[0]);
    }
}

#[test]
fn points_may_be_cut_by_batches_and_pieces() {
    let points = finite(300, 73);
    check(&points, 3, 2, &in_batches(&finite(1000, 74), 70));
    if let Some(gpu) = gpu() {
        gpu.set_chunk(100);
    }
    check(&points, 3, 2, &in_batches(&finite(1000, 74), 700));
    if let Some(gpu) = gpu() {
        gpu.set_chunk(1 << 22);
        round_trip(&gpu, &step(&[0.0, 5.0, 9.0], 1, 2), &[1.0, 2.0, 8.0, 4.0]);
    }
}
