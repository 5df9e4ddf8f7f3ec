//! Messages as rows: whatever their bytes are, a row comes of them or a reason.

use std::sync::Arc;

use millrace_core::column_type::ColumnType;
use millrace_io::avro::{Schema, Schemas};
use millrace_io::message::{MessageDecoder, MessageField, MessageSpec, MessageView, ValueFormat};
use millrace_io::{FileColumn, Wanted};
use proptest::prelude::*;

const SCHEMA: &str = r#"{"type": "record", "name": "R", "fields": [
    {"name": "skipped", "type": {"type": "array", "items": ["null", "R", {"type": "map", "values": "null"}]}},
    {"name": "text", "type": ["null", "string"]},
    {"name": "n", "type": ["long", "double", "boolean", {"type": "int", "logicalType": "date"}]}
]}"#;

fn column(name: &str, column_type: ColumnType) -> FileColumn {
    FileColumn {
        name: name.to_owned(),
        column_type,
    }
}

fn decoder(format: ValueFormat) -> MessageDecoder {
    let mut columns = match format {
        ValueFormat::Raw => vec![column("text", ColumnType::Utf8)],
        _ => vec![
            column("text", ColumnType::Utf8),
            column("n", ColumnType::F64),
        ],
    };
    columns.push(column("key", ColumnType::Utf8));
    columns.push(column("headers", ColumnType::Utf8));
    let mut wanted = vec![Wanted::Plain; columns.len()];
    wanted[0] = Wanted::Interned;
    let spec = MessageSpec {
        format,
        columns,
        fields: vec![MessageField::Key, MessageField::Headers],
        wanted,
        tombstones: true,
    };
    MessageDecoder::new(&spec).expect("the columns fit")
}

fn formats() -> Vec<ValueFormat> {
    let schema = Schema::parse(&[SCHEMA]).expect("a schema");
    let registry = Schemas::of_registry();
    registry.add(1, Schema::parse(&[SCHEMA]));
    vec![
        ValueFormat::Json,
        ValueFormat::Csv(millrace_io::text::CsvDialect::default()),
        ValueFormat::Raw,
        ValueFormat::Arrow,
        ValueFormat::Avro(Arc::new(Schemas::only(schema))),
        ValueFormat::Avro(Arc::new(registry)),
    ]
}

/// Bytes, with beginnings that lead further than others.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let starts = prop_oneof![
        Just(vec![]),
        Just(vec![0, 0, 0, 0, 1]),
        Just(b"{\"n\":".to_vec()),
        Just(vec![0xff, 0xff, 0xff, 0xff]),
        Just(b"ARROW1\0\0".to_vec()),
    ];
    let any = prop::collection::vec(prop_oneof![any::<u8>(), 0_u8..6], 0..40);
    (starts, any).prop_map(|(start, rest)| [start, rest].concat())
}

proptest! {
    #[test]
    fn takes_any_bytes(messages in prop::collection::vec((prop::option::of(bytes()), prop::option::of(bytes())), 0..20)) {
        for format in formats() {
            let mut decoder = decoder(format);
            let mut rows = 0;
            for (offset, (key, value)) in (0_i64..).zip(&messages) {
                let view = MessageView {
                    topic: "t",
                    partition: 0,
                    offset,
                    timestamp: None,
                    key: key.as_deref(),
                    value: value.as_deref(),
                    headers: &[("a", key.as_deref())],
                };
                if let Ok(more) = decoder.push(&view) {
                    rows += more;
                }
                prop_assert_eq!(decoder.rows(), rows);
            }
            let batch = decoder.finish().expect("is small");
            prop_assert_eq!(batch.rows, rows);
            for array in &batch.columns {
                prop_assert_eq!(array.len(), rows);
            }
        }
    }
}

#[test]
fn passes_over_what_takes_no_bytes_however_often_it_is_there() {
    let schema = r#"{"type": "record", "name": "R", "fields": [
        {"name": "skipped", "type": {"type": "array", "items": "null"}},
        {"name": "n", "type": "int"}
    ]}"#;
    let schemas = Schemas::only(Schema::parse(&[schema]).expect("a schema"));
    let mut decoder = decoder(ValueFormat::Avro(Arc::new(schemas)));
    let view = |value| MessageView {
        topic: "t",
        partition: 0,
        offset: 0,
        timestamp: None,
        key: None,
        value: Some(value),
        headers: &[],
    };
    // A block of as many nulls as there can be, the end of the array, and 3.
    let many = [
        0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 0, 6,
    ];
    assert_eq!(decoder.push(&view(&many)), Ok(1));
    assert!(decoder.push(&view(&many[..11])).is_err());
    assert_eq!(decoder.rows(), 1);
}
