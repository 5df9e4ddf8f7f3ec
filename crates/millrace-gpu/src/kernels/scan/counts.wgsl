// Sums of counts: of the words themselves, or of the bits that are set in them.

alias Item = u32;
alias Wide = vec2<u32>;

fn neutral() -> Item {
    return 0u;
}

fn load(bits: u32) -> Item {
    return LOAD;
}

fn combine(left: Item, right: Item) -> Item {
    return left + right;
}

fn widen(item: Item) -> Wide {
    return vec2<u32>(item, 0u);
}

fn combine_wide(left: Wide, right: Wide) -> Wide {
    return left + right;
}

fn store(wide: Wide) -> u32 {
    return wide.x;
}
