//! Rows by their places, against the same of `arrow_select`.

use std::sync::Arc;

use arrow_array::types::Int32Type;
use arrow_array::{
    ArrayRef, BooleanArray, DictionaryArray, Float64Array, Int8Array, Int16Array, StringArray,
    TimestampNanosecondArray, UInt32Array,
};
use millrace_core::take::take;
use proptest::prelude::*;

fn columns(values: &[Option<i8>]) -> Vec<ArrayRef> {
    let texts = || {
        values
            .iter()
            .map(|value| value.map(|value| value.to_string()))
    };
    vec![
        Arc::new(Int8Array::from(values.to_vec())),
        Arc::new(
            values
                .iter()
                .map(|value| value.map(i16::from))
                .collect::<Int16Array>(),
        ),
        Arc::new(
            values
                .iter()
                .map(|value| value.map(f64::from))
                .collect::<Float64Array>(),
        ),
        Arc::new(
            values
                .iter()
                .map(|value| value.map(i64::from))
                .collect::<TimestampNanosecondArray>(),
        ),
        Arc::new(
            values
                .iter()
                .map(|value| value.map(|value| value > 0))
                .collect::<BooleanArray>(),
        ),
        Arc::new(texts().collect::<StringArray>()),
        Arc::new(
            texts()
                .collect::<Vec<_>>()
                .iter()
                .map(Option::as_deref)
                .collect::<DictionaryArray<Int32Type>>(),
        ),
    ]
}

proptest! {
    #[test]
    fn takes_what_arrow_takes(
        values in prop::collection::vec(any::<Option<i8>>(), 1..70),
        places in prop::collection::vec(any::<(prop::sample::Index, bool)>(), 0..70),
        offset in any::<prop::sample::Index>(),
        gaps: bool,
    ) {
        let offset = offset.index(values.len());
        let rows = values.len() - offset;
        let places: Vec<(u32, bool)> = places
            .iter()
            .map(|(place, there)| (u32::try_from(place.index(rows)).unwrap(), *there || !gaps))
            .collect();
        let wanted: UInt32Array = places
            .iter()
            .map(|&(place, there)| there.then_some(place))
            .collect();
        // What stands at a place that is missing must not matter.
        let beyond: Vec<u32> = places
            .iter()
            .map(|&(place, there)| if there { place } else { u32::MAX })
            .collect();
        for column in columns(&values) {
            let column = column.slice(offset, rows);
            let expected = arrow_select::take::take(&column, &wanted, None).unwrap();
            let found = take(&column, &beyond, arrow_array::Array::nulls(&wanted)).unwrap();
            prop_assert_eq!(&found, &expected);
        }
    }
}
