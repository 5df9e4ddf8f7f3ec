//! The exported class that reads a Parquet file.

use millrace_core::batch::Batch;
use millrace_core::column_type::ColumnType;
use millrace_io::parquet::{ParquetBatches, ParquetFile};
use napi_derive::napi;
use serde_json::json;

use crate::failure::{Failure, Result, guard, read_error};

/// A Parquet file that `NativePlan.pushFrom` reads once, from its first row to its last.
#[napi]
pub struct NativeParquetReader {
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
            Ok(Self {
                file: Some(file),
                batches: None,
                batch: batch as usize,
            })
        })
    }

    /// JSON text: `[{"name", "type", "dictionary": bool}]`, as `columns` of an input.
    #[napi]
    pub fn schema(&self) -> Result<String> {
        let columns: Vec<_> = self
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
        Ok(self.file()?.rows() as f64)
    }

    /// Ends reading and frees what the reader holds.
    #[napi]
    pub fn close(&mut self) -> Result<()> {
        guard("close Parquet file", || {
            self.batches = None;
            self.file = None;
            Ok(())
        })
    }

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
