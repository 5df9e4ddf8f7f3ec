@group(0) @binding(0) var<storage, read> keys: array<u32>;
@group(0) @binding(1) var<storage, read> masks: array<u32>;
@group(0) @binding(2) var<storage, read> sums: array<u32>;
@group(0) @binding(3) var<storage, read_write> parted: array<u32>;
@group(0) @binding(4) var<uniform> parameters: Parameters;

// Keys without the bit first, then those with it, each in the order they had.
@compute @workgroup_size(256)
fn part_keys(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let row = group_index(group, groups) * WORKGROUP + local;
    if row < parameters.rows {
        let key = keys[row];
        let ones = ones_before(parameters.first, row);
        var to = row - ones;
        if ((key >> parameters.bit) & 1u) == 1u {
            to = zeros(parameters.first) + ones;
        }
        parted[to] = key;
    }
}
