//! Records of Avro, decoded straight into columns: fields that hold one value, by their names.

mod cursor;
mod decode;
mod schema;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use millrace_core::batch::Batch;

use crate::column::{FileColumn, Wanted};
use crate::message::Unread;
use crate::text::{Reason, Rows};
use cursor::Cursor;
use decode::{field, skip};
pub use schema::Schema;

/// The byte that a value begins with whose schema is in a registry; its id follows, in four bytes, the
/// highest first.
const MAGIC: u8 = 0;

/// The schemas that values were written with, as far as they are known: more may come while values are
/// being decoded, on another thread.
pub struct Schemas {
    only: Option<Arc<Schema>>,
    by_id: Mutex<HashMap<u32, Result<Arc<Schema>, String>>>,
}

impl fmt::Debug for Schemas {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Schemas")
    }
}

impl Schemas {
    /// Values name their schema by its id in a registry.
    #[must_use]
    pub fn of_registry() -> Self {
        Self {
            only: None,
            by_id: Mutex::default(),
        }
    }

    /// All values were written with this one, and do not name it.
    #[must_use]
    pub fn only(schema: Schema) -> Self {
        Self {
            only: Some(Arc::new(schema)),
            by_id: Mutex::default(),
        }
    }

    /// Makes a schema known, or why there is none with this id.
    pub fn add(&self, id: u32, schema: Result<Schema, String>) {
        let mut known = self.by_id.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(id, schema.map(Arc::new));
    }

    fn get(&self, id: u32) -> Result<Arc<Schema>, Unread> {
        let known = self.by_id.lock().unwrap_or_else(PoisonError::into_inner);
        match known.get(&id) {
            Some(Ok(schema)) => Ok(Arc::clone(schema)),
            Some(Err(reason)) => Err(Unread::Refused(Reason::new(reason.as_str()))),
            None => Err(Unread::Schema(id)),
        }
    }
}

/// A decoder of records into columns: fields by their names, those that are no columns are passed over,
/// columns without a field are missing.
#[derive(Debug)]
pub(crate) struct AvroDecoder {
    schemas: Arc<Schemas>,
    rows: Rows,
    /// Of each schema that was met, what its fields are.
    layouts: HashMap<u32, Layout>,
    /// The schema of the last value.
    last: Option<u32>,
}

/// A schema, and the column of each of its fields.
#[derive(Debug)]
struct Layout {
    schema: Arc<Schema>,
    columns: Vec<Option<usize>>,
}

impl AvroDecoder {
    pub(crate) fn new(schemas: Arc<Schemas>, columns: &[FileColumn], wanted: &[Wanted]) -> Self {
        Self {
            schemas,
            rows: Rows::new(columns, wanted),
            layouts: HashMap::new(),
            last: None,
        }
    }

    pub(crate) fn push(&mut self, value: &[u8]) -> Result<(), Unread> {
        let (id, body) = match &self.schemas.only {
            Some(_) => (0, value),
            None => split_id(value)?,
        };
        if self.last != Some(id) && !self.layouts.contains_key(&id) {
            let schema = match &self.schemas.only {
                Some(schema) => Arc::clone(schema),
                None => self.schemas.get(id)?,
            };
            self.layouts.insert(id, Layout::new(schema, &self.rows));
        }
        self.last = Some(id);
        let read = match self.layouts.get(&id) {
            Some(layout) => layout.read(body, &mut self.rows),
            None => Err(Reason::new("its schema is not known")),
        };
        match read {
            Ok(()) => {
                self.rows.commit();
                Ok(())
            }
            Err(reason) => {
                self.rows.abandon();
                Err(Unread::Refused(reason))
            }
        }
    }

    pub(crate) fn push_missing(&mut self) {
        self.rows.commit();
    }

    pub(crate) fn rows(&self) -> usize {
        self.rows.len()
    }

    pub(crate) fn finish(&mut self) -> Batch {
        self.rows.finish()
    }
}

impl Layout {
    fn new(schema: Arc<Schema>, rows: &Rows) -> Self {
        let columns = schema.fields().iter().map(|(name, _)| {
            let place = rows.columns.iter().position(|column| column.name == *name);
            place.filter(|&place| rows.columns[place].is_used())
        });
        let columns = columns.collect();
        Self { schema, columns }
    }

    fn read(&self, body: &[u8], rows: &mut Rows) -> Result<(), Reason> {
        let mut cursor = Cursor::new(body);
        for ((_, node), column) in self.schema.fields().iter().zip(&self.columns) {
            match column {
                Some(column) => field(node, &mut cursor, rows.column(*column))?,
                None => skip(node, &self.schema, &mut cursor, 0)?,
            }
        }
        match cursor.left() {
            0 => Ok(()),
            left => Err(Reason::new(format!(
                "{left} bytes are left behind the record"
            ))),
        }
    }
}

fn split_id(value: &[u8]) -> Result<(u32, &[u8]), Reason> {
    match value.split_first_chunk::<5>() {
        Some((&[MAGIC, a, b, c, d], body)) => Ok((u32::from_be_bytes([a, b, c, d]), body)),
        _ => Err(Reason::new(
            "it must begin with a zero byte and the id of its schema",
        )),
    }
}
