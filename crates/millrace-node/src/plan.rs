//! The exported class that owns one compiled plan.

use napi::bindgen_prelude::{Array, TypedArray, Uint8Array};
use napi_derive::napi;

use crate::failure::{Result, guard};
use crate::parquet_reader::NativeParquetReader;

/// Memory of the caller that results are written to. Never absent: the type is how a borrowed
/// mutable array is taken without unsafe code.
type Numbers<'a> = Option<&'a mut [f64]>;
type Bytes<'a> = Option<&'a mut [u8]>;

/// One compiled plan: all columns that are connected with each other.
///
/// A call that yields results writes them to the memory passed in and returns how many emissions
/// there are, in order. Where that memory is too small it returns −1 and holds the results:
/// `control[0]` is the number of slab bytes and `control[1]` the length of control that `take`
/// needs, which must come next.
///
/// `control` after a call that returned n ≥ 0:
/// - `[0]` first free byte of the slab, a multiple of 8
/// - `[1]` rows read (`pushFrom` only; 0 at the end of the file)
/// - `[2]` number of dictionary records, which start at 4, six numbers each: dictionary, id of
///   the first new string, how many, byte offset of their Int32 offsets (one more than strings),
///   byte offset and length of their UTF-8 text
/// - `[3]` index of the first emission record: sink (its index in `describe().sinks`), rows,
///   then four numbers for each column:
///   - a column: byte offset of the values, byte offset of the validity bitmap or −1, number of
///     missing values, byte offset of the text. Values of `bool` are a bitmap; of `utf8` with a
///     dictionary Int32 ids; of other `utf8` Int32 offsets into the text, one more than rows;
///     of i64, u64 and timestamp 64-bit integers.
///   - a scalar (kind `scalar`): the number, 0 where it is missing else 1, 0, 0. An integer
///     beyond ±2^53 has 2 in the second place, and its 8 bytes lie at the offset in the first.
///     utf8 is written as a column of one row.
#[napi]
pub struct NativePlan {}

#[napi]
impl NativePlan {
    /// Compiles the plan written as JSON text.
    #[napi(constructor)]
    pub fn new(spec: String) -> Result<Self> {
        let _ = spec;
        Ok(Self {})
    }

    /// JSON text: `{"inputs": [{"name", "columns": [{"name", "type", "dictionary": id|null,
    /// "used": bool}]}], "sinks": [{"node", "kind": "scalar"|"series"|"frame"|"table",
    /// "columns": [{"name", "type", "dictionary": id|null}]}]}`.
    #[napi]
    pub fn describe(&self) -> Result<String> {
        guard("describe plan", || Ok(String::new()))
    }

    /// Runs one batch through the plan.
    ///
    /// `buffers` lists for each column of the input, in order: values and validity bitmap; for
    /// `utf8` Int32 offsets (rows + 1), UTF-8 text and validity; for `utf8` with a dictionary
    /// Int32 ids, Int32 offsets of the strings that are new (one more than strings), their text,
    /// and validity. Null stands for no missing values, no new strings, and every buffer of a
    /// column that the plan does not use. Values of `bool` are a bitmap. Values of i64, u64 and
    /// timestamp may be a Float64Array: whole numbers, for a timestamp milliseconds.
    #[napi(ts_args_type = "input: number, rows: number, buffers: ReadonlyArray<TypedArray | null>, control: Float64Array, slab: Uint8Array, offset: number")]
    pub fn push(
        &mut self,
        input: u32,
        rows: u32,
        buffers: Array<'_>,
        control: Numbers<'_>,
        slab: Bytes<'_>,
        offset: u32,
    ) -> Result<i32> {
        let _ = (input, rows, buffers, control, slab, offset);
        Ok(0)
    }

    /// `push` of an input that is one f64 column without missing values.
    #[napi(ts_args_type = "input: number, values: Float64Array, control: Float64Array, slab: Uint8Array, offset: number")]
    pub fn push_f64(
        &mut self,
        input: u32,
        values: TypedArray<'_>,
        control: Numbers<'_>,
        slab: Bytes<'_>,
        offset: u32,
    ) -> Result<i32> {
        let _ = (input, values, control, slab, offset);
        Ok(0)
    }

    /// Reads the next batch of the file, of the columns that the plan uses, and runs it.
    #[napi(ts_args_type = "input: number, reader: NativeParquetReader, control: Float64Array, slab: Uint8Array, offset: number")]
    pub fn push_from(
        &mut self,
        input: u32,
        reader: &mut NativeParquetReader,
        control: Numbers<'_>,
        slab: Bytes<'_>,
        offset: u32,
    ) -> Result<i32> {
        let _ = (input, reader, control, slab, offset);
        Ok(0)
    }

    /// Ends the input: closes open partitions.
    #[napi(ts_args_type = "control: Float64Array, slab: Uint8Array, offset: number")]
    pub fn flush(&mut self, control: Numbers<'_>, slab: Bytes<'_>, offset: u32) -> Result<i32> {
        let _ = (control, slab, offset);
        Ok(0)
    }

    /// Writes the results that did not fit.
    #[napi(ts_args_type = "control: Float64Array, slab: Uint8Array, offset: number")]
    pub fn take(&mut self, control: Numbers<'_>, slab: Bytes<'_>, offset: u32) -> Result<i32> {
        let _ = (control, slab, offset);
        Ok(0)
    }

    /// The state of every node, as bytes that `restore` takes.
    #[napi]
    pub fn snapshot(&self) -> Result<Uint8Array> {
        Ok(Vec::new().into())
    }

    /// Puts back the state of a plan of the same spec.
    #[napi]
    pub fn restore(&mut self, snapshot: &[u8]) -> Result<()> {
        let _ = snapshot;
        Ok(())
    }

    /// JSON text: `{"lateRows": number}`.
    #[napi]
    pub fn stats(&self) -> Result<String> {
        Ok(String::new())
    }
}
