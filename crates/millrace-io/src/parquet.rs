//! Parquet files, batch by batch.
//!
//! A file is decoded one row group after the other by a thread of its own, a few batches ahead of
//! their consumer and never more. Batches do not cross row groups, so that the dictionary of a
//! text column is decoded once for each row group and its ids are passed on as they are.

use std::collections::VecDeque;
use std::fs::File;
use std::sync::Arc;

use arrow_array::{ArrayRef, NullArray};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use millrace_core::batch::Batch;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
    ParquetRecordBatchReaderBuilder,
};

use crate::column::{FileColumn, Wanted};
use crate::convert::{column_type, plan_column, text_column};
use crate::error::ReadError;
use crate::reading::{Decode, Decoded, Decoder, Reading, Signal, guard};
use crate::text::check_wanted;

/// An open Parquet file whose schema is known.
#[derive(Debug)]
pub struct ParquetFile {
    path: String,
    file: File,
    metadata: ArrowReaderMetadata,
    columns: Vec<FileColumn>,
    /// For each column its index in the file.
    leaves: Vec<usize>,
}

impl ParquetFile {
    /// Opens a file and reads its schema. Columns of types that plans have not are left out.
    ///
    /// # Errors
    /// [`ReadError::Io`] if there is no such file, [`ReadError::Corrupt`] if it is no Parquet file.
    pub fn open(path: &str) -> Result<Self, ReadError> {
        guard(path, || {
            let file = File::open(path).map_err(|error| ReadError::Io {
                path: path.to_owned(),
                detail: error.to_string(),
            })?;
            let load = |options| {
                ArrowReaderMetadata::load(&file, options).map_err(|error| corrupt(path, &error))
            };
            let plain = load(ArrowReaderOptions::new().with_skip_arrow_metadata(true))?;
            // Parquet has no durations: only the schema of the writer says which integers are some.
            let written = load(ArrowReaderOptions::new()).ok();
            let written = written.as_ref().map(ArrowReaderMetadata::schema);
            let schema = wanted_schema(plain.schema(), written);
            let metadata = load(
                ArrowReaderOptions::new()
                    .with_skip_arrow_metadata(true)
                    .with_schema(schema),
            )
            .unwrap_or(plain);
            let (leaves, columns) = metadata
                .schema()
                .fields()
                .iter()
                .enumerate()
                .filter_map(|(index, field)| {
                    let column_type = column_type(field.data_type())?;
                    Some((
                        index,
                        FileColumn {
                            name: field.name().clone(),
                            column_type,
                        },
                    ))
                })
                .unzip();
            Ok(Self {
                path: path.to_owned(),
                file,
                metadata,
                columns,
                leaves,
            })
        })
    }

    /// The columns, in the order of the file.
    #[must_use]
    pub fn columns(&self) -> &[FileColumn] {
        &self.columns
    }

    /// Rows in the file, as its footer says.
    #[must_use]
    pub fn rows(&self) -> u64 {
        u64::try_from(self.metadata.metadata().file_metadata().num_rows()).unwrap_or(0)
    }
}

/// Begins reading files of these columns, one after the other: batches of up to `rows` rows.
///
/// # Errors
/// [`ReadError::InvalidArgument`] if `rows` is 0 or there is not one `wanted` for each column. What goes
/// wrong later comes in the place of a batch.
pub fn read_parquet(
    files: Vec<String>,
    columns: Vec<FileColumn>,
    wanted: &[Wanted],
    rows: usize,
    signal: Signal,
) -> Result<Reading, ReadError> {
    Reading::begin(parquet_decoder(files, columns, wanted, rows)?, signal)
}

/// What reads files as [`read_parquet`] does.
///
/// # Errors
/// Those of [`read_parquet`].
pub fn parquet_decoder(
    files: Vec<String>,
    columns: Vec<FileColumn>,
    wanted: &[Wanted],
    rows: usize,
) -> Result<Decoder, ReadError> {
    if rows == 0 {
        return Err(ReadError::InvalidArgument(
            "Cannot read Parquet: batch must be a positive integer, got 0".to_owned(),
        ));
    }
    check_wanted(&columns, wanted)?;
    Ok(Decoder::new(ParquetReader {
        name: files.first().cloned().unwrap_or_default(),
        files: files.into(),
        columns,
        wanted: wanted.to_vec(),
        rows,
        open: None,
    }))
}

struct ParquetReader {
    name: String,
    files: VecDeque<String>,
    columns: Vec<FileColumn>,
    wanted: Vec<Wanted>,
    rows: usize,
    open: Option<OpenFile>,
}

/// A file that is being read, row group by row group.
struct OpenFile {
    file: ParquetFile,
    /// For each column the index of the decoded one; none where it is not used.
    places: Vec<Option<usize>>,
    mask: ProjectionMask,
    row_group: usize,
    batches: Option<ParquetRecordBatchReader>,
}

impl Decode for ParquetReader {
    fn next(&mut self) -> Result<Option<Decoded>, ReadError> {
        loop {
            let Some(open) = &mut self.open else {
                let Some(path) = self.files.pop_front() else {
                    return Ok(None);
                };
                self.open = Some(OpenFile::new(&path, &self.columns, &self.wanted)?);
                continue;
            };
            match open.next_batch(&self.wanted, self.rows)? {
                Some(batch) => {
                    let refused = Vec::new();
                    return Ok(Some(Decoded { batch, refused }));
                }
                None => self.open = None,
            }
        }
    }

    fn name(&self) -> String {
        self.name.clone()
    }
}

impl OpenFile {
    fn new(path: &str, columns: &[FileColumn], wanted: &[Wanted]) -> Result<Self, ReadError> {
        let file = ParquetFile::open(path)?;
        let mut roots = Vec::new();
        for (column, &wanted) in columns.iter().zip(wanted) {
            let found = file.columns.iter().position(|other| other == column);
            let Some(found) = found else {
                let (name, column_type) = (&column.name, column.column_type);
                let detail = format!("it must have a column '{name}' of type {column_type}");
                return Err(corrupt(path, &detail));
            };
            roots.push((wanted != Wanted::Unused).then(|| file.leaves[found]));
        }
        // The decoder yields the columns in the order of the file.
        let mut leaves: Vec<usize> = roots.iter().flatten().copied().collect();
        leaves.sort_unstable();
        let places = roots
            .iter()
            .map(|root| root.and_then(|root| leaves.binary_search(&root).ok()))
            .collect();
        let schema = file.metadata.metadata().file_metadata().schema_descr();
        let mask = ProjectionMask::roots(schema, leaves);
        Ok(Self {
            file,
            places,
            mask,
            row_group: 0,
            batches: None,
        })
    }

    fn next_batch(&mut self, wanted: &[Wanted], rows: usize) -> Result<Option<Batch>, ReadError> {
        let path = &self.file.path;
        loop {
            let Some(batches) = &mut self.batches else {
                if self.row_group == self.file.metadata.metadata().num_row_groups() {
                    return Ok(None);
                }
                let file = self.file.file.try_clone();
                let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(
                    file.map_err(|error| ReadError::io(path, &error))?,
                    self.file.metadata.clone(),
                )
                .with_row_groups(vec![self.row_group])
                .with_projection(self.mask.clone())
                .with_batch_size(rows)
                .build();
                self.batches = Some(reader.map_err(|error| corrupt(path, &error))?);
                self.row_group += 1;
                continue;
            };
            let Some(batch) = batches.next() else {
                self.batches = None;
                continue;
            };
            let batch = batch.map_err(|error| corrupt(path, &error))?;
            let unused: ArrayRef = Arc::new(NullArray::new(0));
            let columns = self
                .places
                .iter()
                .zip(wanted)
                .map(|(place, &wanted)| match place {
                    Some(place) => plan_column(batch.column(*place))
                        .and_then(|array| text_column(array, wanted))
                        .ok_or_else(|| corrupt(path, &"a time is beyond the years 1677 to 2262")),
                    None => Ok(Arc::clone(&unused)),
                })
                .collect::<Result<Vec<_>, _>>()?;
            return Ok(Some(Batch {
                rows: batch.num_rows(),
                columns,
            }));
        }
    }
}

/// The schema with text columns as dictionaries with Int32 ids, and with the durations of its writer.
fn wanted_schema(schema: &SchemaRef, written: Option<&SchemaRef>) -> SchemaRef {
    let fields: Vec<Field> = schema
        .fields()
        .iter()
        .map(|field| match field.data_type() {
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => {
                let ids = Box::new(DataType::Int32);
                let text = DataType::Dictionary(ids, Box::new(DataType::Utf8));
                field.as_ref().clone().with_data_type(text)
            }
            DataType::Int64 => {
                let known = written.and_then(|schema| schema.field_with_name(field.name()).ok());
                match known.map(Field::data_type) {
                    Some(unit @ DataType::Duration(_)) => {
                        field.as_ref().clone().with_data_type(unit.clone())
                    }
                    _ => field.as_ref().clone(),
                }
            }
            _ => field.as_ref().clone(),
        })
        .collect();
    Arc::new(Schema::new(fields))
}

fn corrupt(path: &str, detail: &dyn std::fmt::Display) -> ReadError {
    ReadError::Corrupt {
        path: path.to_owned(),
        format: "Parquet",
        detail: detail.to_string(),
    }
}
