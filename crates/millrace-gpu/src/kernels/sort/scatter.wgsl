@group(0) @binding(0) var<storage, read> keys: array<u32>;
@group(0) @binding(1) var<storage, read> places: array<u32>;
@group(0) @binding(2) var<storage, read> counts: array<u32>;
@group(0) @binding(3) var<storage, read> ends: array<u32>;
@group(0) @binding(4) var<storage, read_write> sorted_keys: array<u32>;
@group(0) @binding(5) var<storage, read_write> sorted_places: array<u32>;
@group(0) @binding(6) var<uniform> parameters: Parameters;

// For each digit which of 256 rows have it, a bit for each, and where the next of them goes.
var<workgroup> having: array<atomic<u32>, 2048>;
var<workgroup> next: array<u32, 256>;

// Puts rows where their digit belongs, those of one digit in the order they had.
@compute @workgroup_size(256)
fn scatter(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let block = group_index(group, groups);
    if block < parameters.blocks {
        let cell = local * parameters.blocks + block;
        next[local] = ends[cell] - counts[cell];
    }
    for (var i = 0u; i < 16u; i++) {
        for (var word = local; word < 2048u; word += WORKGROUP) {
            atomicStore(&having[word], 0u);
        }
        workgroupBarrier();
        let row = block * 4096u + i * WORKGROUP + local;
        let is_there = row < parameters.n;
        var key = 0u;
        var place = 0u;
        if is_there {
            key = keys[parameters.first + row];
            place = places[parameters.first + row];
        }
        let digit = (key >> parameters.shift) & 255u;
        if is_there {
            atomicOr(&having[digit * 8u + local / 32u], 1u << (local % 32u));
        }
        workgroupBarrier();
        if is_there {
            var rank = next[digit];
            for (var word = 0u; word < local / 32u; word++) {
                rank += countOneBits(atomicLoad(&having[digit * 8u + word]));
            }
            let below = (1u << (local % 32u)) - 1u;
            rank += countOneBits(atomicLoad(&having[digit * 8u + local / 32u]) & below);
            sorted_keys[parameters.first + rank] = key;
            sorted_places[parameters.first + rank] = place;
        }
        workgroupBarrier();
        for (var word = 0u; word < 8u; word++) {
            next[local] += countOneBits(atomicLoad(&having[local * 8u + word]));
        }
        workgroupBarrier();
    }
}
