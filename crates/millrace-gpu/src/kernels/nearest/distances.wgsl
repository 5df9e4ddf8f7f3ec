@group(0) @binding(0) var<storage, read> queries: array<f32>;
@group(0) @binding(1) var<storage, read> points: array<f32>;
@group(0) @binding(2) var<storage, read_write> distances: array<f32>;
@group(0) @binding(3) var<uniform> parameters: Parameters;

// A workgroup makes the distances of 64 queries to 64 points, a thread 4 by 4 of them, over 16
// dimensions at a time.
const TILE: u32 = 64u;
const DEPTH: u32 = 16u;

var<workgroup> near_queries: array<f32, 1024>;
var<workgroup> near_points: array<f32, 1024>;

@compute @workgroup_size(256)
fn find_distances(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let across = (parameters.queries + TILE - 1u) / TILE;
    let tile = group_index(group, groups);
    let first_query = tile % across * TILE;
    let first_point = tile / across * TILE;
    let x = local % 16u;
    let y = local / 16u;
    var sums: array<vec4<f32>, 4>;
    for (var i = 0u; i < 4u; i++) {
        sums[i] = vec4<f32>(0.0);
    }
    for (var depth = 0u; depth < parameters.dimensions; depth += DEPTH) {
        workgroupBarrier();
        for (var i = local; i < TILE * DEPTH; i += WORKGROUP) {
            let dimension = depth + i % DEPTH;
            let row = i / DEPTH;
            let inside = dimension < parameters.dimensions;
            var query = 0.0;
            if inside && first_query + row < parameters.queries {
                query = queries[(first_query + row) * parameters.dimensions + dimension];
            }
            var point = 0.0;
            if inside && first_point + row < parameters.points {
                let number = parameters.first + first_point + row;
                point = points[number * parameters.dimensions + dimension];
            }
            near_queries[i % DEPTH * TILE + row] = query;
            near_points[i % DEPTH * TILE + row] = point;
        }
        workgroupBarrier();
        for (var d = 0u; d < DEPTH; d++) {
            let at = d * TILE;
            let query = vec4<f32>(
                near_queries[at + x],
                near_queries[at + x + 16u],
                near_queries[at + x + 32u],
                near_queries[at + x + 48u]
            );
            for (var i = 0u; i < 4u; i++) {
                let apart = query - near_points[at + y + 16u * i];
                sums[i] += apart * apart;
            }
        }
    }
    for (var i = 0u; i < 4u; i++) {
        let point = first_point + y + 16u * i;
        for (var j = 0u; j < 4u; j++) {
            let query = first_query + x + 16u * j;
            if point < parameters.points && query < parameters.queries {
                distances[point * parameters.queries + query] = sums[i][j];
            }
        }
    }
}
