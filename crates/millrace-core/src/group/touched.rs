//! Which groups a batch had rows of.

/// A set of group ids that is emptied by listing it.
#[derive(Debug, Default)]
pub(crate) struct Touched {
    words: Vec<u64>,
}

impl Touched {
    /// Appends each of `ids` once to `groups`, in ascending order. Cost: linear in `ids`, and sixty-four
    /// times less in the largest of them; where that would be more, the ids are sorted.
    pub(crate) fn list<'a>(
        &mut self,
        ids: impl Iterator<Item = &'a u32> + Clone,
        groups: &mut Vec<u32>,
    ) {
        let (mut count, mut words) = (0, 0);
        for &id in ids.clone() {
            count += 1;
            words = words.max(id as usize / 64 + 1);
        }
        if words > 4 * count {
            let start = groups.len();
            groups.extend(ids);
            groups[start..].sort_unstable();
            groups.dedup();
            return;
        }
        if words > self.words.len() {
            self.words.resize(words, 0);
        }
        for &id in ids {
            self.words[id as usize / 64] |= 1 << (id % 64);
        }
        for (at, word) in (0..).zip(&mut self.words[..words]) {
            while *word != 0 {
                groups.push(at * 64 + word.trailing_zeros());
                *word &= *word - 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn lists_each_group_once(
            batches in prop::collection::vec(prop::collection::vec(0_u32..2000, 0..40), 0..6),
        ) {
            let mut touched = Touched::default();
            for ids in batches {
                let mut groups = Vec::new();
                touched.list(ids.iter(), &mut groups);
                let want: std::collections::BTreeSet<u32> = ids.into_iter().collect();
                prop_assert_eq!(groups, want.into_iter().collect::<Vec<_>>());
            }
        }
    }
}
