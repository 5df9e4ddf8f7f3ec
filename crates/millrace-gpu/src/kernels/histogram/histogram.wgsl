struct Parameters {
    rows: u32,
    bins: u32,
    low: f32,
    high: f32,
    scale: f32,
    unused_0: u32,
    unused_1: u32,
    unused_2: u32,
}

@group(0) @binding(0) var<storage, read> values: array<u32>;
@group(0) @binding(1) var<storage, read_write> counts: array<atomic<u32>>;
@group(0) @binding(2) var<uniform> parameters: Parameters;

// Few bins are counted in the workgroup first: there are 16 rows to a thread.
const FEW: u32 = 2048u;
var<workgroup> own: array<atomic<u32>, 2048>;

fn bin_of_float(bits: u32) -> u32 {
    let value = bitcast<f32>(bits);
    if is_nan_bits(bits) || value < parameters.low || value >= parameters.high {
        return parameters.bins;
    }
    return min(u32((value - parameters.low) * parameters.scale), parameters.bins - 1u);
}

fn bin_of_integer(bits: u32) -> u32 {
    return min(bits, parameters.bins);
}

@compute @workgroup_size(256)
fn count_bins(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let first = group_index(group, groups) * WORKGROUP * 16u + local;
    let is_few = parameters.bins <= FEW;
    for (var bin = local; bin < FEW; bin += WORKGROUP) {
        atomicStore(&own[bin], 0u);
    }
    workgroupBarrier();
    for (var i = 0u; i < 16u; i++) {
        let row = first + i * WORKGROUP;
        if row < parameters.rows {
            let bin = BIN(values[row]);
            if bin < parameters.bins {
                if is_few {
                    atomicAdd(&own[bin], 1u);
                } else {
                    atomicAdd(&counts[bin], 1u);
                }
            }
        }
    }
    workgroupBarrier();
    if is_few {
        for (var bin = local; bin < parameters.bins; bin += WORKGROUP) {
            let count = atomicLoad(&own[bin]);
            if count > 0u {
                atomicAdd(&counts[bin], count);
            }
        }
    }
}
