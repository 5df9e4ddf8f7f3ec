@group(0) @binding(0) var<storage, read> keys: array<u32>;
@group(0) @binding(1) var<storage, read_write> masks: array<u32>;
@group(0) @binding(2) var<uniform> parameters: Parameters;

// The bit of this level of 32 keys, in one word.
@compute @workgroup_size(256)
fn make_masks(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let word = group_index(group, groups) * WORKGROUP + local;
    if word < parameters.words {
        var mask = 0u;
        for (var i = 0u; i < 32u; i++) {
            let row = word * 32u + i;
            if row < parameters.rows {
                mask |= ((keys[row] >> parameters.bit) & 1u) << i;
            }
        }
        masks[parameters.first + word] = mask;
    }
}
