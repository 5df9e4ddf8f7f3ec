//! Running aggregates and cumulative totals.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use millrace_core::aggregate::AggregateFunction::{self, *};
use millrace_core::aggregate::{RunningAggregate, RunningInteger};
use millrace_core::cumulative::{Cumulative, CumulativeFunction};
use millrace_core::window::aggregate_rows;

mod support;
use support::{BATCH, assert_close, batch, integers, values};

fn reduce(criterion: &mut Criterion) {
    let values = values();
    let mut group = criterion.benchmark_group("reduce");
    group.throughput(Throughput::Elements(BATCH as u64));
    let cases: [(&str, &[AggregateFunction]); 4] = [
        ("sum", &[Sum]),
        ("sum mean min max", &[Sum, Mean, Min, Max]),
        ("min", &[Min]),
        ("std", &[Std { ddof: 1 }]),
    ];
    for (name, functions) in cases {
        let mut running = RunningAggregate::new(functions);
        running.update(&values, None);
        let rows: Vec<_> = values.iter().copied().map(Some).collect();
        for (index, &function) in functions.iter().enumerate() {
            let want = aggregate_rows(function, &rows).expect("rows enough");
            assert_close(running.value(index).expect("rows enough"), want);
        }
        let mut index = 0;
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                index += 1;
                running.update(&values[batch(index)], None);
            });
        });
    }

    let whole: Vec<i64> = integers(1000).into_iter().map(u64::cast_signed).collect();
    let mut running = RunningInteger::new();
    running.update(&whole, None);
    assert_eq!(running.value(Sum), Ok(Some(whole.iter().sum())));
    let mut index = 0;
    group.bench_function("integer sum min max", |bencher| {
        bencher.iter(|| {
            index += 1;
            running.update(&whole[batch(index)], None);
        });
    });

    let mut sums = Cumulative::new(CumulativeFunction::Sum);
    let mut out = vec![0.0; BATCH];
    sums.push(&values[batch(0)], None, &mut out);
    assert_close(out[BATCH - 1], values[batch(0)].iter().sum());
    group.bench_function("cumulative sum", |bencher| {
        bencher.iter(|| {
            index += 1;
            sums.push(&values[batch(index)], None, &mut out);
        });
    });
}

criterion_group!(benches, reduce);
criterion_main!(benches);
