@group(0) @binding(0) var<storage, read> values: array<u32>;
@group(0) @binding(1) var<storage, read_write> columns: array<vec2<f32>>;
@group(0) @binding(2) var<uniform> parameters: Parameters;

// For each column of each window its mean, and what scales it to length 1 around that.
@compute @workgroup_size(256)
fn measure_columns(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let item = group_index(group, groups) * WORKGROUP + local;
    if item >= parameters.windows * parameters.columns {
        return;
    }
    let first = item / parameters.columns * parameters.stride + item % parameters.columns;
    let one = values[first];
    var varies = false;
    var finite = true;
    var sums = vec4<f32>(0.0);
    for (var row = 0u; row < parameters.n; row++) {
        let bits = values[first + row * parameters.columns];
        // Both zeros are one value.
        varies = varies || (bits != one && ((bits | one) & 0x7fffffffu) != 0u);
        finite = finite && (bits & INFINITY_BITS) != INFINITY_BITS;
        sums[row % 4u] += bitcast<f32>(bits);
    }
    let mean = (sums.x + sums.y + sums.z + sums.w) / f32(parameters.n);
    var squares = vec4<f32>(0.0);
    for (var row = 0u; row < parameters.n; row++) {
        let apart = bitcast<f32>(values[first + row * parameters.columns]) - mean;
        squares[row % 4u] += apart * apart;
    }
    let length = sqrt(squares.x + squares.y + squares.z + squares.w);
    // What cannot be correlated is marked by a scale below 0.
    columns[item] = vec2<f32>(mean, select(-1.0, 1.0 / length, varies && finite && length > 0.0));
}
