//! Keys become dense ids: 0, 1, 2, ... in the order in which they are first seen.
//!
//! A dictionary lives as long as its plan, so a key is hashed once per row at most, and a key of an
//! incoming Arrow dictionary once per dictionary. A null key is a key of its own.

mod integer;
mod row;
mod string;

pub use integer::IntegerDictionary;
pub use row::RowDictionary;
pub use string::Dictionary;

/// Mixes two words into a hash: the halves of their product, folded.
#[inline(always)]
fn folded_multiply(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    (product as u64) ^ ((product >> 64) as u64)
}

/// Two words that an adversary cannot know, drawn once per dictionary.
fn seeds() -> [u64; 2] {
    use std::hash::BuildHasher;
    let random = foldhash::fast::RandomState::default();
    [random.hash_one(1_u64), random.hash_one(2_u64)]
}
