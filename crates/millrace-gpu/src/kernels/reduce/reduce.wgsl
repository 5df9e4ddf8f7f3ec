// Sums, spread and extremes of each block of 4,096 values. What is not finite is counted apart. The
// finite values are scaled by a power of two to ±4, so that neither sums nor squares overflow.

struct Parameters {
    rows: u32,
    unused_0: u32,
    unused_1: u32,
    unused_2: u32,
}

struct Summary {
    // finite values, NaNs, +∞ and −∞
    counts: vec4<u32>,
    // the least and the most key, NaNs aside, and the exponent of the scale
    least: u32,
    most: u32,
    exponent: u32,
    // of the scaled values: their sum, and the squares of their distances from `centre`
    sum: f32,
    centre: f32,
    squares: f32,
    unused_0: u32,
    unused_1: u32,
}

@group(0) @binding(0) var<storage, read> values: array<u32>;
@group(0) @binding(1) var<storage, read_write> summaries: array<Summary>;
@group(0) @binding(2) var<uniform> parameters: Parameters;

const PER_THREAD: u32 = 16u;

var<workgroup> counts: array<vec4<u32>, 256>;
var<workgroup> extremes: array<vec3<u32>, 256>;
var<workgroup> sums: array<f32, 256>;

fn sum_of_group(local: u32, value: f32) -> f32 {
    workgroupBarrier();
    sums[local] = value;
    for (var width = WORKGROUP / 2u; width > 0u; width /= 2u) {
        workgroupBarrier();
        if local < width {
            sums[local] += sums[local + width];
        }
    }
    workgroupBarrier();
    return sums[0];
}

@compute @workgroup_size(256)
fn reduce(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let block = group_index(group, groups);
    let first = block * WORKGROUP * PER_THREAD + local;
    var mine: array<u32, 16>;
    var count = vec4<u32>(0u);
    var least = 0xffffffffu;
    var most = 0u;
    var largest = 0u;
    for (var i = 0u; i < PER_THREAD; i++) {
        let row = first + i * WORKGROUP;
        // NaN stands for no row: it adds nothing below.
        var bits = 0x7fffffffu;
        if row < parameters.rows {
            bits = values[row];
            let magnitude = bits & 0x7fffffffu;
            if magnitude > INFINITY_BITS {
                count.y += 1u;
            } else {
                let key = order_key(bits);
                least = min(least, key);
                most = max(most, key);
                if magnitude < INFINITY_BITS {
                    count.x += 1u;
                    largest = max(largest, magnitude);
                } else if bits == INFINITY_BITS {
                    count.z += 1u;
                } else {
                    count.w += 1u;
                }
            }
        }
        mine[i] = bits;
    }
    counts[local] = count;
    extremes[local] = vec3<u32>(~least, most, largest);
    for (var width = WORKGROUP / 2u; width > 0u; width /= 2u) {
        workgroupBarrier();
        if local < width {
            counts[local] += counts[local + width];
            extremes[local] = max(extremes[local], extremes[local + width]);
        }
    }
    workgroupBarrier();
    let total = counts[0];
    let extreme = extremes[0];
    let exponent = clamp(extreme.z >> 23u, 1u, 253u);
    let scale = bitcast<f32>((254u - exponent) << 23u);
    var sum = 0.0;
    for (var i = 0u; i < PER_THREAD; i++) {
        let bits = mine[i];
        if (bits & 0x7fffffffu) < INFINITY_BITS {
            sum += bitcast<f32>(bits) * scale;
        }
    }
    sum = sum_of_group(local, sum);
    let centre = sum / max(f32(total.x), 1.0);
    var squares = 0.0;
    for (var i = 0u; i < PER_THREAD; i++) {
        let bits = mine[i];
        if (bits & 0x7fffffffu) < INFINITY_BITS {
            let distance = bitcast<f32>(bits) * scale - centre;
            squares += distance * distance;
        }
    }
    squares = sum_of_group(local, squares);
    if local == 0u && block * WORKGROUP * PER_THREAD < parameters.rows {
        summaries[block] = Summary(
            total, ~extreme.x, extreme.y, exponent, sum, centre, squares, 0u, 0u
        );
    }
}
