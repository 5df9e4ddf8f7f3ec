@group(0) @binding(0) var<storage, read> items: array<vec2<f32>>;
@group(0) @binding(1) var<storage, read_write> powers: array<f32>;
@group(0) @binding(2) var<uniform> parameters: Parameters;

@compute @workgroup_size(256)
fn find_powers(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let row = group_index(group, groups) * WORKGROUP + local;
    let shown = parameters.n / 2u + 1u;
    if row < parameters.rows / parameters.n * shown {
        let item = items[row / shown * parameters.n + row % shown];
        powers[row] = dot(item, item);
    }
}
