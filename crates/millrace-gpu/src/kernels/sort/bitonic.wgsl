// Short segments, a workgroup for each: a bitonic network (Batcher 1968) over up to 2,048 rows. Equal
// keys go by their rows, so that the order is the one there is.

@group(0) @binding(0) var<storage, read_write> keys: array<u32>;
@group(0) @binding(1) var<storage, read_write> places: array<u32>;
@group(0) @binding(2) var<uniform> parameters: Parameters;

var<workgroup> shared_keys: array<u32, 2048>;
var<workgroup> shared_places: array<u32, 2048>;

@compute @workgroup_size(256)
fn sort_segment(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let n = parameters.n;
    let first = group_index(group, groups) * n;
    // Groups beyond the last segment sort nothing.
    let mine = select(0u, n, first < parameters.rows);
    var width = 1u;
    while width < n {
        width *= 2u;
    }
    for (var i = local; i < width; i += WORKGROUP) {
        var key = 0xffffffffu;
        var place = 0xffffffffu;
        if i < mine {
            key = keys[first + i];
            place = places[first + i];
        }
        shared_keys[i] = key;
        shared_places[i] = place;
    }
    for (var run = 2u; run <= width; run *= 2u) {
        for (var reach = run / 2u; reach > 0u; reach /= 2u) {
            workgroupBarrier();
            for (var i = local; i < width / 2u; i += WORKGROUP) {
                let low = i / reach * reach * 2u + i % reach;
                let high = low + reach;
                let up = (low & run) == 0u;
                let a = shared_keys[low];
                let b = shared_keys[high];
                let p = shared_places[low];
                let q = shared_places[high];
                if (a > b || (a == b && p > q)) == up {
                    shared_keys[low] = b;
                    shared_keys[high] = a;
                    shared_places[low] = q;
                    shared_places[high] = p;
                }
            }
        }
    }
    workgroupBarrier();
    for (var i = local; i < mine; i += WORKGROUP) {
        keys[first + i] = shared_keys[i];
        places[first + i] = shared_places[i];
    }
}
