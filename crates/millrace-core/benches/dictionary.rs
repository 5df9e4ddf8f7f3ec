//! Keys to ids, and counts.

use std::sync::Arc;

use arrow_array::types::Int32Type;
use arrow_array::{DictionaryArray, Int32Array, StringArray};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use millrace_core::dictionary::{Dictionary, IntegerDictionary};
use millrace_core::frequencies::Frequencies;

mod support;
use support::{BATCH, batch, integers};

fn strings(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("dictionary");
    group.throughput(Throughput::Elements(BATCH as u64));
    for (name, keys, prefix) in [
        ("1k short", 1000, "key"),
        ("1k long", 1000, "a rather long key number "),
        ("100k short", 100_000, "key"),
    ] {
        let numbers = integers(keys);
        let columns: Vec<StringArray> = numbers
            .chunks(BATCH)
            .map(|part| {
                StringArray::from_iter_values(part.iter().map(|key| format!("{prefix}{key}")))
            })
            .collect();
        let mut dictionary = Dictionary::new();
        let mut ids = Vec::new();
        dictionary.intern_array(&columns[0], &mut ids);
        assert_eq!(dictionary.take(&ids), columns[0]);
        let mut index = 0;
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                index += 1;
                ids.clear();
                dictionary.intern_array(&columns[index % columns.len()], &mut ids);
            });
        });
    }

    let values = Arc::new(StringArray::from_iter_values(
        (0..1000).map(|key| format!("key{key}")),
    ));
    let column = DictionaryArray::<Int32Type>::new(
        Int32Array::from_iter_values(integers(1000)[..BATCH].iter().map(|&key| key as i32)),
        values.clone(),
    );
    let mut dictionary = Dictionary::new();
    let mut ids = Vec::new();
    dictionary
        .intern_dictionary(&column, &mut ids)
        .expect("strings");
    assert_eq!(
        dictionary.get(ids[9]),
        Some(values.value(column.keys().value(9) as usize))
    );
    group.bench_function("arrow dictionary", |bencher| {
        bencher.iter(|| {
            ids.clear();
            dictionary.intern_dictionary(&column, &mut ids)
        });
    });
}

fn frequencies(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("frequencies");
    group.throughput(Throughput::Elements(BATCH as u64));
    let ids: Vec<u32> = integers(1000).into_iter().map(|id| id as u32).collect();
    let mut counts = Frequencies::new();
    counts.update(&ids);
    assert_eq!(counts.counts().iter().sum::<u64>(), ids.len() as u64);
    let mut index = 0;
    group.bench_function("1k ids", |bencher| {
        bencher.iter(|| {
            index += 1;
            counts.update(&ids[batch(index)]);
        });
    });
    for (name, keys, step) in [
        ("100 integers", 100, 1),
        ("100k sparse integers", 100_000, 1_000_003),
    ] {
        let values: Vec<i64> = integers(keys)
            .into_iter()
            .map(|key| key.cast_signed() * step)
            .collect();
        let mut dictionary = IntegerDictionary::new();
        let mut counts = Vec::new();
        dictionary.count(&values, &mut counts);
        assert_eq!(dictionary.keys()[0], values[0]);
        assert_eq!(counts.iter().sum::<i64>(), values.len() as i64);
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                index += 1;
                dictionary.count(&values[batch(index)], &mut counts);
            });
        });
    }
}

criterion_group!(benches, strings, frequencies);
criterion_main!(benches);
