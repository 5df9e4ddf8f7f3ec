@group(0) @binding(0) var<storage, read> distances: array<u32>;
@group(0) @binding(1) var<storage, read_write> keys: array<u32>;
@group(0) @binding(2) var<storage, read_write> numbers: array<u32>;
@group(0) @binding(3) var<uniform> parameters: Parameters;

// A thread goes over the distances of its query and keeps the k nearest points so far in order.
@compute @workgroup_size(256)
fn select_nearest(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let query = group_index(group, groups) * WORKGROUP + local;
    if query >= parameters.queries {
        return;
    }
    let last = query * parameters.k + parameters.k - 1u;
    if parameters.first == 0u {
        for (var i = 0u; i < parameters.k; i++) {
            keys[last - i] = 0xffffffffu;
            numbers[last - i] = 0xffffffffu;
        }
    }
    var worst = keys[last];
    for (var point = 0u; point < parameters.points; point++) {
        let key = order_key(distances[point * parameters.queries + query]);
        if key < worst {
            var place = last;
            while place > query * parameters.k && keys[place - 1u] > key {
                keys[place] = keys[place - 1u];
                numbers[place] = numbers[place - 1u];
                place -= 1u;
            }
            keys[place] = key;
            numbers[place] = parameters.first + point;
            worst = keys[last];
        }
    }
}
