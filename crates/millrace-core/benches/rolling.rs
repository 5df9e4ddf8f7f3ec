//! Rolling aggregates, one result per row, by window length.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use millrace_core::aggregate::AggregateFunction::{self, *};
use millrace_core::aggregate::Quantile as Share;
use millrace_core::window::{Partition, Rolling, aggregate_rows};

mod support;
use support::{BATCH, assert_close, batch, values};

fn check(function: AggregateFunction, window: usize, values: &[f64]) {
    let mut rolling = Rolling::new(function, window, 1).expect("a valid window");
    let mut out = vec![0.0; 2 * BATCH];
    rolling.push(&values[..out.len()], None, &mut out);
    for end in [0, 7, 999, 1000, 5000, out.len() - 1] {
        let rows: Vec<_> = values[(end + 1).saturating_sub(window)..=end]
            .iter()
            .copied()
            .map(Some)
            .collect();
        match aggregate_rows(function, &rows) {
            Some(want) => assert_close(out[end], want),
            None => assert!(out[end].is_nan()),
        }
    }
}

fn rolling(criterion: &mut Criterion) {
    let values = values();
    let mut out = vec![0.0; BATCH];
    for (name, function) in [
        ("sum", Sum),
        ("mean", Mean),
        ("min", Min),
        ("max", Max),
        ("var", Var { ddof: 1 }),
        ("std", Std { ddof: 1 }),
        ("median", Quantile(Share::MEDIAN)),
    ] {
        let mut group = criterion.benchmark_group(format!("rolling/{name}"));
        group.throughput(Throughput::Elements(BATCH as u64));
        for window in [5, 100, 1000, 1001, 1_000_000] {
            check(function, window, &values);
            let mut rolling = Rolling::new(function, window, 1).expect("a valid window");
            let mut index = 0;
            group.bench_function(BenchmarkId::from_parameter(window), |bencher| {
                bencher.iter(|| {
                    index += 1;
                    rolling.push(&values[batch(index)], None, &mut out)
                });
            });
        }
    }
}

fn partition(criterion: &mut Criterion) {
    let values = values();
    let mut group = criterion.benchmark_group("partition/sum");
    group.throughput(Throughput::Elements(BATCH as u64));
    for n in [50, 1000] {
        let mut partition = Partition::new(Sum, n).expect("a valid n");
        let mut out = Vec::new();
        partition.push(&values, None, &mut out);
        assert_eq!(out.len(), values.len() / n);
        assert_close(out[1], values[n..2 * n].iter().sum());
        let mut index = 0;
        group.bench_function(BenchmarkId::from_parameter(n), |bencher| {
            bencher.iter(|| {
                index += 1;
                out.clear();
                partition.push(&values[batch(index)], None, &mut out)
            });
        });
    }
}

criterion_group!(benches, rolling, partition);
criterion_main!(benches);
