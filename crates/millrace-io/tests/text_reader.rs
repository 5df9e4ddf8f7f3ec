//! Files and streams of records: however the bytes come in pieces, the rows are the same.

mod support;

use std::fs;
use std::io::Write;
use std::time::Duration;

use millrace_core::column_type::ColumnType;
use millrace_io::text::{CsvDialect, TextFormat, TextOptions, infer_sample, infer_text, read_text};
use millrace_io::{Bytes, FileColumn, Poll, ReadError, Reading, Refused, Signal, Wanted, feed};
use proptest::prelude::*;
use support::{Cell, columns, rows};

const MAX_LINE: usize = 64;

fn options(format: TextFormat, columns: &[FileColumn], batch: usize) -> TextOptions {
    TextOptions {
        format,
        columns: columns.to_vec(),
        batch,
        max_line: MAX_LINE,
        strict: false,
    }
}

fn csv() -> TextFormat {
    TextFormat::Csv {
        dialect: CsvDialect::default(),
        header: true,
    }
}

fn two() -> Vec<FileColumn> {
    columns(&[("a", ColumnType::I64), ("b", ColumnType::Utf8)])
}

fn drain(mut reading: Reading) -> Result<(Vec<Vec<Cell>>, Vec<Refused>), ReadError> {
    let mut batches = Vec::new();
    let mut refused = Vec::new();
    loop {
        match reading.poll(Duration::from_secs(5))? {
            Poll::Ready(decoded) => {
                batches.push(decoded.batch);
                refused.extend(decoded.refused);
            }
            Poll::End => return Ok((rows(&batches), refused)),
            Poll::Pending => {}
        }
    }
}

/// What is read where the bytes come in these pieces.
fn read(
    options: TextOptions,
    wanted: Wanted,
    pieces: &[&[u8]],
) -> Result<(Vec<Vec<Cell>>, Vec<Refused>), ReadError> {
    let (mut feed, fed) = feed("stream");
    for piece in pieces {
        feed.push(piece.to_vec());
    }
    feed.end();
    let wanted = vec![wanted; options.columns.len()];
    drain(read_text(
        Bytes::Fed(fed),
        options,
        &wanted,
        Signal::new(|| {}),
    )?)
}

const NDJSON: &str = "\u{feff}{\"a\":1,\"b\":\"x\\u00e9\\ud83d\\ude00\"}\r\n\n{\"b\":\"é😀\",\"a\":2}\nnonsense\n\
    {\"a\":3,\"b\":\"{\\\"n\\\"}\"}\n{\"a\":\"4\"}\n{\"a\":5} x\n  \n{\"a\":6";
const CSV: &str = "\u{feff}b,c,a\r\nx,,1\r\n\"é\n\"\"😀\"\",\",7,2\n\nzu,kurz\n\"\",,3\ny,8,vier\n\
    \"a\"b,,5\nz,9,6";

#[test]
fn pieces_do_not_matter() {
    let text = |text: &str| Cell::Text(text.to_owned());
    use Cell::Integer;
    for (format, bytes, expected, lines) in [
        (
            TextFormat::Ndjson,
            NDJSON.as_bytes(),
            vec![
                [Integer(1), text("xé😀")],
                [Integer(2), text("é😀")],
                [Integer(3), text("{\"n\"}")],
            ],
            vec![4, 6, 7, 9],
        ),
        (
            csv(),
            CSV.as_bytes(),
            vec![
                [Integer(1), text("x")],
                [Integer(2), text("é\n\"😀\",")],
                [Integer(3), text("")],
                [Integer(6), text("z")],
            ],
            vec![6, 8, 9],
        ),
    ] {
        let mut whole = None;
        for cut in 0..=bytes.len() {
            for (batch, wanted) in [(1, Wanted::Plain), (3, Wanted::Interned)] {
                let pieces = [&bytes[..cut], &bytes[cut..]];
                let options = options(format.clone(), &two(), batch);
                let (rows, refused) = read(options, wanted, &pieces).unwrap();
                assert_eq!(rows, expected, "cut at {cut}");
                let found: Vec<_> = refused.iter().map(|refused| refused.line).collect();
                assert_eq!(found, lines, "cut at {cut}");
                assert_eq!(
                    whole.get_or_insert_with(|| refused.clone()),
                    &refused,
                    "cut at {cut}"
                );
            }
        }
        let bytewise: Vec<&[u8]> = bytes.chunks(1).collect();
        let (rows, refused) = read(options(format, &two(), 2), Wanted::Plain, &bytewise).unwrap();
        assert_eq!(rows, expected);
        assert_eq!(Some(refused), whole);
    }
    let (_, refused) = read(options(csv(), &two(), 10), Wanted::Plain, &[CSV.as_bytes()]).unwrap();
    let shown: Vec<_> = refused
        .iter()
        .map(|one| (one.reason.as_str(), one.text.as_str()))
        .collect();
    assert_eq!(
        shown,
        [
            ("a record must have 3 fields, got 2", "zu,kurz"),
            ("column 'a' must be i64, got \"vier\"", "y,8,vier"),
            (
                "expected a delimiter behind a closing quote at byte 3, got 'b'",
                "\"a\"b,,5"
            ),
        ]
    );
}

#[test]
fn what_is_too_long_or_no_text_is_refused_and_what_follows_is_not() {
    let long = format!("{{\"b\":\"{}\"}}", "x".repeat(10 * MAX_LINE));
    for size in [1, 7, 1000] {
        let bytes = [
            long.as_bytes(),
            b"\n{\"a\":1}\n{\"b\":\"\xff\"}\n{\"a\":2}\n",
            long.as_bytes(),
        ]
        .concat();
        let pieces: Vec<&[u8]> = bytes.chunks(size).collect();
        let (rows, refused) = read(
            options(TextFormat::Ndjson, &two(), 10),
            Wanted::Plain,
            &pieces,
        )
        .unwrap();
        assert_eq!(
            rows,
            [
                [Cell::Integer(1), Cell::Null],
                [Cell::Integer(2), Cell::Null]
            ]
        );
        let found: Vec<_> = refused
            .iter()
            .map(|one| (one.line, one.reason.as_str()))
            .collect();
        assert_eq!(
            found,
            [
                (1, "a line must have at most 64 bytes (maxLine)"),
                (3, "invalid UTF-8 at byte 6"),
                (5, "a line must have at most 64 bytes (maxLine)"),
            ],
            "{size}"
        );
    }
}

#[test]
fn a_quote_that_is_never_closed_costs_its_line() {
    let mut text = "a,b\n1,x\n2,\"open\n".to_owned();
    for row in 3..40 {
        text.push_str(&format!("{row},y\n"));
    }
    let (rows, refused) = read(
        options(csv(), &two(), 10),
        Wanted::Plain,
        &[text.as_bytes()],
    )
    .unwrap();
    assert_eq!(refused.iter().map(|one| one.line).collect::<Vec<_>>(), [3]);
    assert_eq!(rows.len(), 38);
}

#[test]
fn strict_reading_ends_with_the_first_bad_record() {
    let mut options = options(TextFormat::Ndjson, &two(), 10);
    options.strict = true;
    let (mut feed, fed) = feed("stream");
    feed.push(b"{\"a\":1}\n{\"a\":x}\n{\"a\":2}\n".to_vec());
    feed.end();
    let mut reading = read_text(
        Bytes::Fed(fed),
        options,
        &[Wanted::Plain; 2],
        Signal::new(|| {}),
    )
    .unwrap();
    let Poll::Ready(first) = reading.poll(Duration::from_secs(5)).unwrap() else {
        panic!("the row before it is good");
    };
    assert_eq!(first.batch.rows, 1);
    let error = reading.poll(Duration::from_secs(5)).unwrap_err();
    assert_eq!(error.code(), "ERR_BAD_ROW");
    assert_eq!(
        error.to_string(),
        "Cannot read stream: line 2, expected a value at byte 5, got 'x'"
    );
}

#[test]
fn files_follow_each_other_packed_or_not() {
    let folder = std::env::temp_dir().join(format!("millrace-text-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    fs::write(path("a.csv"), "a,b\n1,x\n").unwrap();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(b"b,a\ny,2\n").unwrap();
    let mut packed = gzip.finish().unwrap();
    let mut second = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    second.write_all(b"z,3\n").unwrap();
    packed.extend(second.finish().unwrap());
    fs::write(path("b.csv.gz"), &packed).unwrap();
    fs::write(
        path("c.csv.zst"),
        zstd::stream::encode_all(&b"a,b\n4,v\n"[..], 3).unwrap(),
    )
    .unwrap();
    fs::write(path("d.csv"), "").unwrap();
    let files = ["a.csv", "b.csv.gz", "c.csv.zst", "d.csv"]
        .map(path)
        .to_vec();
    let read = |files: &[String]| {
        let bytes = Bytes::Files(files.to_vec());
        drain(read_text(
            bytes,
            options(csv(), &two(), 10),
            &[Wanted::Plain; 2],
            Signal::new(|| {}),
        )?)
    };
    let numbers = |rows: &[Vec<Cell>]| rows.iter().map(|row| row[0].clone()).collect::<Vec<_>>();
    let (found, refused) = read(&files).unwrap();
    assert_eq!(numbers(&found), [1, 2, 3, 4].map(Cell::Integer));
    assert!(refused.is_empty());

    assert_eq!(infer_text(&files, &csv(), 100).unwrap(), two());
    let error = read(&[path("none.csv")]).unwrap_err();
    assert_eq!(error.code(), "ERR_IO");
    fs::write(path("e.csv"), "a,c\n1,2\n").unwrap();
    let error = read(&[path("e.csv")]).unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("its header must have 'b', got a, c"),
        "{error}"
    );
    fs::write(path("f.csv.gz"), &packed[..packed.len() - 9]).unwrap();
    let error = read(&[path("f.csv.gz")]).unwrap_err();
    assert_eq!(error.code(), "ERR_CORRUPT_FILE", "{error}");
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn columns_are_inferred() {
    let infer = |format: &TextFormat, text: &str| {
        let found = infer_sample("sample", text.as_bytes().to_vec(), format, 1000)?;
        let found = found
            .into_iter()
            .map(|column| (column.name, column.column_type));
        Ok::<_, ReadError>(found.collect::<Vec<_>>())
    };
    let named = |columns: &[(&str, ColumnType)]| {
        let columns = columns
            .iter()
            .map(|&(name, column_type)| (name.to_owned(), column_type));
        columns.collect::<Vec<_>>()
    };
    use ColumnType::{Bool, Date, F64, I64, Timestamp, U64, Utf8};
    assert_eq!(
        infer(
            &TextFormat::Ndjson,
            "nonsense\n{\"i\":1,\"f\":1,\"u\":1,\"b\":null,\"d\":\"2024-01-01\",\"t\":\"2024-01-01\",\"x\":1}\n\
             {\"i\":-2,\"f\":1.5,\"u\":18446744073709551615,\"b\":true,\"d\":null,\"t\":\"2024-01-01T00:00Z\",\
             \"x\":\"y\",\"o\":{\"a\":[1]},\"n\":null}\n{\"half\":1"
        )
        .unwrap(),
        named(&[
            ("i", I64), ("f", F64), ("u", F64), ("b", Bool), ("d", Date), ("t", Timestamp),
            ("x", Utf8), ("o", Utf8), ("n", Utf8),
        ])
    );
    assert_eq!(
        infer(&csv(), "i,u,f,b,d,t,z,n,q\n1,18446744073709551615,nan,true,2024-01-01,2024-01-01 10:00,007,,\"\"\n")
            .unwrap(),
        named(&[
            ("i", I64), ("u", U64), ("f", F64), ("b", Bool), ("d", Date), ("t", Timestamp),
            ("z", Utf8), ("n", Utf8), ("q", Utf8),
        ])
    );
    let plain = TextFormat::Csv {
        dialect: CsvDialect::default(),
        header: false,
    };
    assert_eq!(
        infer(&plain, "1,x\n2.5,y").unwrap(),
        named(&[("column1", F64), ("column2", Utf8)])
    );
    for text in ["", "\n\n", "nonsense"] {
        assert_eq!(
            infer(&TextFormat::Ndjson, text).unwrap_err().code(),
            "ERR_CORRUPT_FILE"
        );
    }
}

#[test]
fn many_strings_come_out_as_they_went_in() {
    let column = columns(&[("b", ColumnType::Utf8)]);
    let format = TextFormat::Csv {
        dialect: CsvDialect::default(),
        header: false,
    };
    // Repeated, ever new, and repeated again.
    let value = |row: usize| match row / 40_000 {
        0 => format!("k{}", row % 100),
        1 | 2 => format!("new {row}"),
        _ => format!("k{}", row % 1000),
    };
    let text: String = (0..200_000).map(|row| value(row) + "\n").collect();
    let (found, _) = read(
        options(format, &column, 8192),
        Wanted::Interned,
        &[text.as_bytes()],
    )
    .unwrap();
    assert_eq!(found.len(), 200_000);
    for (row, cells) in found.iter().enumerate() {
        assert_eq!(cells[0], Cell::Text(value(row)));
    }
}

proptest! {
    #[test]
    fn any_bytes_in_any_pieces(
        bytes in prop::collection::vec(prop_oneof![
            any::<u8>(),
            prop::sample::select(b"{}\":,\n\r\"ab1 \\".to_vec()),
        ], 0..200),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
        batch in 1_usize..5,
    ) {
        for format in [TextFormat::Ndjson, csv(), TextFormat::Csv { dialect: CsvDialect::default(), header: false }] {
            let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
            places.sort_unstable();
            let mut pieces = Vec::new();
            let mut from = 0;
            for place in places {
                pieces.push(&bytes[from..place]);
                from = place;
            }
            pieces.push(&bytes[from..]);
            let whole = read(options(format.clone(), &two(), 1000), Wanted::Plain, &[&bytes]);
            let parts = read(options(format, &two(), batch), Wanted::Interned, &pieces);
            prop_assert_eq!(whole, parts);
        }
    }
}
