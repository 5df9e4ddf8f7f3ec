//! Records of JSON against `serde_json`.

mod support;

use millrace_core::column_type::ColumnType;
use millrace_io::text::{RecordDecoder, RecordFormat};
use millrace_io::{FileColumn, Wanted};
use proptest::prelude::*;
use serde_json::Value;
use support::{Cell, columns, float, rows};

fn all_columns() -> Vec<FileColumn> {
    columns(&[
        ("i", ColumnType::I64),
        ("f", ColumnType::F64),
        ("t", ColumnType::Utf8),
        ("b", ColumnType::Bool),
        ("s", ColumnType::I8),
        ("u", ColumnType::U64),
    ])
}

fn decoder(wanted: Wanted) -> RecordDecoder {
    let columns = all_columns();
    RecordDecoder::new(RecordFormat::Json, &columns, &vec![wanted; columns.len()]).unwrap()
}

/// What a record must become, or nothing where it is none.
fn oracle(record: &[u8]) -> Option<Vec<Cell>> {
    let Value::Object(fields) = serde_json::from_slice(record).ok()? else {
        return None;
    };
    all_columns()
        .iter()
        .map(|column| {
            let value = match fields.get(&column.name) {
                None | Some(Value::Null) => return Some(Cell::Null),
                Some(value) => value,
            };
            Some(match column.column_type {
                ColumnType::Bool => Cell::Bool(value.as_bool()?),
                ColumnType::F64 => float(value.as_f64()?),
                ColumnType::Utf8 => Cell::Text(match value {
                    Value::String(text) => text.clone(),
                    // Written as it stood there; the generated ones are written as serde does.
                    other => other.to_string(),
                }),
                column_type => {
                    let value = match (value.as_i64(), value.as_u64(), value.as_f64()) {
                        (Some(value), ..) => i128::from(value),
                        (_, Some(value), _) => i128::from(value),
                        (_, _, Some(value))
                            if value.fract() == 0.0 && value.abs() <= 2f64.powi(53) =>
                        {
                            #[expect(clippy::cast_possible_truncation, reason = "whole")]
                            {
                                value as i128
                            }
                        }
                        _ => return None,
                    };
                    let fits = match column_type {
                        ColumnType::I8 => i8::try_from(value).is_ok(),
                        ColumnType::U64 => u64::try_from(value).is_ok(),
                        _ => i64::try_from(value).is_ok(),
                    };
                    if !fits {
                        return None;
                    }
                    Cell::Integer(value)
                }
            })
        })
        .collect()
}

fn check(records: &[Vec<u8>]) {
    for wanted in [Wanted::Plain, Wanted::Interned] {
        let mut decoder = decoder(wanted);
        let mut taken = Vec::new();
        let mut wanted = Vec::new();
        for (at, record) in records.iter().enumerate() {
            let expected = oracle(record);
            let result = decoder.push(record);
            assert_eq!(
                result.is_ok(),
                expected.is_some(),
                "{:?}: {result:?}",
                String::from_utf8_lossy(record)
            );
            wanted.extend(expected);
            if at % 3 == 2 {
                taken.push(decoder.finish());
            }
        }
        taken.push(decoder.finish());
        let found = rows(&taken);
        assert_eq!(found.len(), wanted.len());
        for (found, wanted) in found.iter().flatten().zip(wanted.iter().flatten()) {
            assert!(is_same(found, wanted), "{found:?} for {wanted:?}");
        }
    }
}

/// `serde_json` may be off by the last bit of a float; that ours is the nearest is tested elsewhere.
fn is_same(found: &Cell, wanted: &Cell) -> bool {
    match (found, wanted) {
        (Cell::Float(a), Cell::Float(b)) => a.abs_diff(*b) <= 1,
        _ => found == wanted,
    }
}

#[test]
fn decodes_what_json_allows_and_nothing_else() {
    let records = [
        r#"{"i":1,"f":1.5,"t":"x","b":true,"s":-128,"u":18446744073709551615}"#,
        r#"{"i":1,"f":1.5,"t":"y","b":false,"s":127,"u":0}"#,
        r#" { "u" : 7 , "i" : -9223372036854775808 } "#,
        "{\n\"i\": 3,\r\n\t\"t\": \"x\"\n}\n",
        "{}",
        r#"{"i":null,"t":null}"#,
        r#"{"i":1,"i":2,"t":"a","t":null}"#,
        r#"{"t":null,"t":"b"}"#,
        r#"{"t":"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00é😀"}"#,
        r#"{"\u0074":"named by an escape"}"#,
        r#"{"t":"\ud83d"}"#,
        r#"{"t":"\ud83dx"}"#,
        r#"{"t":"\ude00\ud83d"}"#,
        r#"{"t":"\u12"}"#,
        r#"{"t":"\x"}"#,
        "{\"t\":\"a\tb\"}",
        r#"{"t":"open"#,
        r#"{"other":{"a":[1,2,{"b":null}],"c":"}"},"i":1}"#,
        r#"{"other":[],"more":{},"i":1}"#,
        r#"{"other":[1,],"i":1}"#,
        r#"{"other":{"a"},"i":1}"#,
        r#"{"other":01,"i":1}"#,
        r#"{"i":01}"#,
        r#"{"i":+1}"#,
        r#"{"f":.5}"#,
        r#"{"f":5.}"#,
        r#"{"f":-}"#,
        r#"{"f":1e}"#,
        r#"{"f":-0}"#,
        r#"{"f":-0.0}"#,
        r#"{"f":1e400}"#,
        r#"{"f":NaN}"#,
        r#"{"f":"1"}"#,
        r#"{"i":1.0,"s":1e2}"#,
        r#"{"i":1.5}"#,
        r#"{"s":128}"#,
        r#"{"u":-1}"#,
        r#"{"i":9223372036854775808}"#,
        r#"{"i":99999999999999999999999}"#,
        r#"{"b":1}"#,
        r#"{"b":"true"}"#,
        r#"{"b":tru}"#,
        r#"{"i":1,}"#,
        r#"{,"i":1}"#,
        r#"{"i" 1}"#,
        r#"{"i":1 "f":2}"#,
        r#"{"i":1}}"#,
        r#"{"i":1}{"i":2}"#,
        r#"[1]"#,
        r#""text""#,
        "null",
        "",
        " ",
        "{",
        r#"{"t":5,"i":5}"#,
        r#"{"t":true}"#,
        r#"{"t":[1,"a"]}"#,
    ];
    check(&records.map(|record| record.as_bytes().to_vec()));
    check(&[
        b"{\"t\":\"\xff\"}".to_vec(),
        b"\xff".to_vec(),
        b"{\"t\":\"\xc3\"}".to_vec(),
    ]);
}

#[test]
fn depth_is_bounded() {
    let mut decoder = decoder(Wanted::Plain);
    for (depth, fits) in [(126, true), (1_000_000, false)] {
        let record = format!(r#"{{"x":{}{}}}"#, "[".repeat(depth), "]".repeat(depth));
        assert_eq!(decoder.push(record.as_bytes()).is_ok(), fits, "{depth}");
    }
}

#[test]
fn a_record_that_is_refused_leaves_no_trace() {
    let mut decoder = decoder(Wanted::Plain);
    decoder.push(br#"{"i":1,"t":"a"}"#).unwrap();
    let reason = decoder.push(br#"{"i":2,"t":"b","f":"x"}"#).unwrap_err();
    assert_eq!(reason.to_string(), r#"column 'f' must be f64, got "x""#);
    decoder.push(br#"{"t":"c"}"#).unwrap();
    let taken = rows([&decoder.finish()]);
    assert_eq!(taken[0][0], Cell::Integer(1));
    assert_eq!(taken[1][0], Cell::Null);
    assert_eq!(taken[1][2], Cell::Text("c".to_owned()));
    assert_eq!(taken.len(), 2);
}

fn arbitrary_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-200_i64..200).prop_map(Value::from),
        any::<f64>().prop_filter_map("finite", |value| value
            .is_finite()
            .then(|| Value::from(value))),
        any::<String>().prop_map(Value::from),
        "[a-c]{0,20}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z\"\\\\é]{0,3}", inner, 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn arbitrary_record() -> impl Strategy<Value = Vec<u8>> {
    let fields = prop::collection::btree_map("[iftbsuxé\n]{1,2}", arbitrary_value(), 0..7);
    (fields, any::<bool>()).prop_map(|(fields, pretty)| {
        let record = Value::Object(fields.into_iter().collect());
        if pretty {
            serde_json::to_vec_pretty(&record).unwrap()
        } else {
            serde_json::to_vec(&record).unwrap()
        }
    })
}

/// Pretty nested values keep their white space as text, which the oracle does not.
fn is_plain(record: &[u8]) -> bool {
    let Ok(Value::Object(fields)) = serde_json::from_slice::<Value>(record) else {
        return true;
    };
    !matches!(
        fields.get("t"),
        Some(Value::Array(_) | Value::Object(_) | Value::Number(_))
    )
}

proptest! {
    #[test]
    fn agrees_with_serde_json(records in prop::collection::vec(arbitrary_record(), 1..8)) {
        let records: Vec<_> = records.into_iter().filter(|record| is_plain(record)).collect();
        check(&records);
    }

    #[test]
    fn agrees_with_serde_json_where_bytes_were_changed(
        records in prop::collection::vec(arbitrary_record(), 1..4),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        cut in any::<prop::sample::Index>(),
    ) {
        let records: Vec<_> = records
            .into_iter()
            .map(|mut record| {
                for (at, byte) in &changes {
                    let at = at.index(record.len());
                    record[at] = *byte;
                }
                if changes.len() == 3 {
                    record.truncate(cut.index(record.len()));
                }
                record
            })
            // The last of several fields of one name is what both take, but what serde drops may be
            // no value of the column here.
            .filter(|record| is_plain(record) && has_no_twins(record))
            .collect();
        check(&records);
    }

    #[test]
    fn no_bytes_make_it_panic(records in prop::collection::vec(any::<Vec<u8>>(), 1..4)) {
        for wanted in [Wanted::Plain, Wanted::Interned, Wanted::Unused] {
            let mut decoder = decoder(wanted);
            for record in &records {
                let _ = decoder.push(record);
            }
            decoder.finish();
        }
    }

    #[test]
    fn no_text_like_json_makes_it_panic(record in r#"[{}\[\]:,"\\u0-9eE+\-.intrufalse \n]{0,60}"#) {
        let mut decoder = decoder(Wanted::Interned);
        let _ = decoder.push(record.as_bytes());
        decoder.finish();
    }
}

/// Whether no field of the record comes twice, as far as one can see from outside.
fn has_no_twins(record: &[u8]) -> bool {
    let text = String::from_utf8_lossy(record);
    ["i", "f", "t", "b", "s", "u"]
        .iter()
        .all(|name| text.matches(&format!("\"{name}\"")).count() < 2)
}
