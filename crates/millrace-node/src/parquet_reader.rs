//! The exported class that reads a Parquet file.

use napi_derive::napi;

use crate::failure::Result;

/// A Parquet file that `NativePlan.pushFrom` reads once, from its first row to its last.
#[napi]
pub struct NativeParquetReader {}

#[napi]
impl NativeParquetReader {
    /// Opens the file and reads its schema; batches hold up to `batch` rows.
    #[napi(constructor)]
    pub fn new(path: String, batch: u32) -> Result<Self> {
        let _ = (path, batch);
        Ok(Self {})
    }

    /// JSON text: `[{"name", "type", "dictionary": bool}]`, as `columns` of an input.
    #[napi]
    pub fn schema(&self) -> Result<String> {
        Ok(String::new())
    }

    /// Rows in the file.
    #[napi(getter)]
    pub fn num_rows(&self) -> Result<f64> {
        Ok(0.0)
    }

    /// Ends reading and frees what the reader holds.
    #[napi]
    pub fn close(&mut self) -> Result<()> {
        Ok(())
    }
}
