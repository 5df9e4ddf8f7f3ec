//! Rows by the values of columns.

use std::collections::BTreeMap;
use std::fmt::Write;

use arrow_array::RecordBatch;
use arrow_schema::ArrowError;
use millrace_core::take::take;

use crate::error::ReadError;
use crate::write::text::{Shape, write_value};

/// What stands for a missing value in the name of a folder, as in Hive.
const MISSING: &str = "__HIVE_DEFAULT_PARTITION__";

/// The rows of each folder `a=1/b=x`, in their order.
pub(crate) fn partitions(
    batch: &RecordBatch,
    keys: &[usize],
) -> Result<Vec<(String, RecordBatch)>, ReadError> {
    if keys.is_empty() {
        return Ok(vec![(String::new(), batch.clone())]);
    }
    let mut rows: BTreeMap<String, Vec<u32>> = BTreeMap::new();
    let schema = batch.schema();
    let mut folder = String::new();
    let mut value = String::new();
    for row in 0..batch.num_rows() {
        folder.clear();
        for &key in keys {
            if !folder.is_empty() {
                folder.push('/');
            }
            escape(schema.field(key).name(), &mut folder);
            folder.push('=');
            value.clear();
            match write_value(batch.column(key), row, &mut value) {
                Shape::Missing => folder.push_str(MISSING),
                _ if value.is_empty() => folder.push_str(MISSING),
                _ => escape(&value, &mut folder),
            }
        }
        let row = u32::try_from(row).unwrap_or(u32::MAX);
        match rows.get_mut(&folder) {
            Some(rows) => rows.push(row),
            None => {
                rows.insert(folder.clone(), vec![row]);
            }
        }
    }
    rows.into_iter()
        .map(|(folder, rows)| {
            let part = rows_of(batch, &rows).map_err(|error| {
                ReadError::InvalidArgument(format!("Cannot write files: {error}"))
            })?;
            Ok((folder, part))
        })
        .collect()
}

fn rows_of(batch: &RecordBatch, rows: &[u32]) -> Result<RecordBatch, ArrowError> {
    let columns = batch.columns().iter();
    let columns = columns.map(|column| take(column, rows, None));
    RecordBatch::try_new(batch.schema(), columns.collect::<Result<_, _>>()?)
}

/// Appends text as part of a file's name on any system: everything but letters, digits and a few signs
/// as `%2F`. It never is a way out of the folder.
fn escape(text: &str, out: &mut String) {
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b' ' | b'+' => {
                out.push(byte.into())
            }
            b'.' if !out.ends_with(['=', '/']) => out.push('.'),
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
}
