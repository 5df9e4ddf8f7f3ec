//! `valueCounts` of whole numbers and of words, against counting row by row.

mod support;

use std::sync::Arc;

use arrow_array::types::{Int8Type, Int32Type, Int64Type, UInt32Type};
use arrow_array::{Array, ArrayRef, ArrowPrimitiveType, PrimitiveArray, cast::AsArray};
use millrace_core::batch::{Batch, Emission};
use millrace_core::plan::Plan;
use proptest::prelude::*;
use support::{Cell, all_rows};

fn counting(column_type: &str) -> Plan {
    Plan::from_json(&format!(
        r#"{{"inputs":[{{"name":"s","columns":[{{"name":"value","type":"{column_type}","dictionary":true}}]}}],
        "nodes":[{{"op":"input","input":0}},{{"op":"project","expr":{{"col":"value","of":0}}}},
        {{"op":"valueCounts","input":1}},{{"op":"sink","input":2}}]}}"#
    ))
    .unwrap()
}

/// Values and how often each came, in the order in which they first came.
#[derive(Default)]
struct Naive<K> {
    counts: Vec<(K, i64)>,
}

impl<K: PartialEq> Naive<K> {
    fn add(&mut self, key: K) {
        match self.counts.iter_mut().find(|(other, _)| *other == key) {
            Some((_, count)) => *count += 1,
            None => self.counts.push((key, 1)),
        }
    }
}

/// Keys with their counts.
type Counts<T> = Vec<(Option<<T as ArrowPrimitiveType>::Native>, i64)>;

fn read<T: ArrowPrimitiveType>(out: &[Emission]) -> Counts<T> {
    let Some(emission) = out.first() else {
        return Vec::new();
    };
    let keys: Vec<Option<T::Native>> = emission.columns[0].as_primitive::<T>().iter().collect();
    let counts = emission.columns[1].as_primitive::<Int64Type>();
    assert_eq!(counts.null_count(), 0);
    keys.into_iter()
        .zip(counts.values().iter().copied())
        .collect()
}

fn check<T: ArrowPrimitiveType>(column_type: &str, batches: &[Vec<Option<i64>>])
where
    T::Native: TryFrom<i64>,
{
    let mut plan = counting(column_type);
    let mut naive = Naive::default();
    let mut held: Vec<(Vec<Emission>, Counts<T>)> = Vec::new();
    for rows in batches {
        let rows: Vec<Option<T::Native>> = rows
            .iter()
            .map(|row| row.map(|value| T::Native::try_from(value).ok().unwrap_or_default()))
            .collect();
        rows.iter().for_each(|&row| naive.add(row));
        let column: ArrayRef = Arc::new(rows.iter().copied().collect::<PrimitiveArray<T>>());
        let mut out = Vec::new();
        let batch = Batch {
            rows: rows.len(),
            columns: vec![column],
        };
        plan.push(0, batch, &mut out).unwrap();
        assert_eq!(read::<T>(&out), naive.counts);
        let mut restored = counting(column_type);
        restored.restore(&plan.snapshot()).unwrap();
        assert_eq!(restored.snapshot(), plan.snapshot());
        if held.len() % 2 == 1 {
            plan = restored;
        }
        held.push((out, naive.counts.clone()));
    }
    // What was emitted does not change.
    for (out, expected) in held {
        assert_eq!(read::<T>(&out), expected);
    }
}

fn batches() -> impl Strategy<Value = Vec<Vec<Option<i64>>>> {
    let value = prop_oneof![
        6 => 0..40_i64,
        2 => -5..5_i64,
        1 => prop::sample::select(vec![70_000, 100_000, 65_535, 65_536, i64::MAX, i64::MIN]),
    ];
    let batch = prop_oneof![
        2 => prop::collection::vec(value.clone().prop_map(Some), 0..200),
        1 => prop::collection::vec(prop::option::weighted(0.8, value), 0..50),
    ];
    prop::collection::vec(batch, 0..6)
}

proptest! {
    #[test]
    fn integers_are_counted_in_the_order_in_which_they_came(batches in batches()) {
        check::<Int64Type>("i64", &batches);
        check::<Int32Type>("i32", &batches);
        check::<Int8Type>("i8", &batches);
        check::<UInt32Type>("u32", &batches);
    }

    #[test]
    fn words_are_counted_as_strings_are(texts in prop::collection::vec("[ab \n]{0,12}", 0..5)) {
        let mut plan = counting("utf8");
        let mut naive = Naive::default();
        for text in &texts {
            text.split_ascii_whitespace().for_each(|word| naive.add(word));
            let batch = plan.words(0, text).unwrap();
            let mut out = Vec::new();
            plan.push(0, batch, &mut out).unwrap();
            let expected: Vec<Vec<Cell>> = naive
                .counts
                .iter()
                .map(|&(word, count)| vec![support::text(word), Cell::Integer(count)])
                .collect();
            prop_assert_eq!(all_rows(&[out]), expected);
        }
    }
}
