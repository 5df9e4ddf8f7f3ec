@group(0) @binding(0) var<storage, read> keys: array<u32>;
@group(0) @binding(1) var<storage, read_write> counts: array<u32>;
@group(0) @binding(2) var<uniform> parameters: Parameters;

var<workgroup> digits: array<atomic<u32>, 256>;

// How often each digit comes in each block of 4,096 rows, all blocks of a digit side by side.
@compute @workgroup_size(256)
fn count_digits(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let block = group_index(group, groups);
    atomicStore(&digits[local], 0u);
    workgroupBarrier();
    for (var i = 0u; i < 16u; i++) {
        let row = block * 4096u + i * WORKGROUP + local;
        if row < parameters.n {
            atomicAdd(&digits[(keys[parameters.first + row] >> parameters.shift) & 255u], 1u);
        }
    }
    workgroupBarrier();
    if block < parameters.blocks {
        counts[local * parameters.blocks + block] = atomicLoad(&digits[local]);
    }
}
