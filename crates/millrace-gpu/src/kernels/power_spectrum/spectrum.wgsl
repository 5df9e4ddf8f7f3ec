struct Parameters {
    // items of all segments, and those of one
    rows: u32,
    n: u32,
    // items that are joined already
    width: u32,
    unused_0: u32,
}
