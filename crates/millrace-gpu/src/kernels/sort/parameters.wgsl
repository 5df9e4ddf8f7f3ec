struct Parameters {
    // rows in whole segments, and rows of a segment
    rows: u32,
    n: u32,
    // all bits where the order is turned round
    turned: u32,
    // rows that are taken of each segment
    k: u32,
    // of one segment: where it begins, its blocks of 4,096, and the lowest bit of the digit
    first: u32,
    blocks: u32,
    shift: u32,
    unused_0: u32,
}
