//! `valueCounts` of whole numbers and times: how often each has come.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, DurationNanosecondType, Int8Type, Int16Type, Int32Type,
    Int64Type, TimestampNanosecondType, UInt8Type, UInt16Type, UInt32Type,
};
use arrow_array::{Array, ArrayRef, Int64Array};
use arrow_buffer::{Buffer, ScalarBuffer};

use crate::column_type::ColumnType;
use crate::dictionary::IntegerDictionary;
use crate::error::PlanError;
use crate::expression::ExpressionId;
use crate::plan::aggregation::from_integer;
use crate::plan::operator::{Context, Operator, Value, expect_parts};
use crate::plan::spec::EmitSpec;
use crate::state::{StateReader, StateWriter};

/// Counts of the values of one column, in the order in which they first came.
#[derive(Debug)]
pub(crate) struct IntegerCounts {
    input: usize,
    column: ExpressionId,
    column_type: ColumnType,
    emit: EmitSpec,
    keys: IntegerDictionary,
    /// By id. What was emitted shares them, and is gone by the next batch: then they are changed in
    /// place, and copied if it is not.
    counts: ScalarBuffer<i64>,
    /// The column of all keys as it was last made; keys only grow.
    all: Option<ArrayRef>,
}

impl IntegerCounts {
    pub(crate) fn new(
        input: usize,
        column: ExpressionId,
        column_type: ColumnType,
        emit: EmitSpec,
    ) -> Self {
        Self {
            input,
            column,
            column_type,
            emit,
            keys: IntegerDictionary::new(),
            counts: ScalarBuffer::from(Vec::new()),
            all: None,
        }
    }

    /// Whether values of a type are counted here.
    pub(crate) fn takes(column_type: ColumnType) -> bool {
        !matches!(
            column_type,
            ColumnType::Bool
                | ColumnType::Utf8
                | ColumnType::F32
                | ColumnType::F64
                | ColumnType::U64
        )
    }

    fn count(&mut self, array: &ArrayRef, counts: &mut Vec<i64>) -> Result<(), PlanError> {
        use ColumnType as C;
        match self.column_type {
            C::I8 => self.count_of::<Int8Type>(array, counts),
            C::I16 => self.count_of::<Int16Type>(array, counts),
            C::I32 => self.count_of::<Int32Type>(array, counts),
            C::I64 => self.count_of::<Int64Type>(array, counts),
            C::U8 => self.count_of::<UInt8Type>(array, counts),
            C::U16 => self.count_of::<UInt16Type>(array, counts),
            C::U32 => self.count_of::<UInt32Type>(array, counts),
            C::Timestamp => self.count_of::<TimestampNanosecondType>(array, counts),
            C::Duration => self.count_of::<DurationNanosecondType>(array, counts),
            C::Date => self.count_of::<Date32Type>(array, counts),
            other => return Err(PlanError::Internal(format!("counts of {other}"))),
        }
        Ok(())
    }

    fn count_of<T: ArrowPrimitiveType>(&mut self, array: &ArrayRef, counts: &mut Vec<i64>)
    where
        T::Native: Into<i64>,
    {
        let array = array.as_primitive::<T>();
        if array.null_count() == 0 {
            self.keys.count(array.values(), counts);
            return;
        }
        for key in array {
            let id = match key {
                Some(key) => self.keys.intern(key.into()),
                None => self.keys.intern_null(),
            } as usize;
            if id == counts.len() {
                counts.push(0);
            }
            counts[id] += 1;
        }
    }

    /// All values and their counts.
    fn table(&mut self) -> Result<Value, PlanError> {
        let counts = Int64Array::new(self.counts.clone(), None);
        let keys = self.all_keys()?;
        Ok(Value::new(counts.len(), vec![keys, Arc::new(counts)]))
    }

    /// The column of all keys.
    fn all_keys(&mut self) -> Result<ArrayRef, PlanError> {
        if let Some(all) = self.all.as_ref().filter(|all| all.len() == self.keys.len()) {
            return Ok(Arc::clone(all));
        }
        let keys = match self.keys.null_id() {
            None => self.keys.keys().to_vec().into(),
            Some(_) => (0..self.counts.len())
                .map(|id| self.keys.get(id as u32))
                .collect(),
        };
        let all = from_integer(keys, self.column_type)?;
        self.all = Some(Arc::clone(&all));
        Ok(all)
    }
}

impl Operator for IntegerCounts {
    fn run(&mut self, context: &mut Context<'_>) -> Result<Option<Value>, PlanError> {
        let rows = context.value(self.input)?.rows;
        let array = context.array(self.column, rows)?;
        let shared: Buffer = std::mem::replace(&mut self.counts, Vec::new().into()).into_inner();
        let mut counts = shared
            .into_vec::<i64>()
            .unwrap_or_else(|shared| shared.typed_data::<i64>().to_vec());
        let result = self.count(&array, &mut counts);
        self.counts = counts.into();
        result?;
        if self.emit == EmitSpec::End {
            return Ok(None);
        }
        self.table().map(Some)
    }

    fn flush(&mut self, _context: &mut Context<'_>) -> Result<Option<Value>, PlanError> {
        if self.emit == EmitSpec::End {
            return self.table().map(Some);
        }
        Ok(None)
    }

    fn snapshot(&self) -> Vec<Vec<u8>> {
        let counts: Vec<u64> = self
            .counts
            .iter()
            .map(|count| count.cast_unsigned())
            .collect();
        vec![
            self.keys.snapshot(),
            StateWriter::new(1).u64s(&counts).finish(),
        ]
    }

    fn restore(&mut self, state: &[&[u8]]) -> Result<(), PlanError> {
        expect_parts(state, 2)?;
        let mut reader = StateReader::new("Frequencies", 1, state[1])?;
        let counts = reader.u64s()?;
        let mut keys = IntegerDictionary::new();
        keys.restore(state[0])?;
        if keys.len() != counts.len() {
            return Err(reader.corrupt("values and counts differ in length").into());
        }
        reader.finish()?;
        self.keys = keys;
        self.counts = counts
            .into_iter()
            .map(u64::cast_signed)
            .collect::<Vec<_>>()
            .into();
        self.all = None;
        Ok(())
    }
}
