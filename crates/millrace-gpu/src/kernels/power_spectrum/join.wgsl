@group(0) @binding(0) var<storage, read> items: array<vec2<f32>>;
@group(0) @binding(1) var<storage, read> roots: array<vec2<f32>>;
@group(0) @binding(2) var<storage, read_write> joined: array<vec2<f32>>;
@group(0) @binding(3) var<uniform> parameters: Parameters;

// A pass of Stockham's method: transforms of `width` items become ones of twice as many, in order.
@compute @workgroup_size(256)
fn join_pairs(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let row = group_index(group, groups) * WORKGROUP + local;
    if row < parameters.rows / 2u {
        let half = parameters.n / 2u;
        let width = parameters.width;
        let first = row / half * parameters.n;
        let pair = row % half;
        let k = pair % width;
        let root = roots[k * (half / width)];
        let a = items[first + pair];
        let b = items[first + pair + half];
        let turned = vec2<f32>(b.x * root.x - b.y * root.y, b.x * root.y + b.y * root.x);
        let goal = first + 2u * width * (pair / width) + k;
        joined[goal] = a + turned;
        joined[goal + width] = a - turned;
    }
}
