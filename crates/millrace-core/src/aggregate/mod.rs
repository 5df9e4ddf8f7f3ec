//! What is aggregated: one monoid per file, and reductions that run over whole streams.
//!
//! How a window moves is the other axis: see [`crate::window`].

mod count;
mod extremum;
mod first;
mod function;
pub(crate) mod lanes;
mod last;
mod mean;
mod moments;
mod ordered_counts;
mod ordered_values;
mod quantile;
mod running;
mod running_integer;
mod sum;
mod variance;

pub use count::Count;
pub use extremum::{Max, Min};
pub(crate) use extremum::{maximum, minimum};
pub use first::First;
pub use function::AggregateFunction;
pub use last::Last;
pub use mean::Mean;
pub use moments::{Moments, ShiftedMoments};
pub(crate) use ordered_values::OrderedValues;
pub use quantile::{Interpolation, Quantile};
pub(crate) use quantile::{Place, mix, order_key};
pub(crate) use running::Passes;
pub use running::RunningAggregate;
pub use running_integer::RunningInteger;
pub(crate) use running_integer::{checked, not_integer};
pub use sum::{IntegerSum, Sum};
pub use variance::{Std, Variance};

/// An aggregate as a monoid: `combine` is associative and `identity` is neutral for it.
///
/// Inputs are lifted to states, states are combined in the order of their rows, and the final
/// state is lowered to a result. Any window algorithm works with any aggregate.
pub trait Aggregate {
    /// One value of the column.
    type Input: Copy + std::fmt::Debug;
    /// A partial result.
    type State: Clone + std::fmt::Debug;
    /// The result.
    type Output;

    /// The state of no rows.
    fn identity(&self) -> Self::State;
    /// The state of one row.
    fn lift(&self, value: Self::Input) -> Self::State;
    /// The state of the rows of `older` followed by those of `newer`.
    fn combine(&self, older: &Self::State, newer: &Self::State) -> Self::State;
    /// Takes the row that follows those of `older` in.
    #[inline(always)]
    fn append(&self, older: &mut Self::State, value: Self::Input) {
        *older = self.combine(older, &self.lift(value));
    }
    /// Takes the row in that those of `newer` follow.
    #[inline(always)]
    fn prepend(&self, newer: &mut Self::State, value: Self::Input) {
        *newer = self.combine(&self.lift(value), newer);
    }
    /// The result of a state, `None` where it is undefined.
    fn lower(&self, state: &Self::State) -> Option<Self::Output>;
}

/// An aggregate whose `combine` is commutative and can be taken back exactly.
///
/// Float aggregates are not: rounding drifts and an infinity never leaves.
pub trait Invertible: Aggregate {
    /// The state of the rows of `whole` without those of `part`.
    fn remove(&self, whole: &Self::State, part: &Self::State) -> Self::State;
}
