@group(0) @binding(0) var<storage, read> masks: array<u32>;
@group(0) @binding(1) var<storage, read> sums: array<u32>;
@group(0) @binding(2) var<storage, read_write> results: array<u32>;
@group(0) @binding(3) var<uniform> parameters: Parameters;

// The key of a rank among the rows of a window.
fn key_of_rank(first: u32, end: u32, rank: u32) -> u32 {
    var start = first;
    var to = end;
    var left = rank;
    var key = 0u;
    for (var level = 0u; level < 32u; level++) {
        let words = level * parameters.words;
        let ones_start = ones_before(words, start);
        let ones_to = ones_before(words, to);
        let without = (to - start) - (ones_to - ones_start);
        key = key << 1u;
        if left < without {
            start -= ones_start;
            to -= ones_to;
        } else {
            left -= without;
            start = zeros(words) + ones_start;
            to = zeros(words) + ones_to;
            key |= 1u;
        }
    }
    return key;
}

fn is_infinite(bits: u32) -> bool {
    return (bits & 0x7fffffffu) == INFINITY_BITS;
}

@compute @workgroup_size(256)
fn find_quantiles(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let row = group_index(group, groups) * WORKGROUP + local;
    if row < parameters.results {
        let end = row + parameters.n;
        // One NaN is enough, and it is the largest key.
        let largest = key_of_rank(row, end, parameters.n - 1u);
        let lower = key_of_rank(row, end, parameters.rank);
        var upper = lower;
        if parameters.part > 0.0 {
            upper = key_of_rank(row, end, parameters.rank + 1u);
        }
        var bits = bits_of_key(lower);
        let more = bits_of_key(upper);
        if largest == 0xffffffffu {
            bits = 0x7fffffffu;
        } else if lower != upper {
            if is_infinite(bits) && is_infinite(more) {
                bits = 0x7fffffffu;
            } else if is_infinite(more) {
                bits = more;
            } else if !is_infinite(bits) {
                let part = parameters.part;
                let value = bitcast<f32>(bits) * (1.0 - part) + bitcast<f32>(more) * part;
                bits = bitcast<u32>(value + 0.0);
            }
        }
        results[row] = bits;
    }
}
