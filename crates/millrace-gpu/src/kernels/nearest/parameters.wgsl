struct Parameters {
    queries: u32,
    dimensions: u32,
    // of these points: the first, and how many
    first: u32,
    points: u32,
    k: u32,
    unused_0: u32,
    unused_1: u32,
    unused_2: u32,
}
