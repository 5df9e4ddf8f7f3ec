//! Interners and counts against a map.

use std::collections::HashMap;
use std::hash::Hash;

use arrow_array::types::Int32Type;
use arrow_array::{Array, DictionaryArray, Int32Array, StringArray};
use arrow_buffer::NullBuffer;
use millrace_core::dictionary::{Dictionary, IntegerDictionary, RowDictionary};
use millrace_core::frequencies::Frequencies;
use proptest::prelude::*;
use std::sync::Arc;

/// Ids in first-seen order.
#[derive(Default)]
struct Naive<K>(HashMap<K, u32>);

impl<K: Hash + Eq + Clone> Naive<K> {
    fn ids(&mut self, keys: &[K]) -> Vec<u32> {
        keys.iter()
            .map(|key| {
                let next = self.0.len() as u32;
                *self.0.entry(key.clone()).or_insert(next)
            })
            .collect()
    }
}

fn key() -> impl Strategy<Value = Option<String>> {
    prop_oneof![
        6 => "[ab]{0,3}".prop_map(Some),
        3 => "[a-c]{3,20}".prop_map(Some),
        // Equal ends, equal lengths, different middles.
        3 => "[xy]{4}".prop_map(|middle| Some(format!("aaaaaaaaaaaa{middle}bbbbbbbbbbbb"))),
        1 => "\\PC{0,12}".prop_map(Some),
        1 => Just(None),
    ]
}

proptest! {
    #[test]
    fn strings_get_ids_in_first_seen_order(
        keys in prop::collection::vec(key(), 0..200), cut in 1_usize..60,
    ) {
        let mut naive = Naive::default();
        let mut dictionary = Dictionary::new();
        for part in keys.chunks(cut) {
            let mut ids = Vec::new();
            dictionary.intern_array(&StringArray::from(part.to_vec()), &mut ids);
            prop_assert_eq!(&ids, &naive.ids(part));
            let mut restored = Dictionary::new();
            restored.restore(&dictionary.snapshot()).unwrap();
            prop_assert_eq!(restored.snapshot(), dictionary.snapshot());
            dictionary = restored;
            prop_assert_eq!(dictionary.take(&ids), StringArray::from(part.to_vec()));
        }
        prop_assert_eq!(dictionary.len(), naive.0.len());
        prop_assert_eq!(dictionary.to_array().len(), naive.0.len());
    }

    #[test]
    fn arrow_dictionaries_give_the_ids_of_their_strings(
        values in prop::collection::vec(key(), 1..20),
        batches in prop::collection::vec(
            (prop::collection::vec(prop::option::weighted(0.9, any::<prop::sample::Index>()), 0..50), any::<bool>()),
            0..6,
        ),
    ) {
        let mut naive = Naive::default();
        let mut dictionary = Dictionary::new();
        let shared: Arc<StringArray> = Arc::new(StringArray::from(values.clone()));
        for (rows, fresh) in batches {
            let rows: Vec<Option<i32>> =
                rows.iter().map(|row| row.map(|index| index.index(values.len()) as i32)).collect();
            let strings: Vec<Option<String>> =
                rows.iter().map(|row| row.and_then(|key| values[key as usize].clone())).collect();
            // The same dictionary again, or an equal one elsewhere.
            let array = if fresh { Arc::new(StringArray::from(values.clone())) } else { shared.clone() };
            let column = DictionaryArray::<Int32Type>::new(Int32Array::from(rows), array);
            let mut ids = Vec::new();
            dictionary.intern_dictionary(&column, &mut ids).unwrap();
            prop_assert_eq!(ids, naive.ids(&strings));
        }
    }

    #[test]
    fn few_integers_are_counted_as_they_came(
        batches in prop::collection::vec(
            (
                prop::collection::vec(
                    prop_oneof![
                        300 => 0_i64..6,
                        1 => prop_oneof![Just(-1), 6_i64..12, 65_530_i64..65_540, any::<i64>()],
                    ],
                    0..200,
                ),
                prop::bool::weighted(0.1),
            ),
            0..12,
        ),
    ) {
        let mut naive = Naive::default();
        let mut expected: Vec<i64> = Vec::new();
        let mut dictionary = IntegerDictionary::new();
        let mut counts: Vec<i64> = Vec::new();
        for (keys, null_before) in batches {
            if null_before {
                let id = naive.ids(&[None])[0] as usize;
                expected.resize(naive.0.len(), 0);
                counts.resize(naive.0.len(), 0);
                prop_assert_eq!(dictionary.intern_null() as usize, id);
            }
            let ids = naive.ids(&keys.iter().copied().map(Some).collect::<Vec<_>>());
            expected.resize(naive.0.len(), 0);
            for id in ids {
                expected[id as usize] += 1;
            }
            dictionary.count(&keys, &mut counts);
            prop_assert_eq!(&counts, &expected);
        }
        for (key, &id) in &naive.0 {
            prop_assert_eq!(dictionary.get(id), *key);
        }
    }

    #[test]
    fn integers_get_ids_and_counts(
        keys in prop::collection::vec(
            prop::option::weighted(0.95, prop_oneof![0_i64..50, 65_500_i64..65_600, -20_i64..0, any::<i64>()]),
            0..300,
        ),
        cut in 1_usize..100,
    ) {
        let mut naive = Naive::default();
        let mut dictionary = IntegerDictionary::new();
        let mut counted = IntegerDictionary::new();
        let mut present: Vec<i64> = Vec::new();
        let mut by_id = Frequencies::new();
        let mut counts: Vec<u64> = Vec::new();
        for part in keys.chunks(cut) {
            let values: Vec<i64> = part.iter().map(|key| key.unwrap_or(7)).collect();
            let nulls = NullBuffer::from(part.iter().map(Option::is_some).collect::<Vec<_>>());
            let mut ids = Vec::new();
            dictionary.intern_slice(&values, Some(&nulls), &mut ids);
            let known: Vec<i64> = part.iter().flatten().copied().collect();
            counted.count(&known, &mut present);
            by_id.update(&ids);
            prop_assert_eq!(&ids, &naive.ids(part));
            counts.resize(naive.0.len(), 0);
            for id in ids {
                counts[id as usize] += 1;
            }
            let mut restored = IntegerDictionary::new();
            restored.restore(&counted.snapshot()).unwrap();
            counted = restored;
        }
        for (&key, &times) in counted.keys().iter().zip(&present) {
            prop_assert_eq!(times as u64, counts[naive.0[&Some(key)] as usize]);
        }
        prop_assert_eq!(present.iter().sum::<i64>(), keys.iter().flatten().count() as i64);
        prop_assert_eq!(by_id.counts(), &counts[..]);
        for (key, &id) in &naive.0 {
            prop_assert_eq!(dictionary.get(id), *key);
        }
    }

    #[test]
    fn rows_get_ids_in_first_seen_order(
        rows in prop::collection::vec([0_u32..4, 0_u32..4, 0_u32..1_000_000], 0..200),
        cut in 1_usize..60,
    ) {
        let mut naive = Naive::default();
        let mut dictionary = RowDictionary::new(3);
        for part in rows.chunks(cut) {
            let columns: Vec<Vec<u32>> =
                (0..3).map(|column| part.iter().map(|row| row[column]).collect()).collect();
            let mut ids = Vec::new();
            dictionary.intern(&[&columns[0], &columns[1], &columns[2]], &mut ids);
            prop_assert_eq!(ids, naive.ids(part));
            let mut restored = RowDictionary::new(3);
            restored.restore(&dictionary.snapshot()).unwrap();
            dictionary = restored;
        }
        for (row, &id) in &naive.0 {
            prop_assert_eq!(dictionary.get(id), Some(row.to_vec()));
        }
    }
}

#[test]
fn other_values_than_strings_are_refused() {
    let values = Arc::new(Int32Array::from(vec![1, 2]));
    let column = DictionaryArray::<Int32Type>::new(Int32Array::from(vec![0, 1]), values);
    let mut ids = Vec::new();
    let error = Dictionary::new()
        .intern_dictionary(&column, &mut ids)
        .unwrap_err();
    assert!(error.to_string().contains("got Int32"), "{error}");
    assert!(ids.is_empty());
}

#[test]
fn integers_come_within_reach_of_the_table_as_they_get_many() {
    // A multiplicative sequence: every key below 2^19 in an order of its own, some far away.
    let keys: Vec<i64> = (0..200_000_i64)
        .map(|step| match step % 50 {
            0 => -step,
            1 => i64::MAX - step,
            _ => step.wrapping_mul(2_654_435_761) & ((1 << 19) - 1),
        })
        .collect();
    let mut naive = Naive::default();
    let mut dictionary = IntegerDictionary::new();
    for part in keys.chunks(777).chain(keys.chunks(10_007)) {
        let mut ids = Vec::new();
        dictionary.intern_slice(part, None, &mut ids);
        assert_eq!(ids, naive.ids(part));
    }
    assert_eq!(dictionary.len(), naive.0.len());
    let mut restored = IntegerDictionary::new();
    restored.restore(&dictionary.snapshot()).unwrap();
    assert_eq!(restored.snapshot(), dictionary.snapshot());

    let kept: Vec<u32> = (0..dictionary.len() as u32).step_by(3).collect();
    let expected: Vec<Option<i64>> = kept.iter().map(|&id| dictionary.get(id)).collect();
    dictionary.keep(&kept);
    let got: Vec<Option<i64>> = (0..kept.len() as u32)
        .map(|id| dictionary.get(id))
        .collect();
    assert_eq!(got, expected);
    let mut ids = Vec::new();
    dictionary.intern_slice(
        &expected.into_iter().flatten().collect::<Vec<_>>(),
        None,
        &mut ids,
    );
    assert_eq!(ids, (0..kept.len() as u32).collect::<Vec<_>>());
}
