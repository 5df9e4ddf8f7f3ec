//! The exported class that reads a Parquet file.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use millrace_core::batch::Batch;
use millrace_core::column_type::ColumnType;
use millrace_io::parquet::{ParquetBatches, ParquetFile};
use napi_derive::napi;
use serde_json::json;

use crate::failure::{Failure, Result, guard, read_error};

/// A Parquet file that `NativePlan.pushFrom` reads once, from its first row to its last.
#[napi]
pub struct NativeParquetReader {
    /// Shared with the thread of a plan, which reads on as it is told to.
    reader: Arc<Mutex<Reader>>,
}

/// A file and how far it has been read.
#[derive(Debug)]
pub(crate) struct Reader {
    file: Option<ParquetFile>,
    batches: Option<ParquetBatches>,
    batch: usize,
}

#[napi]
impl NativeParquetReader {
    /// Opens the file and reads its schema; batches hold up to `batch` rows.
    #[napi(constructor)]
    pub fn new(path: String, batch: u32) -> Result<Self> {
        guard("open Parquet file", || {
            let file = ParquetFile::open(&path).map_err(read_error)?;
            let reader = Reader {
                file: Some(file),
                batches: None,
                batch: batch as usize,
            };
            Ok(Self {
                reader: Arc::new(Mutex::new(reader)),
            })
        })
    }

    /// JSON text: `[{"name", "type", "dictionary": bool}]`, as `columns` of an input.
    #[napi]
    pub fn schema(&self) -> Result<String> {
        let reader = self.lock();
        let columns: Vec<_> = reader
            .file()?
            .columns()
            .iter()
            .map(|column| {
                json!({
                    "name": column.name,
                    "type": column.column_type.name(),
                    "dictionary": column.column_type == ColumnType::Utf8,
                })
            })
            .collect();
        Ok(json!(columns).to_string())
    }

    /// Rows in the file.
    #[napi(getter)]
    pub fn num_rows(&self) -> Result<f64> {
        #[expect(
            clippy::cast_precision_loss,
            reason = "files hold fewer than 2^53 rows"
        )]
        Ok(self.lock().file()?.rows() as f64)
    }

    /// Ends reading and frees what the reader holds.
    #[napi]
    pub fn close(&mut self) -> Result<()> {
        guard("close Parquet file", || {
            let mut reader = self.lock();
            reader.batches = None;
            reader.file = None;
            Ok(())
        })
    }

    /// The next batch, as [`Reader::next_batch`].
    pub(crate) fn next_batch(&mut self, used: &[bool]) -> Result<Option<Batch>> {
        self.lock().next_batch(used)
    }

    /// For a thread to read from.
    pub(crate) fn share(&self) -> Arc<Mutex<Reader>> {
        Arc::clone(&self.reader)
    }

    fn lock(&self) -> MutexGuard<'_, Reader> {
        self.reader.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reader {
    fn file(&self) -> Result<&ParquetFile> {
        self.file.as_ref().ok_or_else(|| {
            Failure::new(
                "ERR_CLOSED",
                "Cannot read Parquet file: it is closed".to_owned(),
            )
        })
    }

    /// The next batch of the columns marked in `used`, which the first call fixes.
    pub(crate) fn next_batch(&mut self, used: &[bool]) -> Result<Option<Batch>> {
        if self.batches.is_none() {
            let batches = self.file()?.read(used, self.batch).map_err(read_error)?;
            self.batches = Some(batches);
        }
        match &mut self.batches {
            Some(batches) => batches.next_batch().map_err(read_error),
            None => Ok(None),
        }
    }
}
