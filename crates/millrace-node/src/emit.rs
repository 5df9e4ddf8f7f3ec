//! Writes emissions to the memory that JavaScript passed: numbers to `control`, bytes to `slab`.
//!
//! The layout is documented at [`crate::plan::NativePlan`]. A first pass measures, so that
//! either everything is written or nothing.

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int32Type};
use arrow_array::{Array, StringArray};
use arrow_buffer::NullBuffer;
use millrace_core::batch::{Emission, EmissionKind};
use millrace_core::column_type::ColumnType;
use millrace_core::plan::{ColumnSchema, Plan, SinkSchema};
use zerocopy::FromBytes;

/// Numbers before the dictionary records.
const HEADER: usize = 4;
/// Numbers of a dictionary record.
const DICTIONARY: usize = 6;
/// Numbers of an emission before its columns, and of each column.
const EMISSION: usize = 2;
const COLUMN: usize = 4;
/// Integers beyond this are not exact as a number.
const EXACT: u64 = 1 << 53;

/// What the caller's memory must hold at least.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Need {
    pub(crate) bytes: usize,
    pub(crate) numbers: usize,
}

/// Where results go.
#[derive(Debug)]
pub(crate) struct Target<'a> {
    pub(crate) control: &'a mut [f64],
    pub(crate) slab: &'a mut [u8],
    pub(crate) offset: usize,
}

/// What the emissions of a plan are described by.
pub(crate) struct Described<'a> {
    pub(crate) sinks: &'a [SinkSchema],
    /// All strings of a dictionary.
    pub(crate) dictionary: &'a dyn Fn(usize) -> Option<&'a StringArray>,
}

/// Writes emissions and the strings of dictionaries that are new to JavaScript.
///
/// `sent[d]` is how many strings of dictionary `d` JavaScript knows; it is moved on.
pub(crate) fn write(
    described: &Described<'_>,
    emissions: &[Emission],
    sent: &mut [usize],
    target: &mut Target<'_>,
) -> Result<usize, Need> {
    let start = align(target.offset);
    let growth = growth(described, emissions, sent);
    let need = measure(described.sinks, emissions, &growth);
    if start + need.bytes > target.slab.len() || need.numbers > target.control.len() {
        return Err(need);
    }
    let mut writer = Writer {
        control: target.control,
        slab: target.slab,
        number: HEADER,
        byte: start,
    };
    for grown in &growth {
        let (offsets, text) = parts(&grown.strings);
        let values = [grown.dictionary, grown.first, grown.strings.len()];
        values.iter().for_each(|&value| writer.number(value));
        let at = writer.offsets(&offsets);
        writer.number(at);
        let at = writer.bytes(text);
        writer.number(at);
        writer.number(text.len());
        sent[grown.dictionary] = grown.first + grown.strings.len();
    }
    let first = writer.number;
    for emission in emissions {
        writer.number(emission.sink);
        writer.number(emission.rows);
        for (array, schema) in emission
            .columns
            .iter()
            .zip(&described.sinks[emission.sink].columns)
        {
            writer.column(
                array.as_ref(),
                schema,
                emission.kind == EmissionKind::Scalar,
            );
        }
    }
    #[expect(
        clippy::cast_precision_loss,
        reason = "lengths of memory are below 2^53"
    )]
    let header = [writer.byte as f64, 0.0, growth.len() as f64, first as f64];
    writer.control[..HEADER].copy_from_slice(&header);
    Ok(emissions.len())
}

/// Runs a batch of a plan that needs no arrays, its results computed where they are wanted; false,
/// with nothing done, for any other plan or where they do not fit or lie among the values.
pub(crate) fn write_floats(plan: &mut Plan, columns: &[&[u8]], target: &mut Target<'_>) -> bool {
    let bytes = columns.first().map_or(0, |column| column.len());
    let rows = bytes / 8;
    let start = align(target.offset);
    let end = start + bytes;
    let fits = end + align(rows.div_ceil(8)) <= target.slab.len()
        && HEADER + EMISSION + COLUMN <= target.control.len();
    let written = target.slab.as_ptr_range();
    let apart = |column: &&[u8]| {
        let read = column.as_ptr_range();
        read.end <= written.start || written.end <= read.start
    };
    if rows == 0 || !fits || !columns.iter().all(apart) {
        return false;
    }
    let floats = columns.iter().map(|column| <[f64]>::ref_from_bytes(column));
    let (Ok(columns), Ok(out)) = (
        floats.collect::<Result<Vec<_>, _>>(),
        <[f64]>::mut_from_bytes(&mut target.slab[start..end]),
    ) else {
        return false;
    };
    let Some(nulls) = plan.push_floats(&columns, out) else {
        return false;
    };
    let mut writer = Writer {
        control: target.control,
        slab: target.slab,
        number: HEADER,
        byte: end,
    };
    [0, rows, start]
        .into_iter()
        .for_each(|value| writer.number(value));
    writer.validity(nulls.as_ref());
    writer.number(0);
    #[expect(
        clippy::cast_precision_loss,
        reason = "lengths of memory are below 2^53"
    )]
    let header = [writer.byte as f64, 0.0, 0.0, HEADER as f64];
    writer.control[..HEADER].copy_from_slice(&header);
    true
}

/// The emission record of one scalar.
type ScalarRecord = [f64; EMISSION + COLUMN];

/// Where the records of scalars go, one for each sink, unless they do not fit.
pub(crate) fn scalar_room(sinks: usize, control: &mut [f64]) -> Option<&mut [ScalarRecord]> {
    let size = size_of::<ScalarRecord>() / size_of::<f64>();
    let room = control.get_mut(HEADER..HEADER + sinks * size)?;
    Some(room.as_chunks_mut().0)
}

/// Writes one float for each sink as emission records.
pub(crate) fn write_scalars(scalars: &[Option<f64>], room: &mut [ScalarRecord]) {
    for (sink, (record, scalar)) in room.iter_mut().zip(scalars).enumerate() {
        #[expect(clippy::cast_precision_loss, reason = "there are few sinks")]
        let sink = sink as f64;
        let (value, form) = scalar.map_or((0.0, 0.0), |value| (value, 1.0));
        *record = [sink, 1.0, value, form, 0.0, 0.0];
    }
}

/// Strings of a dictionary that JavaScript does not know yet.
struct Grown {
    dictionary: usize,
    first: usize,
    strings: StringArray,
}

fn growth(described: &Described<'_>, emissions: &[Emission], sent: &[usize]) -> Vec<Grown> {
    let mut growth: Vec<Grown> = Vec::new();
    for emission in emissions {
        for column in &described.sinks[emission.sink].columns {
            let Some(dictionary) = column.dictionary else {
                continue;
            };
            let Some(strings) = (described.dictionary)(dictionary) else {
                continue;
            };
            let first = sent[dictionary];
            let known = growth.iter().any(|grown| grown.dictionary == dictionary);
            if !known && strings.len() > first {
                let strings = strings.slice(first, strings.len() - first);
                growth.push(Grown {
                    dictionary,
                    first,
                    strings,
                });
            }
        }
    }
    growth
}

/// Offsets from 0 and the text between them.
fn parts(strings: &StringArray) -> (Vec<i32>, &[u8]) {
    let offsets = strings.value_offsets();
    let (Some(&first), Some(&last)) = (offsets.first(), offsets.last()) else {
        return (vec![0], &[]);
    };
    let range = usize::try_from(first).unwrap_or(0)..usize::try_from(last).unwrap_or(0);
    (
        offsets.iter().map(|offset| offset - first).collect(),
        &strings.values()[range],
    )
}

/// Bytes that emissions take, the strings of dictionaries aside.
pub(crate) fn weigh(sinks: &[SinkSchema], emissions: &[Emission]) -> usize {
    measure(sinks, emissions, &[]).bytes
}

fn measure(sinks: &[SinkSchema], emissions: &[Emission], growth: &[Grown]) -> Need {
    let mut bytes = 0;
    let mut numbers = HEADER + DICTIONARY * growth.len();
    for grown in growth {
        let (offsets, text) = parts(&grown.strings);
        bytes += align(4 * offsets.len()) + align(text.len());
    }
    for emission in emissions {
        numbers += EMISSION + COLUMN * emission.columns.len();
        for (array, schema) in emission.columns.iter().zip(&sinks[emission.sink].columns) {
            let rows = array.len();
            bytes += align(rows.div_ceil(8));
            bytes += match (schema.column_type.width(), schema.dictionary) {
                (Some(width), _) => align(width * rows),
                (None, _) if schema.column_type == ColumnType::Bool => align(rows.div_ceil(8)),
                (None, Some(_)) => align(4 * rows),
                (None, None) => {
                    let (offsets, text) = parts(array.as_string());
                    align(4 * offsets.len()) + align(text.len())
                }
            };
        }
    }
    Need { bytes, numbers }
}

fn align(offset: usize) -> usize {
    offset.next_multiple_of(8)
}

/// Appends to the target's memory, which has been measured to suffice.
struct Writer<'a> {
    control: &'a mut [f64],
    slab: &'a mut [u8],
    number: usize,
    byte: usize,
}

impl Writer<'_> {
    #[expect(
        clippy::cast_precision_loss,
        reason = "lengths of memory are below 2^53"
    )]
    fn number(&mut self, value: usize) {
        self.float(value as f64);
    }

    fn float(&mut self, value: f64) {
        self.control[self.number] = value;
        self.number += 1;
    }

    /// Copies bytes to the slab and returns where they begin.
    fn bytes(&mut self, bytes: &[u8]) -> usize {
        let at = self.byte;
        self.slab[at..at + bytes.len()].copy_from_slice(bytes);
        self.byte = align(at + bytes.len());
        at
    }

    fn offsets(&mut self, offsets: &[i32]) -> usize {
        let at = self.byte;
        for (slot, offset) in self.slab[at..].chunks_exact_mut(4).zip(offsets) {
            slot.copy_from_slice(&offset.to_ne_bytes());
        }
        self.byte = align(at + 4 * offsets.len());
        at
    }

    fn bits(&mut self, bits: &arrow_buffer::BooleanBuffer) -> usize {
        if bits.offset().is_multiple_of(8) {
            let start = bits.offset() / 8;
            let bytes = bits.len().div_ceil(8);
            return self.bytes(&bits.values()[start..start + bytes]);
        }
        let aligned = bits.sliced();
        self.bytes(&aligned.as_slice()[..bits.len().div_ceil(8)])
    }

    fn column(&mut self, array: &dyn Array, schema: &ColumnSchema, scalar: bool) {
        if scalar && schema.column_type != ColumnType::Utf8 && self.scalar(array, schema) {
            return;
        }
        let (values, text) = match (schema.column_type.width(), schema.dictionary) {
            (Some(width), _) => (self.primitive(array, width), 0),
            (None, _) if schema.column_type == ColumnType::Bool => {
                (self.bits(array.as_boolean().values()), 0)
            }
            (None, Some(_)) => (
                self.primitive(array.as_dictionary::<Int32Type>().keys(), 4),
                0,
            ),
            (None, None) => {
                let strings: &StringArray = array.as_string();
                let (offsets, text) = parts(strings);
                (self.offsets(&offsets), self.bytes(text))
            }
        };
        self.number(values);
        self.validity(array.nulls());
        self.number(text);
    }

    /// Where the validity lies and how many values are missing.
    fn validity(&mut self, nulls: Option<&NullBuffer>) {
        match nulls.filter(|nulls| nulls.null_count() > 0) {
            Some(nulls) => {
                let at = self.bits(nulls.inner());
                self.number(at);
                self.number(nulls.null_count());
            }
            None => {
                self.float(-1.0);
                self.number(0);
            }
        }
    }

    /// Values of a fixed width, as their bytes.
    fn primitive(&mut self, array: &dyn Array, width: usize) -> usize {
        if let Some(floats) = array.as_primitive_opt::<Float64Type>() {
            return self.bytes(floats.values().inner().as_slice());
        }
        let data = array.to_data();
        let start = data.offset() * width;
        let bytes = data.buffers().first().map_or(&[][..], |buffer| {
            &buffer.as_slice()[start..start + array.len() * width]
        });
        self.bytes(bytes)
    }

    /// One number; false where it has to be written as a column.
    fn scalar(&mut self, array: &dyn Array, schema: &ColumnSchema) -> bool {
        use ColumnType as C;
        use arrow_array::types::{
            Date32Type, DurationNanosecondType, Float32Type, Int8Type, Int16Type, Int64Type,
            TimestampNanosecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
        };
        if array.is_null(0) {
            [0.0, 0.0, 0.0, 0.0]
                .into_iter()
                .for_each(|value| self.float(value));
            return true;
        }
        let integer: i128 = match schema.column_type {
            C::F64 | C::F32 => {
                let value = if schema.column_type == C::F64 {
                    array.as_primitive::<Float64Type>().value(0)
                } else {
                    f64::from(array.as_primitive::<Float32Type>().value(0))
                };
                [value, 1.0, 0.0, 0.0]
                    .into_iter()
                    .for_each(|value| self.float(value));
                return true;
            }
            C::Bool => array.as_boolean().value(0).into(),
            C::I8 => array.as_primitive::<Int8Type>().value(0).into(),
            C::I16 => array.as_primitive::<Int16Type>().value(0).into(),
            C::I32 => array.as_primitive::<Int32Type>().value(0).into(),
            C::I64 => array.as_primitive::<Int64Type>().value(0).into(),
            C::U8 => array.as_primitive::<UInt8Type>().value(0).into(),
            C::U16 => array.as_primitive::<UInt16Type>().value(0).into(),
            C::U32 => array.as_primitive::<UInt32Type>().value(0).into(),
            C::U64 => array.as_primitive::<UInt64Type>().value(0).into(),
            C::Timestamp => array
                .as_primitive::<TimestampNanosecondType>()
                .value(0)
                .into(),
            C::Date => array.as_primitive::<Date32Type>().value(0).into(),
            C::Duration => array
                .as_primitive::<DurationNanosecondType>()
                .value(0)
                .into(),
            C::Utf8 => return false,
        };
        if integer.unsigned_abs() <= u128::from(EXACT) {
            #[expect(clippy::cast_precision_loss, reason = "within ±2^53")]
            self.float(integer as f64);
            self.float(1.0);
        } else {
            let at = self.primitive(array, 8);
            self.number(at);
            self.float(2.0);
        }
        self.float(0.0);
        self.float(0.0);
        true
    }
}
