// Minima and maxima, by keys: for a minimum turned round, so that both take the larger, with NaN above
// all. Of the zeros there is only +0.

alias Item = u32;
alias Wide = vec2<u32>;

const TURNED: u32 = MASK;

fn neutral() -> Item {
    return 0u;
}

fn load(bits: u32) -> Item {
    if is_nan_bits(bits) {
        return 0xffffffffu;
    }
    return order_key(select(bits, 0u, bits == SIGN)) ^ TURNED;
}

fn combine(left: Item, right: Item) -> Item {
    return max(left, right);
}

fn widen(item: Item) -> Wide {
    return vec2<u32>(item, 0u);
}

fn combine_wide(left: Wide, right: Wide) -> Wide {
    return max(left, right);
}

fn store(wide: Wide) -> u32 {
    if wide.x == 0xffffffffu {
        return 0x7fffffffu;
    }
    return bits_of_key(wide.x ^ TURNED);
}
