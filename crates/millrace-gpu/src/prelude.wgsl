// What every kernel begins with. Values are looked at by their bits wherever NaN, infinities or zeros
// matter: a device may compute with floats as if there were none of them.

const WORKGROUP: u32 = 256u;
const SIGN: u32 = 0x80000000u;
const INFINITY_BITS: u32 = 0x7f800000u;

// The workgroup's number among all that were dispatched.
fn group_index(group: vec3<u32>, groups: vec3<u32>) -> u32 {
    return group.y * groups.x + group.x;
}

fn is_nan_bits(bits: u32) -> bool {
    return (bits & 0x7fffffffu) > INFINITY_BITS;
}

// A key that orders as the values do; every NaN after all numbers.
fn order_key(bits: u32) -> u32 {
    if is_nan_bits(bits) {
        return 0xffffffffu;
    }
    return select(~bits, bits | SIGN, (bits & SIGN) == 0u);
}

// The bits of the value of a key.
fn bits_of_key(key: u32) -> u32 {
    return select(~key, key & 0x7fffffffu, (key & SIGN) != 0u);
}
