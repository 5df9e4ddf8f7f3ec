@group(0) @binding(0) var<storage, read> keys: array<u32>;
@group(0) @binding(1) var<storage, read> places: array<u32>;
@group(0) @binding(2) var<storage, read_write> values: array<u32>;
@group(0) @binding(3) var<storage, read_write> rows: array<u32>;
@group(0) @binding(4) var<uniform> parameters: Parameters;

// The first rows of each segment, as values again.
@compute @workgroup_size(256)
fn take_rows(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let row = group_index(group, groups) * WORKGROUP + local;
    if row < parameters.rows / parameters.n * parameters.k {
        let source = row / parameters.k * parameters.n + row % parameters.k;
        values[row] = bits_of_key(keys[source] ^ parameters.turned);
        rows[row] = places[source];
    }
}
