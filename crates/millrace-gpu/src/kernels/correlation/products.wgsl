@group(0) @binding(0) var<storage, read> values: array<f32>;
@group(0) @binding(1) var<storage, read> columns: array<vec2<f32>>;
@group(0) @binding(2) var<storage, read_write> matrices: array<u32>;
@group(0) @binding(3) var<uniform> parameters: Parameters;

// A workgroup makes 64 by 64 cells of a matrix, a thread 4 by 4 of them, over 16 rows at a time.
const TILE: u32 = 64u;
const DEPTH: u32 = 16u;

var<workgroup> left: array<f32, 1024>;
var<workgroup> right: array<f32, 1024>;

fn scaled(window: u32, row: u32, column: u32) -> f32 {
    if row >= parameters.n || column >= parameters.columns {
        return 0.0;
    }
    let of_column = columns[window * parameters.columns + column];
    let value = values[window * parameters.stride + row * parameters.columns + column];
    return (value - of_column.x) * of_column.y;
}

@compute @workgroup_size(256)
fn multiply(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let across = (parameters.columns + TILE - 1u) / TILE;
    let tile = group_index(group, groups);
    let window = tile / (across * across);
    let is_there = window < parameters.windows;
    let top = tile / across % across * TILE;
    let side = tile % across * TILE;
    let x = local % 16u;
    let y = local / 16u;
    var sums: array<vec4<f32>, 4>;
    for (var i = 0u; i < 4u; i++) {
        sums[i] = vec4<f32>(0.0);
    }
    for (var depth = 0u; depth < parameters.n; depth += DEPTH) {
        workgroupBarrier();
        if is_there {
            for (var i = local; i < TILE * DEPTH; i += WORKGROUP) {
                left[i] = scaled(window, depth + i / TILE, top + i % TILE);
                right[i] = scaled(window, depth + i / TILE, side + i % TILE);
            }
        }
        workgroupBarrier();
        for (var d = 0u; d < DEPTH; d++) {
            let at = d * TILE;
            let b = vec4<f32>(
                right[at + x],
                right[at + x + 16u],
                right[at + x + 32u],
                right[at + x + 48u]
            );
            for (var i = 0u; i < 4u; i++) {
                sums[i] += left[at + y + 16u * i] * b;
            }
        }
    }
    for (var i = 0u; i < 4u; i++) {
        let a = top + y + 16u * i;
        for (var j = 0u; j < 4u; j++) {
            let b = side + x + 16u * j;
            if is_there && a < parameters.columns && b < parameters.columns {
                let first = window * parameters.columns;
                let known = columns[first + a].y >= 0.0 && columns[first + b].y >= 0.0;
                let near = bitcast<u32>(clamp(sums[i][j], -1.0, 1.0));
                matrices[(first + a) * parameters.columns + b] = select(0x7fffffffu, near, known);
            }
        }
    }
}
