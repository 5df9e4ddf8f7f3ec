@group(0) @binding(0) var<storage, read> values: array<u32>;
@group(0) @binding(1) var<storage, read_write> within: array<Item>;
@group(0) @binding(2) var<storage, read_write> blocks: array<Wide>;
@group(0) @binding(3) var<uniform> parameters: Parameters;

var<workgroup> shared_items: array<Item, 256>;

@compute @workgroup_size(256)
fn scan_blocks(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let block = group_index(group, groups);
    let first = block * BLOCK + local * PER_THREAD;
    var mine: array<Item, 4>;
    var last = neutral();
    for (var i = 0u; i < PER_THREAD; i++) {
        if first + i < parameters.rows {
            last = combine(last, load(values[parameters.first + first + i]));
        }
        mine[i] = last;
    }
    shared_items[local] = last;
    for (var reach = 1u; reach < WORKGROUP; reach *= 2u) {
        workgroupBarrier();
        var before = neutral();
        if local >= reach {
            before = shared_items[local - reach];
        }
        workgroupBarrier();
        shared_items[local] = combine(before, shared_items[local]);
    }
    workgroupBarrier();
    var before = neutral();
    if local > 0u {
        before = shared_items[local - 1u];
    }
    for (var i = 0u; i < PER_THREAD; i++) {
        if first + i < parameters.rows {
            within[first + i] = combine(before, mine[i]);
        }
    }
    if local == 0u && block < parameters.blocks {
        blocks[block] = widen(shared_items[255]);
    }
}
