//! The exported class that reads files and streams of bytes.

use std::time::Duration;

use millrace_core::batch::Batch;
use millrace_core::column_type::ColumnType;
use millrace_io::parquet::{ParquetFile, parquet_decoder};
use millrace_io::partitioned::{PartitionFile, partitioned};
use millrace_io::text::{
    CsvDialect, TextFormat, TextOptions, infer_sample, infer_text, text_decoder,
};
use millrace_io::{
    Bytes, Decoder, Fed, Feed, FileColumn, Poll, ReadError, Reading, Refused, Signal, Wanted,
    arrow, feed,
};
use napi::bindgen_prelude::{Function, Status};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi_derive::napi;
use serde_json::{Value, json};

use crate::failure::{Failure, Result, guard, read_error};
use crate::rows::NativeRows;

/// What `poll` gives where there is no batch yet, and after the last one.
const PENDING: f64 = -1.0;
const END: f64 = -2.0;
/// Bytes that are fed in before whoever feeds them is to wait.
const HELD: usize = 4 << 20;

/// Files, or a stream of bytes, that are read once, from first to last, and decoded by a thread of
/// their own, a few batches ahead.
#[napi]
pub struct NativeReader {
    format: Format,
    bytes: Source,
    columns: Vec<FileColumn>,
    /// Columns that the folders of files stand for, and for each file the values in them.
    keys: Vec<String>,
    values: Vec<Vec<Option<String>>>,
    batch: usize,
    rows: Option<u64>,
    running: Option<Running>,
}

#[derive(Clone)]
enum Format {
    Text {
        format: TextFormat,
        max_line: usize,
        strict: bool,
    },
    Parquet,
    Arrow,
}

enum Source {
    Files(Vec<String>),
    Stream(Feed, Option<Fed>),
}

/// What there is from `start` on.
struct Running {
    reading: Reading,
    signal: Signal,
    next: Option<Batch>,
    refused: Vec<Refused>,
}

#[napi]
impl NativeReader {
    /// Opens what `spec` says. JSON text: `{"format": "ndjson" | "csv" | "parquet" | "arrow",
    /// "name": string, "files": string[] or null for a stream that is fed, "columns": [{"name",
    /// "type"}] or null, "batch": number, "maxLine": number, "strict": bool, "delimiter": string,
    /// "quote": string, "nulls": string[], "header": bool, "sampleRows": number, "partitions":
    /// string[], "partitionValues": (string or null)[][]}`, where `partitions` are names of columns
    /// that are the same in a whole file, and `partitionValues` their values for each file. Where there
    /// are no columns, they are those of the first file, or of `sample`, the first bytes of the stream.
    #[napi(constructor)]
    pub fn new(spec: String, sample: Option<&[u8]>) -> Result<Self> {
        guard("open a file", || {
            let spec: Value = serde_json::from_str(&spec)
                .map_err(|error| invalid(&format!("its spec must be JSON: {error}")))?;
            Self::open(&spec, sample)
        })
    }

    fn open(spec: &Value, sample: Option<&[u8]>) -> Result<Self> {
        let name = text(spec, "name");
        let files: Option<Vec<String>> = spec["files"].as_array().map(|files| {
            let files = files.iter().filter_map(Value::as_str);
            files.map(str::to_owned).collect()
        });
        let format = match spec["format"].as_str() {
            Some("parquet") => Format::Parquet,
            Some("arrow") => Format::Arrow,
            found => Format::Text {
                format: if found == Some("csv") {
                    csv(spec)?
                } else {
                    TextFormat::Ndjson
                },
                max_line: number(spec, "maxLine"),
                strict: spec["strict"].as_bool().unwrap_or(true),
            },
        };
        let mut rows = None;
        let columns = match (&format, columns(spec)?) {
            (Format::Text { .. }, Some(columns)) => columns,
            (Format::Text { format, .. }, None) => {
                let sample_rows = number(spec, "sampleRows");
                match (&files, sample) {
                    (Some(files), _) => infer_text(files, format, sample_rows),
                    (None, sample) => {
                        let sample = sample.unwrap_or_default().to_vec();
                        infer_sample(&name, sample, format, sample_rows)
                    }
                }
                .map_err(read_error)?
            }
            (Format::Parquet, _) => {
                let files = files.as_deref().unwrap_or_default();
                let first = files.first().map(String::as_str).unwrap_or_default();
                let columns = ParquetFile::open(first).map_err(read_error)?;
                let all = files
                    .iter()
                    .map(|path| ParquetFile::open(path).map(|file| file.rows()));
                rows = Some(
                    all.sum::<std::result::Result<u64, _>>()
                        .map_err(read_error)?,
                );
                columns.columns().to_vec()
            }
            (Format::Arrow, _) => match (&files, sample) {
                (Some(files), _) => {
                    arrow::arrow_columns(files.first().map(String::as_str).unwrap_or_default())
                }
                (None, sample) => arrow::arrow_sample(&name, sample.unwrap_or_default().to_vec()),
            }
            .map_err(read_error)?,
        };
        let keys: Vec<String> = texts(&spec["partitions"]).into_iter().flatten().collect();
        let values: Vec<_> = spec["partitionValues"]
            .as_array()
            .map_or_else(Vec::new, |files| files.iter().map(texts).collect());
        let known = files.as_ref().map_or(0, Vec::len);
        let fits = values.len() == known && values.iter().all(|file| file.len() == keys.len());
        if !keys.is_empty() && !fits {
            return Err(invalid("every partition must have a value for every file"));
        }
        let bytes = match files {
            Some(files) => Source::Files(files),
            None => {
                let (feed, fed) = feed(&name);
                Source::Stream(feed, Some(fed))
            }
        };
        Ok(Self {
            format,
            bytes,
            columns,
            keys,
            values,
            batch: number(spec, "batch"),
            rows,
            running: None,
        })
    }

    /// JSON text: `[{"name", "type"}]`.
    #[napi]
    pub fn schema(&self) -> String {
        let columns = self
            .columns
            .iter()
            .map(|column| json!({ "name": column.name, "type": column.column_type.name() }));
        let text = ColumnType::Utf8.name();
        let keys = self.keys.iter();
        let keys = keys.map(|name| json!({ "name": name, "type": text }));
        Value::from(columns.chain(keys).collect::<Vec<_>>()).to_string()
    }

    /// Rows of all files, where they say so themselves; else null.
    #[napi(getter)]
    pub fn num_rows(&self) -> Option<f64> {
        #[expect(
            clippy::cast_precision_loss,
            reason = "files hold fewer than 2^53 rows"
        )]
        self.rows.map(|rows| rows as f64)
    }

    /// Begins reading, of each column what `wanted` says: 0 nothing, 1 its values, 2 text as ids of a
    /// dictionary. `wake` is called when a `poll` that found nothing, or a `mustWait` that was true, may
    /// be tried again.
    #[napi(ts_args_type = "wanted: Uint8Array, wake: () => void")]
    pub fn start(&mut self, wanted: &[u8], wake: Function<'_, (), ()>) -> Result<()> {
        guard("begin reading", || {
            let wanted: Vec<Wanted> = wanted
                .iter()
                .map(|code| match code {
                    0 => Wanted::Unused,
                    1 => Wanted::Plain,
                    _ => Wanted::Interned,
                })
                .collect();
            let function: ThreadsafeFunction<(), (), (), Status, false> = wake
                .build_threadsafe_function::<()>()
                .callee_handled::<false>()
                .build()
                .map_err(|error| Failure::new("ERR_INTERNAL", error.reason.clone()))?;
            let signal = Signal::new(move || {
                // Where the process ends, nobody is left to be woken.
                let _ = function.call((), ThreadsafeFunctionCallMode::NonBlocking);
            });
            let bytes = match &mut self.bytes {
                Source::Files(files) => Bytes::Files(files.clone()),
                Source::Stream(_, fed) => match fed.take() {
                    Some(fed) => Bytes::Fed(fed),
                    None => return Err(closed()),
                },
            };
            let reading = self
                .begin(bytes, &wanted, signal.clone())
                .map_err(read_error)?;
            self.running = Some(Running {
                reading,
                signal,
                next: None,
                refused: Vec::new(),
            });
            Ok(())
        })
    }

    fn begin(
        &self,
        bytes: Bytes,
        wanted: &[Wanted],
        signal: Signal,
    ) -> std::result::Result<Reading, ReadError> {
        let (wanted, keys) = wanted.split_at(self.columns.len().min(wanted.len()));
        let (format, columns, batch) = (self.format.clone(), self.columns.clone(), self.batch);
        let (own, waked) = (wanted.to_vec(), signal.clone());
        let open = move |bytes: Bytes| {
            decoder(&format, columns.clone(), bytes, &own, batch, waked.clone())
        };
        let decoder = match bytes {
            Bytes::Files(files) if !self.keys.is_empty() => {
                let files = files.into_iter().zip(self.values.iter().cloned());
                let files = files.map(|(path, values)| PartitionFile { path, values });
                let open = move |path| open(Bytes::Files(vec![path]));
                partitioned(files.collect(), keys, Box::new(open))
            }
            bytes => open(bytes)?,
        };
        Reading::begin(decoder, signal)
    }

    /// How many rows the next batch has, which `take` gives; −1 where there is none yet, also after
    /// waiting `milliseconds` for it; −2 where there are no more.
    #[napi]
    pub fn poll(&mut self, milliseconds: u32) -> Result<f64> {
        guard("read", || {
            let running = self.running.as_mut().ok_or_else(closed)?;
            let wait = Duration::from_millis(milliseconds.into());
            Ok(match running.reading.poll(wait).map_err(read_error)? {
                Poll::Pending => PENDING,
                Poll::End => END,
                Poll::Ready(decoded) => {
                    running.refused.extend(decoded.refused);
                    let rows = u32::try_from(decoded.batch.rows).unwrap_or(u32::MAX);
                    running.next = Some(decoded.batch);
                    f64::from(rows)
                }
            })
        })
    }

    /// The records that were left out since the last call, as JSON text: `[{"file", "line", "reason",
    /// "text"}]`; null where there are none.
    #[napi]
    pub fn refused(&mut self) -> Option<String> {
        let refused = std::mem::take(&mut self.running.as_mut()?.refused);
        if refused.is_empty() {
            return None;
        }
        let refused = refused.iter().map(|refused| {
            json!({
                "file": &*refused.file,
                "line": refused.line,
                "reason": refused.reason,
                "text": refused.text,
            })
        });
        Some(Value::from(refused.collect::<Vec<_>>()).to_string())
    }

    /// Puts a chunk of bytes into the stream.
    #[napi]
    pub fn feed(&self, chunk: &[u8]) {
        if let Source::Stream(feed, _) = &self.bytes {
            feed.push(chunk.to_vec());
        }
    }

    /// Whether so much of what was fed waits to be read that no more should be: `wake` is called when
    /// some of it was.
    #[napi]
    pub fn must_wait(&self) -> bool {
        match (&self.bytes, &self.running) {
            (Source::Stream(feed, _), Some(running)) if feed.held() >= HELD => {
                running.signal.arm();
                feed.held() >= HELD
            }
            _ => false,
        }
    }

    /// Bytes that were fed and not read yet.
    #[napi(getter)]
    pub fn held(&self) -> f64 {
        match &self.bytes {
            #[expect(clippy::cast_precision_loss, reason = "lengths are below 2^53")]
            Source::Stream(feed, _) => feed.held() as f64,
            Source::Files(_) => 0.0,
        }
    }

    /// There are no more chunks.
    #[napi]
    pub fn end_feed(&mut self) {
        if let Source::Stream(feed, _) = &mut self.bytes {
            feed.end();
        }
    }

    /// Ends reading and frees what the reader holds.
    #[napi]
    pub fn close(&mut self) -> Result<()> {
        guard("close a reader", || {
            // Its thread may wait for a chunk.
            self.end_feed();
            self.running = None;
            Ok(())
        })
    }

    /// The rows that the last `poll` found, for a plan; null where they were taken already.
    #[napi]
    pub fn take(&mut self) -> Option<NativeRows> {
        let batch = self.running.as_mut()?.next.take();
        batch.map(NativeRows::new)
    }
}

/// What decodes a format.
fn decoder(
    format: &Format,
    columns: Vec<FileColumn>,
    bytes: Bytes,
    wanted: &[Wanted],
    batch: usize,
    signal: Signal,
) -> std::result::Result<Decoder, ReadError> {
    match (format, bytes) {
        (
            Format::Text {
                format,
                max_line,
                strict,
            },
            bytes,
        ) => {
            let options = TextOptions {
                format: format.clone(),
                columns,
                batch,
                max_line: *max_line,
                strict: *strict,
            };
            text_decoder(bytes, options, wanted, signal)
        }
        (Format::Arrow, bytes) => arrow::arrow_decoder(bytes, columns, wanted, batch, signal),
        (Format::Parquet, Bytes::Files(files)) => parquet_decoder(files, columns, wanted, batch),
        (Format::Parquet, Bytes::Fed(_)) => Err(ReadError::InvalidArgument(
            "Cannot read Parquet: it must be a file, got a stream".to_owned(),
        )),
    }
}

/// The texts of a list, none where there is something else.
fn texts(list: &Value) -> Vec<Option<String>> {
    let list = list.as_array().into_iter().flatten();
    list.map(|text| text.as_str().map(str::to_owned)).collect()
}

fn closed() -> Failure {
    Failure::new(
        "ERR_CLOSED",
        "Cannot read: the reader is closed or not started".to_owned(),
    )
}

fn invalid(detail: &str) -> Failure {
    Failure::new(
        "ERR_INVALID_ARGUMENT",
        format!("Cannot open a file: {detail}"),
    )
}

pub(crate) fn text(spec: &Value, name: &str) -> String {
    spec[name].as_str().unwrap_or_default().to_owned()
}

fn number(spec: &Value, name: &str) -> usize {
    let number = spec[name].as_u64().unwrap_or(0);
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn csv(spec: &Value) -> Result<TextFormat> {
    Ok(TextFormat::Csv {
        dialect: dialect(spec)?,
        header: spec["header"].as_bool().unwrap_or(true),
    })
}

/// How CSV is written, of a spec with `delimiter`, `quote` and `nulls`.
pub(crate) fn dialect(spec: &Value) -> Result<CsvDialect> {
    let character = |name: &str| {
        let text = text(spec, name);
        match text.as_bytes() {
            &[byte] if byte.is_ascii() && byte != b'\n' && byte != b'\r' => Ok(byte),
            _ => Err(invalid(&format!(
                "{name} must be one ASCII character, got {text:?}"
            ))),
        }
    };
    let nulls = spec["nulls"].as_array().into_iter().flatten();
    Ok(CsvDialect {
        delimiter: character("delimiter")?,
        quote: character("quote")?,
        nulls: nulls.filter_map(Value::as_str).map(str::to_owned).collect(),
    })
}

pub(crate) fn columns(spec: &Value) -> Result<Option<Vec<FileColumn>>> {
    let Some(columns) = spec["columns"].as_array() else {
        return Ok(None);
    };
    let columns = columns.iter().map(|column| {
        let column_type: ColumnType = serde_json::from_value(column["type"].clone())
            .map_err(|error| invalid(&format!("the type of a column: {error}")))?;
        Ok(FileColumn {
            name: text(column, "name"),
            column_type,
        })
    });
    columns.collect::<Result<_>>().map(Some)
}
