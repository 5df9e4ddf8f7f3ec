@group(0) @binding(0) var<storage, read_write> blocks: array<Wide>;
@group(0) @binding(1) var<storage, read_write> total: array<Wide>;
@group(0) @binding(2) var<uniform> parameters: Parameters;

var<workgroup> shared_totals: array<Wide, 256>;

// One workgroup: each block becomes all that is before it.
@compute @workgroup_size(256)
fn scan_totals(@builtin(local_invocation_index) local: u32) {
    var carry = total[0];
    for (var start = 0u; start < parameters.blocks; start += WORKGROUP) {
        let block = start + local;
        workgroupBarrier();
        shared_totals[local] = widen(neutral());
        if block < parameters.blocks {
            shared_totals[local] = blocks[block];
        }
        for (var reach = 1u; reach < WORKGROUP; reach *= 2u) {
            workgroupBarrier();
            var before = widen(neutral());
            if local >= reach {
                before = shared_totals[local - reach];
            }
            workgroupBarrier();
            shared_totals[local] = combine_wide(before, shared_totals[local]);
        }
        workgroupBarrier();
        if block < parameters.blocks {
            var before = carry;
            if local > 0u {
                before = combine_wide(carry, shared_totals[local - 1u]);
            }
            blocks[block] = before;
        }
        carry = combine_wide(carry, shared_totals[255]);
    }
    // Everyone has read what was there before.
    workgroupBarrier();
    if local == 0u {
        total[0] = carry;
    }
}
