@group(0) @binding(0) var<storage, read> items: array<Item>;
@group(0) @binding(1) var<storage, read_write> doubled: array<Item>;
@group(0) @binding(2) var<storage, read_write> results: array<Item>;
@group(0) @binding(3) var<uniform> parameters: Parameters;

@compute @workgroup_size(256)
fn next_level(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let row = group_index(group, groups) * WORKGROUP + local;
    let width = parameters.width;
    if parameters.takes == 1u && row < parameters.results {
        var result = items[row + parameters.taken];
        if parameters.taken > 0u {
            result = combine(results[row], result, f32(parameters.taken), f32(width));
        }
        results[row] = result;
    }
    if parameters.grows == 1u && row + width < parameters.rows {
        doubled[row] = combine(items[row], items[row + width], f32(width), f32(width));
    }
}
