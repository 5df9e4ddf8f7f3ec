//! Arrow IPC written here, read whole, in pieces, cut short and with bytes changed.

mod support;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use arrow_array::types::Int8Type;
use arrow_array::{
    Array, ArrayRef, Date64Array, DictionaryArray, DurationMillisecondArray, Float64Array,
    Int64Array, LargeStringArray, ListArray, RecordBatch, StringArray, StringViewArray,
    TimestampSecondArray,
};
use arrow_ipc::writer::{FileWriter, StreamWriter};
use arrow_schema::{DataType, Field};
use millrace_core::column_type::ColumnType;
use millrace_io::arrow::{arrow_columns, arrow_sample, read_arrow};
use millrace_io::{Bytes, FileColumn, Poll, ReadError, Signal, Wanted, feed};
use proptest::prelude::*;
use support::{Cell, columns, float, rows};

fn batch(from: i64) -> RecordBatch {
    let numbers = || (from..from + 5).map(Some);
    let texts = ["a", "b", "a", "", "é"];
    let keys: DictionaryArray<Int8Type> = texts.into_iter().map(Some).collect();
    let lists = ListArray::new_null(Arc::new(Field::new_list_field(DataType::Int8, true)), 5);
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("i", Arc::new(numbers().collect::<Int64Array>())),
        ("lists", Arc::new(lists)),
        (
            "f",
            Arc::new(
                (0..5)
                    .map(|n| (n != 2).then_some(0.5))
                    .collect::<Float64Array>(),
            ),
        ),
        ("t", Arc::new(StringArray::from(texts.to_vec()))),
        ("large", Arc::new(LargeStringArray::from(texts.to_vec()))),
        ("view", Arc::new(StringViewArray::from(texts.to_vec()))),
        ("key", Arc::new(keys)),
        ("at", Arc::new(numbers().collect::<TimestampSecondArray>())),
        (
            "day",
            Arc::new(
                numbers()
                    .map(|n| n.map(|n| n * 86_400_000))
                    .collect::<Date64Array>(),
            ),
        ),
        (
            "span",
            Arc::new(numbers().collect::<DurationMillisecondArray>()),
        ),
    ];
    RecordBatch::try_from_iter_with_nullable(
        columns.into_iter().map(|(name, array)| (name, array, true)),
    )
    .unwrap()
}

fn bytes(is_file: bool) -> Vec<u8> {
    let batches = [batch(0), batch(5)];
    let schema = batches[0].schema();
    if is_file {
        let mut writer = FileWriter::try_new(Vec::new(), &schema).unwrap();
        batches
            .iter()
            .for_each(|batch| writer.write(batch).unwrap());
        writer.finish().unwrap();
        writer.into_inner().unwrap()
    } else {
        let mut writer = StreamWriter::try_new(Vec::new(), &schema).unwrap();
        batches
            .iter()
            .for_each(|batch| writer.write(batch).unwrap());
        writer.finish().unwrap();
        writer.into_inner().unwrap()
    }
}

fn read(pieces: &[&[u8]], wanted: Wanted) -> Result<Vec<Vec<Cell>>, ReadError> {
    let columns = arrow_sample("stream", pieces.concat())?;
    let (mut feed, fed) = feed("stream");
    pieces.iter().for_each(|piece| feed.push(piece.to_vec()));
    feed.end();
    read_all(Bytes::Fed(fed), columns, wanted)
}

fn read_file(path: &str, wanted: Wanted) -> Result<Vec<Vec<Cell>>, ReadError> {
    let columns = arrow_columns(path)?;
    read_all(Bytes::Files(vec![path.to_owned()]), columns, wanted)
}

fn read_all(
    bytes: Bytes,
    columns: Vec<FileColumn>,
    wanted: Wanted,
) -> Result<Vec<Vec<Cell>>, ReadError> {
    let wanted = vec![wanted; columns.len()];
    let mut reading = read_arrow(bytes, columns, &wanted, 3, Signal::new(|| {}))?;
    let mut batches = Vec::new();
    loop {
        match reading.poll(Duration::from_secs(5))? {
            Poll::Ready(decoded) => batches.push(decoded.batch),
            Poll::End => break,
            Poll::Pending => {}
        }
    }
    assert!(batches.iter().all(|batch| batch.rows <= 3));
    if wanted.contains(&Wanted::Plain) {
        let is_plain = |array: &ArrayRef| {
            !matches!(
                array.data_type(),
                DataType::Dictionary(..) | DataType::LargeUtf8
            )
        };
        assert!(
            batches
                .iter()
                .flat_map(|batch| &batch.columns)
                .all(is_plain)
        );
        return Ok(rows(&batches));
    }
    Ok(Vec::new())
}

#[test]
fn files_and_streams_are_read_in_any_pieces() {
    use ColumnType::{Date, Duration, F64, I64, Timestamp, Utf8};
    for is_file in [true, false] {
        let bytes = bytes(is_file);
        assert_eq!(
            arrow_sample("stream", bytes.clone()).unwrap(),
            columns(&[
                ("i", I64),
                ("f", F64),
                ("t", Utf8),
                ("large", Utf8),
                ("view", Utf8),
                ("key", Utf8),
                ("at", Timestamp),
                ("day", Date),
                ("span", Duration),
            ])
        );
        let whole = read(&[&bytes], Wanted::Plain).unwrap();
        assert_eq!(whole.len(), 10);
        for (row, cells) in (0_i128..).zip(&whole) {
            let place = usize::try_from(row % 5).unwrap();
            let text = Cell::Text(["a", "b", "a", "", "é"][place].to_owned());
            let half = if place == 2 { Cell::Null } else { float(0.5) };
            let mut expected = vec![Cell::Integer(row), half];
            expected.extend(vec![text; 4]);
            expected.extend([row * 1_000_000_000, row, row * 1_000_000].map(Cell::Integer));
            assert_eq!(cells, &expected);
        }
        for size in [1, 13, 1000] {
            let pieces: Vec<&[u8]> = bytes.chunks(size).collect();
            assert_eq!(read(&pieces, Wanted::Plain).unwrap(), whole);
        }
        read(&[&bytes], Wanted::Interned).unwrap();
    }
}

/// A file that is gone with its value.
struct Scratch(PathBuf);

impl Scratch {
    fn new(bytes: &[u8]) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("millrace-{}-{count}.arrow", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, bytes).unwrap();
        Self(path)
    }

    fn path(&self) -> String {
        self.0.to_str().unwrap().to_owned()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// `{ price: [1, 2, 3], symbol: ['A', 'B', 'A'] }`, written by `tableToIPC(table, 'file')` of apache-arrow
/// 21: the schema is in the footer only.
const JAVASCRIPT: &[u8] = include_bytes!("data/javascript.arrow");

#[test]
fn files_with_their_schema_at_the_end_are_read() {
    let file = Scratch::new(JAVASCRIPT);
    let rows = read_file(&file.path(), Wanted::Plain).unwrap();
    let expected = [(1.0, "A"), (2.0, "B"), (3.0, "A")]
        .map(|(price, symbol)| vec![float(price), Cell::Text(symbol.to_owned())]);
    assert_eq!(rows, expected);
    let error = read(&[JAVASCRIPT], Wanted::Plain).unwrap_err();
    assert!(
        error.to_string().contains("its schema is at its end"),
        "{error}"
    );
}

#[test]
fn what_is_no_arrow_is_refused() {
    for bytes in [
        &b""[..],
        b"text",
        b"ARROW1\0\0",
        b"\xff\xff\xff\xff\xff\xff\xff\x7f",
        b"\xff\xff\xff\xff\x10\0\0\0",
    ] {
        let error = read(&[bytes], Wanted::Plain).unwrap_err();
        assert_eq!(error.code(), "ERR_CORRUPT_FILE", "{error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn damage_never_panics(
        is_file: bool,
        flips in prop::collection::vec((any::<prop::sample::Index>(), 1..=255_u8), 0..4),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = bytes(is_file);
        for (at, mask) in flips {
            let at = at.index(bytes.len());
            bytes[at] ^= mask;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        for wanted in [Wanted::Plain, Wanted::Interned] {
            if let Err(error) = read(&[&bytes], wanted) {
                prop_assert!(error.to_string().starts_with("Cannot read stream: "), "{}", error);
            }
        }
    }

    #[test]
    fn damage_of_files_never_panics(
        flips in prop::collection::vec((any::<prop::sample::Index>(), 1..=255_u8), 0..4),
        cut in prop::option::weighted(0.3, any::<prop::sample::Index>()),
    ) {
        let mut bytes = JAVASCRIPT.to_vec();
        for (at, mask) in flips {
            let at = at.index(bytes.len());
            bytes[at] ^= mask;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let file = Scratch::new(&bytes);
        for wanted in [Wanted::Plain, Wanted::Interned] {
            if let Err(error) = read_file(&file.path(), wanted) {
                prop_assert!(error.to_string().starts_with("Cannot "), "{}", error);
            }
        }
    }
}
