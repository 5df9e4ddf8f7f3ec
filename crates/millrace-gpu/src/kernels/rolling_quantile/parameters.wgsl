struct Parameters {
    // keys, and words of 32 bits that each level has
    rows: u32,
    words: u32,
    // the bit of this level, and where its words begin
    bit: u32,
    first: u32,
    // results, rows of a window, and the place of the quantile in it
    results: u32,
    n: u32,
    rank: u32,
    part: f32,
}
