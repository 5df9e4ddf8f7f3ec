//! Parquet files written here, read whole, cut short and with bytes changed.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int32Type, TimestampNanosecondType};
use arrow_array::{
    ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use millrace_core::batch::Batch;
use millrace_core::column_type::ColumnType;
use millrace_io::parquet::{ParquetFile, read_parquet};
use millrace_io::{Poll, ReadError, Reading, Signal, Wanted};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use proptest::prelude::*;

const ROWS: usize = 1000;

fn path(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("millrace-{}-{name}.parquet", std::process::id()))
}

/// A file of 1000 rows in row groups of 300.
fn file_bytes() -> Vec<u8> {
    let rows = i64::try_from(ROWS).unwrap();
    let text: StringArray = (0..rows)
        .map(|row| Some(format!("k{}", row * row % 17)))
        .collect();
    let value: Float64Array = (0..rows)
        .map(|row| (row % 7 != 3).then_some(f64::from(i32::try_from(row).unwrap())))
        .collect();
    let at: TimestampMicrosecondArray = (0..rows).map(|row| Some(row * 1000)).collect();
    let count: Int64Array = (0..rows).collect();
    let flag: BooleanArray = (0..rows).map(|row| Some(row % 3 == 0)).collect();
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("text", Arc::new(text)),
        ("value", Arc::new(value)),
        ("at", Arc::new(at)),
        ("count", Arc::new(count)),
        ("flag", Arc::new(flag)),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let properties = WriterProperties::builder()
        .set_max_row_group_row_count(Some(300))
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .build();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap()
}

fn begin(path: &str, wanted: &[Wanted], rows: usize) -> Result<Reading, ReadError> {
    let columns = ParquetFile::open(path)?.columns().to_vec();
    read_parquet(
        vec![path.to_owned()],
        columns,
        wanted,
        rows,
        Signal::new(|| {}),
    )
}

fn next_batch(reading: &mut Reading) -> Result<Option<Batch>, ReadError> {
    loop {
        match reading.poll(Duration::from_secs(1))? {
            Poll::Ready(decoded) => return Ok(Some(decoded.batch)),
            Poll::End => return Ok(None),
            Poll::Pending => {}
        }
    }
}

fn read_all(path: &str, rows: usize) -> Result<Vec<Batch>, ReadError> {
    let columns = ParquetFile::open(path)?.columns().len();
    let mut reading = begin(path, &vec![Wanted::Interned; columns], rows)?;
    let mut all = Vec::new();
    while let Some(batch) = next_batch(&mut reading)? {
        all.push(batch);
    }
    Ok(all)
}

#[test]
fn a_file_is_read_batch_by_batch() {
    let path = path("whole");
    fs::write(&path, file_bytes()).unwrap();
    let name = path.to_str().unwrap();
    let file = ParquetFile::open(name).unwrap();
    assert_eq!(file.rows(), 1000);
    let types: Vec<_> = file
        .columns()
        .iter()
        .map(|column| column.column_type)
        .collect();
    use ColumnType::{Bool, F64, I64, Timestamp, Utf8};
    assert_eq!(types, [Utf8, F64, Timestamp, I64, Bool]);
    let batches = read_all(name, 128).unwrap();
    assert_eq!(batches.iter().map(|batch| batch.rows).sum::<usize>(), ROWS);
    assert!(batches.iter().all(|batch| batch.rows <= 128));
    let mut row = 0_i64;
    for batch in &batches {
        let text = batch.columns[0].as_dictionary::<Int32Type>();
        let strings = text.values().as_string::<i32>();
        let at = batch.columns[2].as_primitive::<TimestampNanosecondType>();
        let value = batch.columns[1].as_primitive::<Float64Type>();
        for index in 0..batch.rows {
            let id = usize::try_from(text.keys().value(index)).unwrap();
            assert_eq!(strings.value(id), format!("k{}", row * row % 17));
            assert_eq!(at.value(index), row * 1_000_000);
            assert_eq!(value.iter().nth(index).unwrap().is_none(), row % 7 == 3);
            row += 1;
        }
    }
    fs::remove_file(&path).unwrap();
}

#[test]
fn only_columns_that_are_used_are_decoded() {
    let path = path("projected");
    fs::write(&path, file_bytes()).unwrap();
    use Wanted::{Plain, Unused};
    let wanted = [Unused, Unused, Unused, Plain, Unused];
    let mut reading = begin(path.to_str().unwrap(), &wanted, 1000).unwrap();
    let batch = next_batch(&mut reading).unwrap().unwrap();
    let lengths: Vec<_> = batch.columns.iter().map(|column| column.len()).collect();
    assert_eq!((batch.rows, lengths), (300, vec![0, 0, 0, 300, 0]));
    // Left unread: dropping it ends the decoding.
    drop(reading);
    fs::remove_file(&path).unwrap();
}

#[test]
fn what_is_no_parquet_file_is_refused() {
    let error = ParquetFile::open("/no/such/file.parquet").unwrap_err();
    assert_eq!(error.code(), "ERR_IO");
    assert!(
        error
            .to_string()
            .starts_with("Cannot read /no/such/file.parquet: "),
        "{error}"
    );
    for (name, bytes) in [
        ("empty", &b""[..]),
        ("text", b"not a parquet file at all"),
        ("magic", b"PAR1PAR1"),
    ] {
        let path = path(name);
        fs::write(&path, bytes).unwrap();
        let error = ParquetFile::open(path.to_str().unwrap()).unwrap_err();
        assert_eq!(error.code(), "ERR_CORRUPT_FILE", "{name}");
        fs::remove_file(&path).unwrap();
    }
    let path = path("arguments");
    fs::write(&path, file_bytes()).unwrap();
    let name = path.to_str().unwrap();
    for error in [
        begin(name, &[Wanted::Plain; 5], 0).unwrap_err(),
        begin(name, &[Wanted::Plain], 10).unwrap_err(),
    ] {
        assert_eq!(error.code(), "ERR_INVALID_ARGUMENT");
    }
    fs::remove_file(&path).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn damage_never_panics(cut in 0.0..1.0_f64, flips in prop::collection::vec((0.0..1.0_f64, 1..=255_u8), 0..4), truncate in any::<bool>()) {
        let mut bytes = file_bytes();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a place in a short list")]
        let place = |part: f64, length: usize| (length as f64 * part) as usize;
        let length = bytes.len();
        for (at, mask) in flips {
            bytes[place(at, length)] ^= mask;
        }
        if truncate {
            bytes.truncate(place(cut, length));
        }
        let path = path("damaged");
        fs::write(&path, &bytes).unwrap();
        // A change may hit a value and leave the file valid: an error or rows, but no panic.
        match read_all(path.to_str().unwrap(), 256) {
            Ok(batches) => prop_assert!(batches.iter().all(|batch| batch.columns.len() <= 5)),
            Err(error) => prop_assert!(error.to_string().starts_with("Cannot read ")),
        }
        if truncate {
            prop_assert!(read_all(path.to_str().unwrap(), 256).is_err());
        }
    }
}
