// A prefix scan in three dispatches: within blocks of 1,024 values, over the blocks, and the two put
// together. What is before the first row comes in `total`, and what is after the last goes out there.

struct Parameters {
    rows: u32,
    blocks: u32,
    // where the values begin in their buffer, and where the results do
    first: u32,
    goal: u32,
}

const PER_THREAD: u32 = 4u;
const BLOCK: u32 = 1024u;
