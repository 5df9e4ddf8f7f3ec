// How many keys before `row` have the bit of a level: `sums` has how many up to the end of each word.
fn ones_before(first: u32, row: u32) -> u32 {
    let word = row / 32u;
    if word >= parameters.words {
        return sums[first + parameters.words - 1u];
    }
    let mask = masks[first + word];
    let below = (1u << (row % 32u)) - 1u;
    return sums[first + word] - countOneBits(mask) + countOneBits(mask & below);
}

// How many keys do not have it.
fn zeros(first: u32) -> u32 {
    return parameters.rows - sums[first + parameters.words - 1u];
}
