//! Parquet files, batch by batch.
//!
//! A file is decoded one row group after the other by a thread of its own, a few batches ahead of
//! their consumer and never more. Batches do not cross row groups, so that the dictionary of a
//! text column is decoded once for each row group and its ids are passed on as they are.

use std::fs::File;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use arrow_array::{ArrayRef, NullArray};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use millrace_core::batch::Batch;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};

use crate::column::FileColumn;
use crate::convert::{column_type, plan_column};
use crate::error::ReadError;
use crate::reading::guard;

/// Batches that are decoded ahead of their consumer.
const AHEAD: usize = 2;

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
            let schema = text_as_dictionaries(plain.schema());
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

    /// Begins reading: batches of up to `rows` rows, of the columns marked in `used`.
    ///
    /// # Errors
    /// [`ReadError::InvalidArgument`] if `rows` is 0 or `used` has not one mark for each column.
    pub fn read(&self, used: &[bool], rows: usize) -> Result<ParquetBatches, ReadError> {
        if rows == 0 {
            return Err(ReadError::InvalidArgument(
                "Cannot read Parquet: batch must be a positive integer, got 0".to_owned(),
            ));
        }
        if used.len() != self.columns.len() {
            return Err(ReadError::InvalidArgument(format!(
                "Cannot read Parquet: an input of this file must have {} columns, got {}",
                self.columns.len(),
                used.len()
            )));
        }
        let io = |error: std::io::Error| ReadError::Io {
            path: self.path.clone(),
            detail: error.to_string(),
        };
        let decoder = Decoder {
            path: self.path.clone(),
            file: self.file.try_clone().map_err(io)?,
            metadata: self.metadata.clone(),
            leaves: self.leaves.clone(),
            used: used.to_vec(),
            rows,
        };
        let (sender, receiver) = sync_channel(AHEAD);
        let thread = std::thread::Builder::new()
            .name("millrace-parquet".to_owned())
            .spawn(move || decoder.run(&sender))
            .map_err(io)?;
        Ok(ParquetBatches {
            receiver: Some(receiver),
            thread: Some(thread),
        })
    }
}

/// The batches of a file, decoded in the background. Dropping it ends the decoding.
#[derive(Debug)]
pub struct ParquetBatches {
    receiver: Option<Receiver<Result<Batch, ReadError>>>,
    thread: Option<JoinHandle<()>>,
}

impl ParquetBatches {
    /// The next batch, none at the end of the file. Waits for it to be decoded.
    ///
    /// # Errors
    /// [`ReadError::Corrupt`] or [`ReadError::Io`]; nothing comes after an error.
    pub fn next_batch(&mut self) -> Result<Option<Batch>, ReadError> {
        let next = self
            .receiver
            .as_ref()
            .and_then(|receiver| receiver.recv().ok());
        if !matches!(next, Some(Ok(_))) {
            self.stop();
        }
        next.transpose()
    }

    /// Ends the decoding and waits for its thread.
    fn stop(&mut self) {
        // Without a receiver the thread's next send fails, and it ends.
        self.receiver = None;
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was caught inside it, and sent as an error.
            let _ = thread.join();
        }
    }
}

impl Drop for ParquetBatches {
    fn drop(&mut self) {
        self.stop();
    }
}

/// What the decoding thread works on.
struct Decoder {
    path: String,
    file: File,
    metadata: ArrowReaderMetadata,
    leaves: Vec<usize>,
    used: Vec<bool>,
    rows: usize,
}

impl Decoder {
    fn run(self, sender: &SyncSender<Result<Batch, ReadError>>) {
        let result = guard(&self.path, || {
            for row_group in 0..self.metadata.metadata().num_row_groups() {
                if !self.row_group(row_group, sender)? {
                    break;
                }
            }
            Ok(())
        });
        if let Err(error) = result {
            // Nobody waits for the error where the consumer is gone.
            let _ = sender.send(Err(error));
        }
    }

    /// Decodes one row group; false when the consumer is gone.
    fn row_group(
        &self,
        row_group: usize,
        sender: &SyncSender<Result<Batch, ReadError>>,
    ) -> Result<bool, ReadError> {
        let file = self.file.try_clone().map_err(|error| ReadError::Io {
            path: self.path.clone(),
            detail: error.to_string(),
        })?;
        let roots: Vec<usize> = self
            .leaves
            .iter()
            .zip(&self.used)
            .filter(|(_, used)| **used)
            .map(|(&leaf, _)| leaf)
            .collect();
        let schema = self.metadata.metadata().file_metadata().schema_descr();
        let reader =
            ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.metadata.clone())
                .with_row_groups(vec![row_group])
                .with_projection(ProjectionMask::roots(schema, roots))
                .with_batch_size(self.rows)
                .build()
                .map_err(|error| corrupt(&self.path, &error))?;
        let unused: ArrayRef = Arc::new(NullArray::new(0));
        for batch in reader {
            let batch = batch.map_err(|error| corrupt(&self.path, &error))?;
            let mut decoded = batch.columns().iter();
            let columns = self
                .used
                .iter()
                .map(|&used| match decoded.next_if_used(used) {
                    Some(array) => plan_column(array).ok_or_else(|| {
                        corrupt(&self.path, &"a time is beyond the years 1677 to 2262")
                    }),
                    None => Ok(Arc::clone(&unused)),
                })
                .collect::<Result<Vec<_>, _>>()?;
            if sender
                .send(Ok(Batch {
                    rows: batch.num_rows(),
                    columns,
                }))
                .is_err()
            {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Takes the next item only where one is wanted.
trait NextIfUsed: Iterator {
    fn next_if_used(&mut self, used: bool) -> Option<Self::Item> {
        if used { self.next() } else { None }
    }
}

impl<I: Iterator> NextIfUsed for I {}

/// The schema with text columns as dictionaries with Int32 ids.
fn text_as_dictionaries(schema: &SchemaRef) -> SchemaRef {
    let fields: Vec<Field> = schema
        .fields()
        .iter()
        .map(|field| match field.data_type() {
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => {
                let ids = Box::new(DataType::Int32);
                let text = DataType::Dictionary(ids, Box::new(DataType::Utf8));
                field.as_ref().clone().with_data_type(text)
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
