//! Aggregates by group id.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use millrace_core::aggregate::AggregateFunction::*;
use millrace_core::group::{GroupRolling, GroupShift, GroupedAggregate};
use millrace_core::window::aggregate_rows;

mod support;
use support::{BATCH, assert_close, batch, integers, values};

fn ids(keys: u64) -> Vec<u32> {
    integers(keys).into_iter().map(|id| id as u32).collect()
}

fn grouped(criterion: &mut Criterion) {
    let values = values();
    for (name, function) in [
        ("mean", Mean),
        ("min", Min),
        ("std", Std { ddof: 1 }),
        ("last", Last),
    ] {
        let mut group = criterion.benchmark_group(format!("grouped/{name}"));
        group.throughput(Throughput::Elements(BATCH as u64));
        for keys in [1, 1000, 100_000] {
            let ids = ids(keys);
            let mut kernel = GroupedAggregate::new(function);
            kernel.update(&ids, &values, None);
            let of_first: Vec<_> = ids
                .iter()
                .zip(&values)
                .filter(|&(&id, _)| id == ids[0])
                .map(|(_, &value)| Some(value))
                .collect();
            if let Some(want) = aggregate_rows(function, &of_first) {
                assert_close(kernel.value(ids[0]).expect("a group"), want);
            }
            let mut index = 0;
            group.bench_function(BenchmarkId::from_parameter(keys), |bencher| {
                bencher.iter(|| {
                    index += 1;
                    kernel.update(&ids[batch(index)], &values[batch(index)], None);
                });
            });
        }
    }
}

fn rolling(criterion: &mut Criterion) {
    let whole: Vec<f64> = values().into_iter().map(f64::floor).collect();
    let ids = ids(300);
    let mut out = vec![0.0; BATCH];
    let mut group = criterion.benchmark_group("group rolling 50");
    group.throughput(Throughput::Elements(BATCH as u64));
    for (name, function) in [("mean", Mean), ("max", Max), ("std", Std { ddof: 1 })] {
        let mut kernel = GroupRolling::new(function, 50, 1).expect("a valid window");
        kernel.push(&ids[batch(0)], &whole[batch(0)], None, &mut out);
        let last = BATCH - 1;
        let rows: Vec<_> = (0..BATCH)
            .rev()
            .filter(|&row| ids[row] == ids[last])
            .take(50)
            .map(|row| Some(whole[row]))
            .collect();
        assert_close(
            out[last],
            aggregate_rows(function, &rows).expect("rows enough"),
        );
        let mut index = 0;
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                index += 1;
                kernel.push(&ids[batch(index)], &whole[batch(index)], None, &mut out)
            });
        });
    }
    let mut shift = GroupShift::new(1).expect("a valid n");
    shift.push(&[0, 0], &[1.0, 2.0], None, &mut out[..2]);
    assert_eq!(out[1], 1.0);
    let mut index = 0;
    group.bench_function("shift", |bencher| {
        bencher.iter(|| {
            index += 1;
            shift.push(&ids[batch(index)], &whole[batch(index)], None, &mut out)
        });
    });
}

criterion_group!(benches, grouped, rolling);
criterion_main!(benches);
