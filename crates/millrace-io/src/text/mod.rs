//! Records of text, decoded straight into columns: JSON and CSV.

mod buffer;
mod column_builder;
mod csv;
mod infer;
mod json;
mod json_text;
mod line_decoder;
mod number;
mod reader;
mod reason;
mod record;
mod rows;
mod text_builder;

pub(crate) use column_builder::{ColumnBuilder, Unfit};
pub use csv::CsvDialect;
pub use infer::{infer_sample, infer_text};
pub use reader::{TextFormat, TextOptions, read_text, text_decoder};
pub use reason::Reason;
pub use record::{RecordDecoder, RecordFormat};
pub(crate) use record::{check_wanted, utf8};
pub(crate) use rows::Rows;
