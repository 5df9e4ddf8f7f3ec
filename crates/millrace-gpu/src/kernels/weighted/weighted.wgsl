struct Parameters {
    results: u32,
    taps: u32,
    unused_0: u32,
    unused_1: u32,
}

@group(0) @binding(0) var<storage, read> values: array<f32>;
@group(0) @binding(1) var<storage, read> taps: array<f32>;
@group(0) @binding(2) var<storage, read_write> results: array<f32>;
@group(0) @binding(3) var<uniform> parameters: Parameters;

// A workgroup makes 1,024 results, four a thread, over 256 taps at a time.
const RESULTS: u32 = 1024u;
const TAPS: u32 = 256u;

var<workgroup> near_values: array<f32, 1280>;
var<workgroup> near_taps: array<f32, 256>;

@compute @workgroup_size(256)
fn weigh(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let first = group_index(group, groups) * RESULTS;
    let rows = parameters.results + parameters.taps - 1u;
    var sums = vec4<f32>(0.0);
    for (var tap = 0u; tap < parameters.taps; tap += TAPS) {
        workgroupBarrier();
        for (var i = local; i < RESULTS + TAPS; i += WORKGROUP) {
            let row = first + tap + i;
            var value = 0.0;
            if row < rows {
                value = values[row];
            }
            near_values[i] = value;
        }
        let count = min(TAPS, parameters.taps - tap);
        if local < count {
            near_taps[local] = taps[tap + local];
        }
        workgroupBarrier();
        var part = vec4<f32>(0.0);
        for (var i = 0u; i < count; i++) {
            let at = local + i;
            part += near_taps[i] * vec4<f32>(
                near_values[at],
                near_values[at + 256u],
                near_values[at + 512u],
                near_values[at + 768u]
            );
        }
        sums += part;
    }
    for (var i = 0u; i < 4u; i++) {
        let row = first + i * WORKGROUP + local;
        if row < parameters.results {
            results[row] = sums[i];
        }
    }
}
