//! The value `n` rows before, per group.

use arrow_buffer::NullBuffer;

use super::groups_of;
use crate::kernel_error::KernelError;
use crate::nulls::{ValidityBuilder, is_valid};
use crate::state::{StateReader, StateWriter};

/// A type that can be shifted and kept in a snapshot.
pub trait Shiftable: Copy + Default {
    /// The value as 64 bits.
    fn to_bits(self) -> u64;
    /// The value of 64 bits.
    fn from_bits(bits: u64) -> Self;
}

impl Shiftable for f64 {
    fn to_bits(self) -> u64 {
        f64::to_bits(self)
    }
    fn from_bits(bits: u64) -> Self {
        f64::from_bits(bits)
    }
}

impl Shiftable for i64 {
    fn to_bits(self) -> u64 {
        self.cast_unsigned()
    }
    fn from_bits(bits: u64) -> Self {
        bits.cast_signed()
    }
}

#[derive(Debug, Clone)]
struct Ring<T> {
    rows: Vec<Option<T>>,
    next: usize,
}

/// For each row the value that its group had `n` of its own rows before; null for the first `n`.
/// Memory: up to `n` values per group.
///
/// # Examples
/// ```
/// use millrace_core::group::GroupShift;
///
/// let mut shift = GroupShift::new(1)?;
/// let mut out = [0.0; 3];
/// let validity = shift.push(&[0, 1, 0], &[1.0, 5.0, 2.0], None, &mut out).unwrap();
/// assert_eq!((out[2], validity.null_count()), (1.0, 2));
/// # Ok::<(), millrace_core::kernel_error::KernelError>(())
/// ```
#[derive(Debug, Clone)]
pub struct GroupShift<T> {
    n: usize,
    rings: Vec<Ring<T>>,
}

impl<T: Shiftable> GroupShift<T> {
    /// A shift by `n` rows.
    ///
    /// # Errors
    /// [`KernelError::InvalidArgument`] if `n` is 0.
    pub fn new(n: usize) -> Result<Self, KernelError> {
        super::check_positive("shift", n)?;
        Ok(Self {
            n,
            rings: Vec::new(),
        })
    }

    /// Takes a batch in and writes one result per row to `out`; returns the validity of the
    /// results, `None` when none is null. Null results are the type's default in `out`.
    ///
    /// # Panics
    /// If `ids`, `values`, `nulls` and `out` differ in length.
    pub fn push(
        &mut self,
        ids: &[u32],
        values: &[T],
        nulls: Option<&NullBuffer>,
        out: &mut [T],
    ) -> Option<NullBuffer> {
        assert!(
            ids.len() == values.len() && values.len() == out.len(),
            "column lengths"
        );
        assert!(
            nulls.is_none_or(|nulls| nulls.len() == values.len()),
            "validity length"
        );
        let groups = groups_of(ids);
        if groups > self.rings.len() {
            self.rings.resize_with(groups, || Ring {
                rows: Vec::new(),
                next: 0,
            });
        }
        let mut validity = ValidityBuilder::default();
        for (index, (&id, slot)) in ids.iter().zip(out).enumerate() {
            let row = is_valid(nulls, index).then(|| values[index]);
            let ring = &mut self.rings[id as usize];
            let before = if ring.rows.len() < self.n {
                ring.rows.push(row);
                None
            } else {
                let before = std::mem::replace(&mut ring.rows[ring.next], row);
                ring.next = if ring.next + 1 == self.n {
                    0
                } else {
                    ring.next + 1
                };
                before
            };
            *slot = before.unwrap_or_default();
            validity.append(1, before.is_some());
        }
        validity.finish()
    }

    /// The state as bytes. Cost: linear in the groups times `n`.
    pub fn snapshot(&self) -> Vec<u8> {
        let mut state = StateWriter::new(1);
        state.u64(self.rings.len() as u64);
        for ring in &self.rings {
            // Oldest first, so that equal states give equal bytes.
            let (newer, older) = ring.rows.split_at(ring.next);
            let rows = || older.iter().chain(newer);
            let bits: Vec<u64> = rows()
                .map(|row| row.unwrap_or_default().to_bits())
                .collect();
            let valid: Vec<bool> = rows().map(Option::is_some).collect();
            state.u64s(&bits).bools(&valid);
        }
        state.finish()
    }

    /// Takes up the state that `bytes` hold, for the same `n`.
    ///
    /// # Errors
    /// [`KernelError::CorruptState`] if `bytes` are no such state; the kernel is then unchanged.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), KernelError> {
        let mut state = StateReader::new("GroupShift", 1, bytes)?;
        let groups = state.u64()?;
        let mut rings = Vec::new();
        for _ in 0..groups {
            let bits = state.u64s()?;
            let valid = state.bools()?;
            if bits.len() != valid.len() || bits.len() > self.n {
                return Err(state.corrupt(format!("{} rows in a group", bits.len())));
            }
            let rows = bits
                .into_iter()
                .zip(valid)
                .map(|(b, ok)| ok.then(|| T::from_bits(b)))
                .collect();
            rings.push(Ring { rows, next: 0 });
        }
        state.finish()?;
        self.rings = rings;
        Ok(())
    }
}
