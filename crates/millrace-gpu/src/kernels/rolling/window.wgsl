// Windows by doubling: of every 2^j rows the result is put together of those of two halves, and a
// window of n rows of those that the bits of n name. Nothing is ever taken away, so nothing drifts and
// what is not finite is gone when it has left.

struct Parameters {
    // items of this level, and results
    rows: u32,
    results: u32,
    // rows of an item of this level, and rows that results have taken before it
    width: u32,
    taken: u32,
    // whether results take an item of this level, and whether there is a next level
    takes: u32,
    grows: u32,
    unused_0: u32,
    unused_1: u32,
}
