//! Records of CSV against the `csv` crate.

mod support;

use millrace_core::column_type::ColumnType;
use millrace_io::Wanted;
use millrace_io::text::{CsvDialect, RecordDecoder, RecordFormat};
use proptest::prelude::*;
use support::{Cell, columns, float, rows};

fn decoder(types: &[(&str, ColumnType)], wanted: Wanted) -> RecordDecoder {
    let columns = columns(types);
    let format = RecordFormat::Csv(CsvDialect::default());
    RecordDecoder::new(format, &columns, &vec![wanted; columns.len()]).unwrap()
}

const TEXTS: [(&str, ColumnType); 3] = [
    ("a", ColumnType::Utf8),
    ("b", ColumnType::Utf8),
    ("c", ColumnType::Utf8),
];

#[test]
fn values_of_all_types() {
    let types = [
        ("i", ColumnType::I32),
        ("f", ColumnType::F64),
        ("t", ColumnType::Utf8),
        ("b", ColumnType::Bool),
        ("d", ColumnType::Date),
        ("at", ColumnType::Timestamp),
        ("s", ColumnType::Duration),
    ];
    let mut decoder = decoder(&types, Wanted::Plain);
    for record in [
        "1,1.5,x,true,1970-01-02,1970-01-01T00:00:01Z,PT1.5S",
        ",,,,,,\n",
        r#""-7","1e3","a,""b""
c",F,"1970-01-01",1000,2000"#,
        " 5 ,+.5,  x ,TRUE,1970-01-02 , 1 ,1\r\n",
        "007,nan,\"\",0,86400000,-0.5,0",
        "1e2,-Infinity,a\"b,1,,,",
    ] {
        decoder.push(record.as_bytes()).unwrap();
    }
    for (record, reason) in [
        ("x,,,,,,", "column 'i' must be i32, got \"x\""),
        (
            "2147483648,,,,,,",
            "column 'i' must be i32, got \"2147483648\"",
        ),
        ("1.5,,,,,,", "column 'i' must be i32, got \"1.5\""),
        ("1,1e400,,,,,", "column 'f' must be f64, got \"1e400\""),
        ("1,1x,,,,,", "column 'f' must be f64, got \"1x\""),
        (",,,yes,,,", "column 'b' must be bool, got \"yes\""),
        (
            ",,,,1970-02-30,,",
            "column 'd' must be date, got \"1970-02-30\"",
        ),
        ("1,2", "a record must have 7 fields, got 2"),
        ("1,2,3,1,,,,", "a record must have 7 fields, got 8"),
        ("", "a record must have 7 fields, got 1"),
        ("\"1,,,,,,", "the quote at byte 0 is not closed"),
        (
            "\"1\"x,,,,,,",
            "expected a delimiter behind a closing quote at byte 3, got 'x'",
        ),
        (
            ",,,,,,\n,",
            "expected the end of the record at byte 7, got ','",
        ),
    ] {
        assert_eq!(
            decoder.push(record.as_bytes()).unwrap_err().to_string(),
            reason
        );
    }
    assert_eq!(
        decoder.push(b"1,2,\xff").unwrap_err().to_string(),
        "invalid UTF-8 at byte 4"
    );
    let text = |text: &str| Cell::Text(text.to_owned());
    use Cell::{Bool, Integer, Null};
    assert_eq!(
        rows([&decoder.finish()]),
        [
            vec![
                Integer(1),
                float(1.5),
                text("x"),
                Bool(true),
                Integer(1),
                Integer(1_000_000_000),
                Integer(1_500_000_000)
            ],
            vec![Null; 7],
            vec![
                Integer(-7),
                float(1000.0),
                text("a,\"b\"\nc"),
                Bool(false),
                Integer(0),
                Integer(1_000_000_000),
                Integer(2_000_000_000)
            ],
            vec![
                Integer(5),
                float(0.5),
                text("  x "),
                Bool(true),
                Integer(1),
                Integer(1_000_000),
                Integer(1_000_000)
            ],
            vec![
                Integer(7),
                float(f64::NAN),
                text(""),
                Bool(false),
                Integer(1),
                Integer(-500_000),
                Integer(0)
            ],
            vec![
                Integer(100),
                float(f64::NEG_INFINITY),
                text("a\"b"),
                Bool(true),
                Null,
                Null,
                Null
            ],
        ]
    );
}

#[test]
fn other_dialects() {
    let dialect = CsvDialect {
        delimiter: b'\t',
        quote: b'\'',
        nulls: vec!["NA".to_owned()],
    };
    let columns = columns(&[("i", ColumnType::I64), ("t", ColumnType::Utf8)]);
    let wanted = [Wanted::Plain, Wanted::Interned];
    let mut decoder = RecordDecoder::new(RecordFormat::Csv(dialect), &columns, &wanted).unwrap();
    decoder.push(b"NA\t'it''s'").unwrap();
    decoder.push(b"5\tNA").unwrap();
    decoder.push(b"6\t'NA'").unwrap();
    let text = |text: &str| Cell::Text(text.to_owned());
    assert_eq!(
        rows([&decoder.finish()]),
        [
            [Cell::Null, text("it's")],
            [Cell::Integer(5), Cell::Null],
            [Cell::Integer(6), text("NA")],
        ]
    );
}

fn oracle(record: &[u8]) -> Option<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(record);
    let mut found = reader.records();
    let fields = found.next()?.ok()?;
    (found.next().is_none() && fields.len() == 3)
        .then(|| fields.iter().map(str::to_owned).collect())
}

proptest! {
    #[test]
    fn agrees_with_the_csv_crate(
        records in prop::collection::vec(prop::collection::vec("[a,\"\n\ré😀 ]{0,9}", 3), 1..5),
    ) {
        for wanted in [Wanted::Plain, Wanted::Interned] {
            let mut decoder = decoder(&TEXTS, wanted);
            let mut expected = Vec::new();
            for fields in &records {
                let mut writer = csv::WriterBuilder::new().quote_style(csv::QuoteStyle::Always).from_writer(Vec::new());
                writer.write_record(fields).unwrap();
                let record = writer.into_inner().unwrap();
                let read = oracle(&record);
                prop_assert_eq!(read.as_ref(), Some(fields));
                prop_assert!(decoder.push(&record).is_ok());
                expected.push(fields.iter().map(|field| Cell::Text(field.clone())).collect::<Vec<_>>());
            }
            prop_assert_eq!(rows([&decoder.finish()]), expected);
        }
    }

    #[test]
    fn fields_without_quotes_agree_too(fields in prop::collection::vec("[a \té]{1,9}", 3)) {
        let record = fields.join(",");
        let mut decoder = decoder(&TEXTS, Wanted::Plain);
        prop_assert!(decoder.push(record.as_bytes()).is_ok());
        let expected: Vec<_> = oracle(record.as_bytes()).unwrap().into_iter().map(Cell::Text).collect();
        prop_assert_eq!(rows([&decoder.finish()]), [expected]);
    }

    #[test]
    fn no_bytes_make_it_panic(records in prop::collection::vec(any::<Vec<u8>>(), 1..4)) {
        for wanted in [Wanted::Plain, Wanted::Interned, Wanted::Unused] {
            let mut decoder = decoder(&TEXTS, wanted);
            for record in &records {
                let _ = decoder.push(record);
            }
            decoder.finish();
        }
    }

    #[test]
    fn no_text_like_csv_makes_it_panic(record in "[a1,.\"\r\n-]{0,40}") {
        let types = [("a", ColumnType::F64), ("b", ColumnType::Utf8), ("c", ColumnType::I8)];
        let mut decoder = decoder(&types, Wanted::Interned);
        let _ = decoder.push(record.as_bytes());
        decoder.finish();
    }
}
