//! Files in folders `key=value`, with what the names of their folders say as columns of text.

use std::collections::VecDeque;
use std::iter::repeat_n;
use std::sync::Arc;

use arrow_array::types::Int32Type;
use arrow_array::{ArrayRef, DictionaryArray, Int32Array, NullArray, StringArray};

use crate::column::Wanted;
use crate::error::ReadError;
use crate::reading::{Decode, Decoded, Decoder};

/// A file, and the values of its rows in the columns that its folders stand for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionFile {
    /// Where it is.
    pub path: String,
    /// One for each column, none where it is missing.
    pub values: Vec<Option<String>>,
}

/// What opens one of the files.
pub type OpenFile = Box<dyn FnMut(String) -> Result<Decoder, ReadError> + Send>;

/// The rows of all files, one after the other, with the columns of their folders behind their own, of
/// each what `wanted` says.
#[must_use]
pub fn partitioned(files: Vec<PartitionFile>, wanted: &[Wanted], open: OpenFile) -> Decoder {
    let name = files
        .first()
        .map_or_else(String::new, |file| file.path.clone());
    Decoder::new(Partitioned {
        name,
        files: files.into(),
        wanted: wanted.to_vec(),
        open,
        current: None,
    })
}

struct Partitioned {
    name: String,
    files: VecDeque<PartitionFile>,
    wanted: Vec<Wanted>,
    open: OpenFile,
    current: Option<(Decoder, Vec<Option<String>>)>,
}

impl Decode for Partitioned {
    fn next(&mut self) -> Result<Option<Decoded>, ReadError> {
        loop {
            let Some((decoder, values)) = &mut self.current else {
                let Some(PartitionFile { path, values }) = self.files.pop_front() else {
                    return Ok(None);
                };
                self.current = Some(((self.open)(path)?, values));
                continue;
            };
            let Some(mut decoded) = decoder.next()? else {
                self.current = None;
                continue;
            };
            let rows = decoded.batch.rows;
            let columns = values.iter().zip(&self.wanted);
            let columns = columns.map(|(value, &wanted)| constant(value.as_deref(), rows, wanted));
            decoded.batch.columns.extend(columns);
            return Ok(Some(decoded));
        }
    }

    fn name(&self) -> String {
        self.name.clone()
    }
}

/// A column of one text.
fn constant(text: Option<&str>, rows: usize, wanted: Wanted) -> ArrayRef {
    match wanted {
        Wanted::Unused => Arc::new(NullArray::new(0)),
        Wanted::Plain => Arc::new(repeat_n(text, rows).collect::<StringArray>()),
        Wanted::Interned => {
            let ids: Int32Array = repeat_n(text.map(|_| 0), rows).collect();
            let table = StringArray::from(vec![text.unwrap_or_default()]);
            let column = DictionaryArray::<Int32Type>::try_new(ids, Arc::new(table));
            // Every id is of the one text there is.
            column.map_or_else(
                |_| Arc::new(NullArray::new(rows)) as ArrayRef,
                |column| Arc::new(column),
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use arrow_array::Array;
    use arrow_array::cast::AsArray;
    use millrace_core::batch::Batch;

    use super::*;

    struct Rows(Vec<usize>);

    impl Decode for Rows {
        fn next(&mut self) -> Result<Option<Decoded>, ReadError> {
            Ok(self.0.pop().map(|rows| Decoded {
                batch: Batch {
                    rows,
                    columns: Vec::new(),
                },
                refused: Vec::new(),
            }))
        }

        fn name(&self) -> String {
            String::new()
        }
    }

    #[test]
    fn each_batch_has_the_values_of_its_file() {
        let file = |path: &str, value: Option<&str>| PartitionFile {
            path: path.to_owned(),
            values: vec![value.map(str::to_owned); 3],
        };
        let files = vec![file("a", Some("DE")), file("b", None)];
        let wanted = [Wanted::Plain, Wanted::Interned, Wanted::Unused];
        let open = |path: String| Ok(Decoder::new(Rows(vec![if path == "a" { 2 } else { 1 }, 0])));
        let mut decoder = partitioned(files, &wanted, Box::new(open));
        let mut seen = Vec::new();
        while let Some(Decoded { batch, .. }) = decoder.next().unwrap() {
            let [plain, interned, _] = &batch.columns[..] else {
                panic!("three columns")
            };
            assert_eq!((plain.len(), interned.len()), (batch.rows, batch.rows));
            let interned = interned.as_dictionary::<Int32Type>();
            let interned = interned.downcast_dict::<StringArray>().unwrap();
            let texts: Vec<_> = interned.into_iter().collect();
            assert_eq!(plain.as_string::<i32>().iter().collect::<Vec<_>>(), texts);
            seen.extend(texts.into_iter().map(|text| text.map(str::to_owned)));
        }
        let germany = || Some("DE".to_owned());
        assert_eq!(seen, [germany(), germany(), None]);
    }
}
