@group(0) @binding(0) var<storage, read> values: array<u32>;
@group(0) @binding(1) var<storage, read_write> keys: array<u32>;
@group(0) @binding(2) var<storage, read_write> places: array<u32>;
@group(0) @binding(3) var<uniform> parameters: Parameters;

// A key for each value, and the row it stands in.
@compute @workgroup_size(256)
fn make_keys(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let row = group_index(group, groups) * WORKGROUP + local;
    if row < parameters.rows {
        keys[row] = order_key(values[row]) ^ parameters.turned;
        places[row] = row % parameters.n;
    }
}
