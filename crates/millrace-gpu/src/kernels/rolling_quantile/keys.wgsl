@group(0) @binding(0) var<storage, read> values: array<u32>;
@group(0) @binding(1) var<storage, read_write> keys: array<u32>;
@group(0) @binding(2) var<uniform> parameters: Parameters;

// Of the zeros there is only +0.
@compute @workgroup_size(256)
fn make_keys(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let row = group_index(group, groups) * WORKGROUP + local;
    if row < parameters.rows {
        let bits = values[row];
        keys[row] = order_key(select(bits, 0u, bits == SIGN));
    }
}
