//! Strings to dense ids.

use arrow_array::types::ArrowDictionaryKeyType;
use arrow_array::{Array, ArrayRef, DictionaryArray, LargeStringArray, StringArray};
use arrow_buffer::{ArrowNativeType, Buffer, OffsetBuffer};
use hashbrown::HashTable;

use super::{folded_multiply, seeds};
use crate::kernel_error::KernelError;
use crate::state::{StateReader, StateWriter};

/// A key in the table. Up to 16 bytes the two words and the length are the whole key; a longer
/// key's words are its ends, and its bytes decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Slot {
    words: [u64; 2],
    length: u32,
    id: u32,
}

/// An interner of strings: bytes to ids in first-seen order, over a single arena.
///
/// Cost per row: one hash of at most 16 bytes for short keys, one probe, and a comparison of
/// integers. Memory: the bytes of the distinct keys and about 40 bytes for each; a stream with
/// unboundedly many keys grows it without bound.
///
/// # Examples
/// ```
/// use arrow_array::StringArray;
/// use millrace_core::dictionary::Dictionary;
///
/// let mut dictionary = Dictionary::new();
/// let mut ids = Vec::new();
/// dictionary.intern_array(&StringArray::from(vec![Some("b"), Some("a"), None, Some("b")]), &mut ids);
/// assert_eq!(ids, [0, 1, 2, 0]);
/// assert_eq!(dictionary.get(1), Some("a"));
/// assert_eq!(dictionary.get(2), None);
/// ```
#[derive(Debug, Clone)]
pub struct Dictionary {
    seeds: [u64; 2],
    table: HashTable<Slot>,
    arena: Vec<u8>,
    /// Where each key begins in the arena, and its end.
    offsets: Vec<usize>,
    null_id: Option<u32>,
    remap: Option<Remap>,
}

/// Our ids of the values of the last Arrow dictionary seen. Holding the array keeps its identity
/// from being taken by another.
#[derive(Debug, Clone)]
struct Remap {
    values: ArrayRef,
    ids: Vec<u32>,
}

impl Default for Dictionary {
    fn default() -> Self {
        Self::new()
    }
}

impl Dictionary {
    /// An empty dictionary.
    pub fn new() -> Self {
        Self {
            seeds: seeds(),
            table: HashTable::new(),
            arena: Vec::new(),
            offsets: vec![0],
            null_id: None,
            remap: None,
        }
    }

    /// How many keys have an id, the null key included.
    pub fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Whether no key has an id.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The id of the null key, if it was seen.
    pub fn null_id(&self) -> Option<u32> {
        self.null_id
    }

    /// The key of an id; `None` for the null key and for an id never given.
    pub fn get(&self, id: u32) -> Option<&str> {
        if self.null_id == Some(id) {
            return None;
        }
        let index = id as usize;
        let range = *self.offsets.get(index)?..*self.offsets.get(index + 1)?;
        std::str::from_utf8(&self.arena[range]).ok()
    }

    /// The keys of the ids in `ids`, as a column.
    pub fn take(&self, ids: &[u32]) -> StringArray {
        ids.iter().map(|&id| self.get(id)).collect()
    }

    /// All keys in the order of their ids, as a column. Cost: a copy of their bytes.
    ///
    /// # Panics
    /// If the keys have 2³¹ bytes or more, which no column can hold.
    pub fn to_array(&self) -> StringArray {
        let offset = |&offset: &usize| i32::try_from(offset).expect("keys of less than 2³¹ bytes");
        let offsets: Vec<i32> = self.offsets.iter().map(offset).collect();
        let nulls = self.null_id.map(|null| {
            let mut valid = vec![true; self.len()];
            valid[null as usize] = false;
            valid.into()
        });
        // Checked as a whole, which is faster than key by key.
        let bytes = Buffer::from_slice_ref(&self.arena);
        let keys = StringArray::try_new(OffsetBuffer::new(offsets.into()), bytes, nulls);
        keys.expect("keys are UTF-8")
    }

    /// The id of a key, a new one if it was not seen before.
    ///
    /// # Panics
    /// If there are more than 2³² keys.
    #[inline]
    pub fn intern(&mut self, key: &str) -> u32 {
        let key = key.as_bytes();
        let words = ends(key);
        let length = key.len() as u32;
        let hash = hash(self.seeds, words, key);
        let (arena, offsets) = (&self.arena, &self.offsets);
        let found = self.table.find(hash, |slot| {
            slot.words == words
                && slot.length == length
                && (length <= 16 || arena[offsets[slot.id as usize]..].starts_with(key))
        });
        match found {
            Some(slot) => slot.id,
            None => self.add(key, hash, words),
        }
    }

    #[cold]
    fn add(&mut self, key: &[u8], hash: u64, words: [u64; 2]) -> u32 {
        let id = self.new_id();
        self.arena.extend_from_slice(key);
        self.offsets.push(self.arena.len());
        let slot = Slot {
            words,
            length: key.len() as u32,
            id,
        };
        let (seeds, arena, offsets) = (self.seeds, &self.arena, &self.offsets);
        self.table.insert_unique(hash, slot, |slot| {
            let start = offsets[slot.id as usize];
            self::hash(
                seeds,
                slot.words,
                &arena[start..start + slot.length as usize],
            )
        });
        id
    }

    fn new_id(&self) -> u32 {
        u32::try_from(self.len()).expect("a dictionary holds at most 2³² keys")
    }

    /// The id of the null key.
    pub fn intern_null(&mut self) -> u32 {
        if let Some(id) = self.null_id {
            return id;
        }
        let id = self.new_id();
        self.offsets.push(self.arena.len());
        self.null_id = Some(id);
        id
    }

    /// Appends the id of each row of a column to `ids`.
    pub fn intern_array(&mut self, column: &StringArray, ids: &mut Vec<u32>) {
        self.intern_rows(
            column.len(),
            column.iter(),
            column.null_count(),
            |i| column.value(i),
            ids,
        );
    }

    /// Appends the id of each row of a column with 64-bit offsets to `ids`.
    pub fn intern_large_array(&mut self, column: &LargeStringArray, ids: &mut Vec<u32>) {
        self.intern_rows(
            column.len(),
            column.iter(),
            column.null_count(),
            |i| column.value(i),
            ids,
        );
    }

    fn intern_rows<'a>(
        &mut self,
        rows: usize,
        keys: impl Iterator<Item = Option<&'a str>>,
        null_count: usize,
        value: impl Fn(usize) -> &'a str,
        ids: &mut Vec<u32>,
    ) {
        ids.reserve(rows);
        if null_count == 0 {
            ids.extend((0..rows).map(|row| self.intern(value(row))));
        } else {
            ids.extend(keys.map(|key| match key {
                Some(key) => self.intern(key),
                None => self.intern_null(),
            }));
        }
    }

    /// Appends the id of each row of a dictionary-encoded column to `ids`. The values are interned
    /// where a row first uses them, and once only as long as the same dictionary comes again; from
    /// then on a row is a load.
    ///
    /// # Errors
    /// [`KernelError::InvalidArgument`] if the values are not strings; no id is given then.
    pub fn intern_dictionary<K: ArrowDictionaryKeyType>(
        &mut self,
        column: &DictionaryArray<K>,
        ids: &mut Vec<u32>,
    ) -> Result<(), KernelError> {
        let values = column.values();
        let mut remap = match self.remap.take() {
            Some(remap) if same(&remap.values, values) => remap,
            _ => Remap {
                values: values.clone(),
                ids: vec![UNSEEN; values.len()],
            },
        };
        let any = values.as_any();
        if let Some(strings) = any.downcast_ref::<StringArray>() {
            self.gather(
                column,
                |i| strings.is_valid(i).then(|| strings.value(i)),
                &mut remap,
                ids,
            );
        } else if let Some(strings) = any.downcast_ref::<LargeStringArray>() {
            self.gather(
                column,
                |i| strings.is_valid(i).then(|| strings.value(i)),
                &mut remap,
                ids,
            );
        } else {
            return Err(KernelError::InvalidArgument(format!(
                "Cannot intern a dictionary: its values must be strings, got {}",
                values.data_type()
            )));
        }
        self.remap = Some(remap);
        Ok(())
    }

    fn gather<'a, K: ArrowDictionaryKeyType>(
        &mut self,
        column: &DictionaryArray<K>,
        value: impl Fn(usize) -> Option<&'a str>,
        remap: &mut Remap,
        ids: &mut Vec<u32>,
    ) {
        let keys = column.keys();
        ids.reserve(keys.len());
        for (row, key) in keys.values().iter().enumerate() {
            let key = key.as_usize();
            if keys.is_null(row) {
                ids.push(self.intern_null());
                continue;
            }
            let mut id = remap.ids[key];
            if id == UNSEEN {
                id = match value(key) {
                    Some(text) => self.intern(text),
                    None => self.intern_null(),
                };
                remap.ids[key] = id;
            }
            ids.push(id);
        }
    }

    /// Keeps these keys alone, which get the ids 0, 1, 2, ... Cost: linear in their bytes.
    pub fn keep(&mut self, ids: &[u32]) {
        let mut next = Self {
            seeds: self.seeds,
            ..Self::new()
        };
        for &id in ids {
            match self.get(id) {
                Some(key) => next.intern(key),
                None => next.intern_null(),
            };
        }
        *self = next;
    }

    /// The state as bytes. Cost: linear in the bytes of the keys.
    pub fn snapshot(&self) -> Vec<u8> {
        let lengths: Vec<u64> = self
            .offsets
            .windows(2)
            .map(|pair| (pair[1] - pair[0]) as u64)
            .collect();
        let null = self.null_id.map_or(u64::MAX, u64::from);
        StateWriter::new(1)
            .u64(null)
            .u64s(&lengths)
            .bytes(&self.arena)
            .finish()
    }

    /// Takes up the state that `bytes` hold.
    ///
    /// # Errors
    /// [`KernelError::CorruptState`] if `bytes` are no such state; the dictionary is then
    /// unchanged.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), KernelError> {
        let mut state = StateReader::new("Dictionary", 1, bytes)?;
        let null = state.u64()?;
        let lengths = state.u64s()?;
        let arena = state.bytes()?;
        let mut next = Self::new();
        let mut rest = arena;
        for (id, &length) in lengths.iter().enumerate() {
            let split = usize::try_from(length)
                .ok()
                .and_then(|n| rest.split_at_checked(n));
            let (key, after) = split.ok_or_else(|| state.corrupt("keys exceed the arena"))?;
            rest = after;
            if id as u64 == null {
                next.intern_null();
                continue;
            }
            let key = std::str::from_utf8(key).map_err(|_| state.corrupt("a key is not UTF-8"))?;
            if next.intern(key) as usize != id {
                return Err(state.corrupt("a key occurs twice"));
            }
        }
        state.finish()?;
        *self = next;
        Ok(())
    }
}

/// Marks a value of an Arrow dictionary that no row has used yet.
const UNSEEN: u32 = u32::MAX;

/// Whether two arrays are one array.
fn same(a: &ArrayRef, b: &ArrayRef) -> bool {
    std::ptr::addr_eq(std::sync::Arc::as_ptr(a), std::sync::Arc::as_ptr(b))
        || a.to_data().ptr_eq(&b.to_data())
}

/// The first and the last eight bytes of a key, overlapping in the middle; with the length they
/// determine a key of up to 16 bytes.
#[inline(always)]
fn ends(key: &[u8]) -> [u64; 2] {
    if let (Some(first), Some(last)) = (key.first_chunk::<8>(), key.last_chunk::<8>()) {
        [u64::from_le_bytes(*first), u64::from_le_bytes(*last)]
    } else if let (Some(first), Some(last)) = (key.first_chunk::<4>(), key.last_chunk::<4>()) {
        [
            u64::from(u32::from_le_bytes(*first)),
            u64::from(u32::from_le_bytes(*last)),
        ]
    } else {
        match *key {
            [] => [0, 0],
            [a] => [u64::from(a), 0],
            [a, b] => [u64::from(a), u64::from(b)],
            [a, b, c, ..] => [u64::from(a) | u64::from(c) << 8, u64::from(b)],
        }
    }
}

#[inline(always)]
fn hash(seeds: [u64; 2], words: [u64; 2], key: &[u8]) -> u64 {
    let [mut a, b] = words;
    if key.len() > 16 {
        a = a.rotate_left(23) ^ long_hash(seeds, key);
    }
    folded_multiply(a ^ seeds[0], b ^ seeds[1] ^ (key.len() as u64) << 32)
}

#[inline(never)]
fn long_hash(seeds: [u64; 2], key: &[u8]) -> u64 {
    let (chunks, _) = key.as_chunks::<16>();
    // The last eight bytes are in the caller's words; the eight before them may not be.
    let before = key[key.len() - 16..]
        .first_chunk::<8>()
        .map_or(0, |c| u64::from_le_bytes(*c));
    chunks.iter().fold(before ^ seeds[1], |state, chunk| {
        let [a, b] = ends(chunk);
        folded_multiply(a ^ state, b ^ seeds[0])
    })
}
