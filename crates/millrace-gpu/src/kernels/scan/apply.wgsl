@group(0) @binding(0) var<storage, read> within: array<Item>;
@group(0) @binding(1) var<storage, read> blocks: array<Wide>;
@group(0) @binding(2) var<storage, read_write> results: array<u32>;
@group(0) @binding(3) var<uniform> parameters: Parameters;

@compute @workgroup_size(256)
fn apply_totals(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let block = group_index(group, groups);
    for (var i = 0u; i < PER_THREAD; i++) {
        let row = block * BLOCK + i * WORKGROUP + local;
        if row < parameters.rows {
            results[parameters.goal + row] = store(combine_wide(blocks[block], widen(within[row])));
        }
    }
}
