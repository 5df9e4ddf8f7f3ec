//! One file being written.

use std::fs::File;
use std::io::{BufWriter, Write};

use arrow_array::RecordBatch;
use arrow_ipc::writer::FileWriter;
use arrow_schema::SchemaRef;

use crate::write::parquet::ParquetEncoder;
use crate::write::text::{write_csv, write_csv_header, write_ndjson};
use crate::write::{FileFormat, Packing, WriteOptions};

/// Whatever goes wrong while writing.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// An encoder of one format.
pub(crate) enum Encoder {
    Text {
        target: Box<Target>,
        /// None for NDJSON.
        delimiter: Option<u8>,
        scratch: String,
    },
    Parquet(Box<ParquetEncoder>),
    Arrow(Box<FileWriter<BufWriter<File>>>),
}

/// Where text goes.
pub(crate) enum Target {
    Plain(BufWriter<File>),
    Gzip(flate2::write::GzEncoder<BufWriter<File>>),
    Zstd(zstd::stream::write::Encoder<'static, BufWriter<File>>),
}

impl Target {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        match self {
            Self::Plain(file) => file.write_all(bytes),
            Self::Gzip(file) => file.write_all(bytes),
            Self::Zstd(file) => file.write_all(bytes),
        }
    }

    fn finish(self) -> Result<File, Failure> {
        let buffered = match self {
            Self::Plain(file) => file,
            Self::Gzip(file) => file.finish()?,
            Self::Zstd(file) => file.finish()?,
        };
        Ok(buffered
            .into_inner()
            .map_err(std::io::IntoInnerError::into_error)?)
    }
}

impl Encoder {
    pub(crate) fn new(
        file: File,
        options: &WriteOptions,
        schema: &SchemaRef,
    ) -> Result<Self, Failure> {
        Ok(match options.format {
            FileFormat::Parquet => {
                let encoder = ParquetEncoder::new(file, schema, options.packing)?;
                Self::Parquet(Box::new(encoder))
            }
            FileFormat::Arrow => Self::Arrow(Box::new(FileWriter::try_new_buffered(file, schema)?)),
            FileFormat::Ndjson => Self::Text {
                target: target(file, options.packing)?,
                delimiter: None,
                scratch: String::new(),
            },
            FileFormat::Csv { delimiter } => {
                let mut target = target(file, options.packing)?;
                let mut scratch = String::new();
                write_csv_header(schema, delimiter, &mut scratch);
                target.write(scratch.as_bytes())?;
                Self::Text {
                    target,
                    delimiter: Some(delimiter),
                    scratch,
                }
            }
        })
    }

    pub(crate) fn write(&mut self, batch: &RecordBatch) -> Result<(), Failure> {
        match self {
            Self::Text {
                target,
                delimiter,
                scratch,
            } => {
                scratch.clear();
                match delimiter {
                    None => write_ndjson(batch, scratch),
                    Some(delimiter) => write_csv(batch, *delimiter, scratch),
                }
                target.write(scratch.as_bytes())?;
            }
            Self::Parquet(writer) => writer.write(batch)?,
            Self::Arrow(writer) => writer.write(batch)?,
        }
        Ok(())
    }

    /// Completes the file.
    pub(crate) fn finish(self) -> Result<File, Failure> {
        Ok(match self {
            Self::Text { target, .. } => target.finish()?,
            Self::Parquet(writer) => writer.finish()?,
            Self::Arrow(mut writer) => {
                writer.finish()?;
                let buffered = writer.into_inner()?;
                buffered
                    .into_inner()
                    .map_err(std::io::IntoInnerError::into_error)?
            }
        })
    }
}

fn target(file: File, packing: Packing) -> Result<Box<Target>, Failure> {
    let file = BufWriter::new(file);
    Ok(Box::new(match packing {
        Packing::None => Target::Plain(file),
        Packing::Gzip => Target::Gzip(flate2::write::GzEncoder::new(
            file,
            flate2::Compression::default(),
        )),
        Packing::Zstd => Target::Zstd(zstd::stream::write::Encoder::new(file, 0)?),
    }))
}
