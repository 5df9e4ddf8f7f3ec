use proptest::prelude::*;

use crate::DeviceChain;
use crate::testing::{SIZES, adversarial, assert_near, both, column, finite, gpu, in_batches};
use millrace_core::bulk::{Column, steps_from_json};

fn steps(exprs: &[&str]) -> String {
    let exprs = exprs.join(", ");
    format!(r#"[{{"op": "map", "columns": ["a", "b"], "exprs": [{exprs}]}}]"#)
}

const A: &str = r#"{"col": "a", "of": 0}"#;
const B: &str = r#"{"col": "b", "of": 0}"#;

fn call(op: &str, args: &[&str]) -> String {
    format!(r#"{{"op": "{op}", "args": [{}]}}"#, args.join(", "))
}

/// Compares each result with that of the CPU, within `share` of the magnitude that `of` gives a row.
fn check(exprs: &[&str], columns: &[Vec<f32>], tolerance: impl Fn(f32, f32) -> f64) {
    let Some(gpu) = gpu() else { return };
    for (wanted, got) in both(&gpu, &steps(exprs), [columns]) {
        for result in 0..exprs.len() {
            assert_near(&column(&wanted, result), &column(&got, result), |row| {
                tolerance(columns[0][row], columns[1][row])
            });
        }
    }
}

/// Values beside each other in every combination, with what is not finite.
fn pairs() -> [Vec<f32>; 2] {
    let values = [
        0.0,
        -0.0,
        1.0,
        -1.0,
        0.5,
        -2.5,
        3.0e-20,
        -7.0e19,
        1.0e30,
        f32::MAX,
        f32::MIN,
        f32::MIN_POSITIVE,
        f32::INFINITY,
        f32::NEG_INFINITY,
        f32::NAN,
        -f32::NAN,
        16_777_215.0,
        8_388_607.5,
        -8_388_607.5,
        0.1,
    ];
    let all = values
        .iter()
        .flat_map(|&a| values.iter().map(move |&b| (a, b)));
    all.unzip().into()
}

#[test]
fn what_compares_and_chooses_is_exact() {
    let exact: Vec<String> = ["least", "greatest", "clipMin", "clipMax"]
        .iter()
        .map(|op| call(op, &[A, B]))
        .chain(["lt", "le", "gt", "ge", "eq", "ne"].iter().flat_map(|op| {
            [
                "0.1",
                "-0.0",
                r#""inf", "type": "f64""#,
                r#""nan", "type": "f64""#,
            ]
            .map(|literal| call(op, &[A, &format!(r#"{{"lit": {literal}}}"#)]))
            .into_iter()
            .chain([call(op, &[A, B]), call(op, &[r#"{"lit": 0.1}"#, B])])
            .map(|condition| call("if", &[&condition, A, B]))
        }))
        .chain([
            call("neg", &[A]),
            call("abs", &[A]),
            call("floor", &[A]),
            call("ceil", &[A]),
            call("fillNull", &[A, r#"{"lit": 3}"#]),
        ])
        .collect();
    for exprs in exact.chunks(3) {
        let exprs: Vec<&str> = exprs.iter().map(String::as_str).collect();
        check(&exprs, &pairs(), |_, _| 0.0);
    }
    let few: Vec<&str> = exact
        .iter()
        .step_by(9)
        .map(String::as_str)
        .take(4)
        .collect();
    for rows in SIZES {
        check(&few, &[adversarial(rows, 5), finite(rows, 6)], |_, _| 0.0);
    }
}

#[test]
fn arithmetic_is_that_of_the_cpu_within_its_rounding() {
    let near = |share: f64| move |a: f32, b: f32| share * f64::from(a.abs()).max(b.abs().into());
    let least = f64::from(f32::MIN_POSITIVE);
    check(
        &[&call("add", &[A, B]), &call("sub", &[A, B])],
        &pairs(),
        near(2e-7),
    );
    check(&[&call("mul", &[A, B])], &pairs(), move |a, b| {
        least + 2e-7 * (f64::from(a) * f64::from(b)).abs()
    });
    check(&[&call("div", &[A, B])], &pairs(), move |a, b| {
        least + 4e-7 * (f64::from(a) / f64::from(b)).abs()
    });
}

#[test]
fn functions_are_near_those_of_the_cpu() {
    let mut values = pairs();
    values[0].extend(finite(3000, 9));
    values[0].extend((0..2000_u16).map(|i| f32::from(i) / 1000.0));
    values[1].resize(values[0].len(), 0.0);
    let least = f64::from(f32::MIN_POSITIVE);
    check(&[&call("sqrt", &[A])], &values, |a, _| {
        2.0_f64.powi(-21) * f64::from(a).sqrt()
    });
    check(&[&call("log", &[A])], &values, |a, _| {
        2.0_f64.powi(-20) * f64::from(a).ln().abs().max(1.0)
    });
    check(&[&call("exp", &[A])], &values, move |a, _| {
        least + 2.0_f64.powi(-21) * (2.0 + f64::from(a).abs()) * f64::from(a).exp()
    });
}

#[test]
fn steps_that_follow_are_one_kernel_and_keep_their_states() {
    let Some(gpu) = gpu() else { return };
    let text = format!(
        r#"[{{"op": "map", "columns": ["a", "b"], "exprs": [{}, {A}]}},
            {{"op": "map", "columns": ["x", "a"], "exprs": [{{"op": "mul", "args": [{{"col": "x", "of": 0}}, {{"lit": 0.5}}]}}]}},
            {{"op": "cumulative", "fn": "max"}},
            {{"op": "map", "columns": ["m"], "exprs": [{{"op": "neg", "args": [{{"col": "m", "of": 0}}]}}]}}]"#,
        call("abs", &[B])
    );
    let parsed = steps_from_json(&text).expect("steps");
    assert_eq!(
        DeviceChain::new(&gpu, &parsed).expect("kernels").kernels(),
        3
    );
    let (a, b) = (adversarial(3000, 3), adversarial(3000, 4));
    let batches: Vec<Vec<Vec<f32>>> = in_batches(&a, 700)
        .into_iter()
        .zip(in_batches(&b, 700))
        .map(|(a, b)| [a, b].concat())
        .collect();
    for (wanted, got) in both(&gpu, &text, batches.iter().map(Vec::as_slice)) {
        assert_near(&column(&wanted, 0), &column(&got, 0), |_| 0.0);
    }
    let mut chain = DeviceChain::new(&gpu, &parsed).expect("kernels");
    let batch = |values: &[f32]| [values.to_vec().into(), values.to_vec().into()];
    chain.push(&batch(&[4.0])).expect("runs");
    let mut next = DeviceChain::new(&gpu, &parsed).expect("kernels");
    next.restore(&chain.snapshot()).expect("the same steps");
    let results = next.push(&batch(&[2.0])).expect("runs");
    assert_eq!(results, [Column::from(vec![-2.0_f32])]);
}

#[test]
fn what_there_is_no_kernel_for_is_said() {
    let Some(gpu) = gpu() else { return };
    for (expr, name) in [
        (call("pow", &[A, B]), "pow"),
        (call("round", &[A]), "round"),
    ] {
        let steps = steps_from_json(&steps(&[&expr])).expect("steps");
        let error = DeviceChain::new(&gpu, &steps).expect_err("no kernel");
        assert_eq!(error.code(), "ERR_GPU_UNSUPPORTED");
        assert!(error.to_string().contains(&format!("no kernel for {name}")));
    }
}

/// A tree of exact operations.
fn tree() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just(A.to_owned()),
        Just(B.to_owned()),
        (-3.0_f32..3.0).prop_map(|value| format!(
            r#"{{"op": "abs", "args": [{{"op": "clipMin", "args": [{A}, {{"lit": {value}}}]}}]}}"#
        )),
    ];
    leaf.prop_recursive(5, 24, 3, |inner| {
        prop_oneof![
            (
                prop_oneof![
                    Just("least"),
                    Just("greatest"),
                    Just("clipMin"),
                    Just("clipMax")
                ],
                inner.clone(),
                inner.clone()
            )
                .prop_map(|(op, a, b)| call(op, &[&a, &b])),
            (
                prop_oneof![Just("neg"), Just("abs"), Just("floor"), Just("ceil")],
                inner.clone()
            )
                .prop_map(|(op, a)| call(op, &[&a])),
            (
                prop_oneof![Just("lt"), Just("ge"), Just("eq")],
                [inner.clone(), inner.clone(), inner.clone(), inner]
            )
                .prop_map(|(op, [a, b, c, d])| {
                    let condition = call("not", &[&call(op, &[&a, &b])]);
                    let both = call("and", &[&condition, &call("le", &[&c, &d])]);
                    call("if", &[&both, &c, &d])
                }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn trees_of_exact_operations_are_those_of_the_cpu(expr in tree(), rows in 0_usize..1500, seed in 0_u32..1000) {
        check(&[&expr], &[adversarial(rows, seed), adversarial(rows, seed + 1)], |_, _| 0.0);
    }
}
