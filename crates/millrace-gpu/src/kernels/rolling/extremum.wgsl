// As keys: for a minimum turned round, so that both take the larger, with NaN above all.
alias Item = u32;

const TURNED: u32 = RESULT;

fn load(bits: u32) -> Item {
    if is_nan_bits(bits) {
        return 0xffffffffu;
    }
    return order_key(select(bits, 0u, bits == SIGN)) ^ TURNED;
}

fn combine(left: Item, right: Item, left_rows: f32, right_rows: f32) -> Item {
    return max(left, right);
}

fn store(item: Item, rows: f32) -> u32 {
    if item == 0xffffffffu {
        return 0x7fffffffu;
    }
    return bits_of_key(item ^ TURNED);
}
