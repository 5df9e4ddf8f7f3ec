//! Batches to files: NDJSON, CSV, Parquet and Arrow IPC.
//!
//! Files are written under another name in the folder that they are for, and get their own when they are
//! complete and, if asked for, on the disk: nobody sees half a file, and another attempt at the same
//! batch puts the same file in place of the first.

mod encoder;
mod parquet;
mod partition;
mod text;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use arrow_array::{Array, RecordBatch};
use arrow_schema::{Field, Schema};
use millrace_core::batch::Batch;

use crate::column::FileColumn;
use crate::error::ReadError;
use encoder::Encoder;
use partition::partitions;
pub(crate) use text::quote_json;

/// How files are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileFormat {
    /// An object of JSON per line.
    Ndjson,
    /// CSV with a header.
    Csv {
        /// What is between two fields.
        delimiter: u8,
    },
    /// Parquet.
    Parquet,
    /// Arrow IPC, as a file.
    Arrow,
}

impl FileFormat {
    /// The ending of a file's name.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Ndjson => "ndjson",
            Self::Csv { .. } => "csv",
            Self::Parquet => "parquet",
            Self::Arrow => "arrow",
        }
    }
}

/// How files are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Packing {
    /// Not at all.
    #[default]
    None,
    /// With gzip; the name of a file of text ends in `.gz`.
    Gzip,
    /// With zstd; the name of a file of text ends in `.zst`.
    Zstd,
}

/// Where and how batches are written.
#[derive(Debug, Clone)]
pub struct WriteOptions {
    /// The folder; it is made where it is not there.
    pub folder: PathBuf,
    /// The name of the files, without its ending.
    pub name: String,
    /// How they are written.
    pub format: FileFormat,
    /// How they are packed; Arrow files are not.
    pub packing: Packing,
    /// The columns.
    pub columns: Vec<FileColumn>,
    /// Columns by whose values rows are divided into folders `column=value`; they are not written.
    pub partition_by: Vec<String>,
    /// Whether the files are on the disk before they get their names.
    pub sync: bool,
}

/// A file that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenFile {
    /// Its path.
    pub path: String,
    /// Its rows.
    pub rows: u64,
    /// Its bytes.
    pub bytes: u64,
}

/// Writes batches to a file, or to one for each partition; all of them or, where one fails before it
/// has its name, none.
///
/// # Errors
/// [`ReadError::Io`] and [`ReadError::InvalidArgument`].
pub fn write_files(
    options: &WriteOptions,
    batches: &[Batch],
) -> Result<Vec<WrittenFile>, ReadError> {
    let mut files = Files {
        options,
        open: BTreeMap::new(),
        done: false,
    };
    let keys = key_indices(options)?;
    let kept: Vec<usize> = (0..options.columns.len())
        .filter(|index| !keys.contains(index))
        .collect();
    if kept.is_empty() {
        return Err(ReadError::InvalidArgument(
            "Cannot write files: there must be a column that is not in partitionBy".to_owned(),
        ));
    }
    for batch in batches {
        let batch = plain(options, batch)?;
        for (folder, part) in partitions(&batch, &keys)? {
            let part = part
                .project(&kept)
                .map_err(|error| failed(options, &error))?;
            files
                .encoder(&folder, &part)?
                .write(&part)
                .map_err(|error| failed(options, &error))?;
        }
    }
    files.finish()
}

fn key_indices(options: &WriteOptions) -> Result<Vec<usize>, ReadError> {
    let find = |name: &String| {
        let found = options
            .columns
            .iter()
            .position(|column| column.name == *name);
        found.ok_or_else(|| {
            ReadError::InvalidArgument(format!(
                "Cannot write files: no column '{name}' to partition by"
            ))
        })
    };
    options.partition_by.iter().map(find).collect()
}

/// A batch with the names of its columns, text as plain strings.
fn plain(options: &WriteOptions, batch: &Batch) -> Result<RecordBatch, ReadError> {
    let mut fields = Vec::new();
    let mut arrays = Vec::new();
    for (column, array) in options.columns.iter().zip(&batch.columns) {
        let array = crate::convert::text_column(array.clone(), crate::Wanted::Plain)
            .unwrap_or_else(|| array.clone());
        fields.push(Field::new(&column.name, array.data_type().clone(), true));
        arrays.push(array);
    }
    RecordBatch::try_new(Schema::new(fields).into(), arrays)
        .map_err(|error| failed(options, &error))
}

fn failed(options: &WriteOptions, error: &dyn std::fmt::Display) -> ReadError {
    ReadError::Write {
        path: options.folder.display().to_string(),
        detail: error.to_string(),
    }
}

/// The files of one call: removed again unless all were completed.
struct Files<'a> {
    options: &'a WriteOptions,
    /// By the folder below the options' folder.
    open: BTreeMap<String, OpenFile>,
    done: bool,
}

struct OpenFile {
    encoder: Option<Encoder>,
    hidden: PathBuf,
    path: PathBuf,
    rows: u64,
}

impl Files<'_> {
    fn encoder(&mut self, folder: &str, part: &RecordBatch) -> Result<&mut Encoder, ReadError> {
        if !self.open.contains_key(folder) {
            let file = self.create(folder, part)?;
            self.open.insert(folder.to_owned(), file);
        }
        let file = self.open.get_mut(folder);
        let file = file.ok_or_else(|| failed(self.options, &"a file is gone"))?;
        file.rows += part.num_rows() as u64;
        file.encoder
            .as_mut()
            .ok_or_else(|| failed(self.options, &"a file is closed"))
    }

    fn create(&self, folder: &str, part: &RecordBatch) -> Result<OpenFile, ReadError> {
        let options = self.options;
        let folder = options.folder.join(folder);
        let write = |error: std::io::Error| ReadError::Write {
            path: folder.display().to_string(),
            detail: error.to_string(),
        };
        fs::create_dir_all(&folder).map_err(write)?;
        let mut name = format!("{}.{}", options.name, options.format.extension());
        if matches!(options.format, FileFormat::Ndjson | FileFormat::Csv { .. }) {
            name.push_str(match options.packing {
                Packing::None => "",
                Packing::Gzip => ".gz",
                Packing::Zstd => ".zst",
            });
        }
        // Nothing that looks for files finds one that begins with a dot.
        let hidden = folder.join(format!(".{name}.part"));
        let file = File::create(&hidden).map_err(write)?;
        let encoder = Encoder::new(file, options, &part.schema());
        let encoder = encoder.map_err(|error| failed(options, &error));
        if encoder.is_err() {
            let _ = fs::remove_file(&hidden);
        }
        Ok(OpenFile {
            encoder: Some(encoder?),
            hidden,
            path: folder.join(name),
            rows: 0,
        })
    }

    fn finish(mut self) -> Result<Vec<WrittenFile>, ReadError> {
        let options = self.options;
        let mut written = Vec::new();
        for file in self.open.values_mut() {
            let Some(encoder) = file.encoder.take() else {
                continue;
            };
            let handle = encoder.finish().map_err(|error| failed(options, &error))?;
            let synced = if options.sync {
                handle.sync_all()
            } else {
                Ok(())
            };
            let length = synced.and_then(|()| handle.metadata());
            written.push(WrittenFile {
                path: file.path.display().to_string(),
                rows: file.rows,
                bytes: length.map_err(|error| failed(options, &error))?.len(),
            });
        }
        for file in self.open.values() {
            fs::rename(&file.hidden, &file.path).map_err(|error| failed(options, &error))?;
        }
        if options.sync {
            for file in self.open.values() {
                file.path.parent().into_iter().for_each(sync_folder);
            }
        }
        self.done = true;
        Ok(written)
    }
}

impl Drop for Files<'_> {
    fn drop(&mut self) {
        if !self.done {
            for file in self.open.values() {
                // It may have its name already: then another attempt puts another in its place.
                let _ = fs::remove_file(&file.hidden);
            }
        }
    }
}

/// Puts the name of a new file on the disk too, where the system can: some refuse it.
fn sync_folder(folder: &Path) {
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
}
