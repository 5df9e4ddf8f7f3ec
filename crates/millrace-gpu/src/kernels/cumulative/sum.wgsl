// Sums. Those of whole blocks are pairs, a sum and what rounding took from it, so that the error does
// not grow with the number of blocks.

alias Item = f32;
alias Wide = vec2<f32>;

fn neutral() -> Item {
    return 0.0;
}

fn load(bits: u32) -> Item {
    return bitcast<f32>(bits);
}

fn combine(left: Item, right: Item) -> Item {
    return left + right;
}

fn widen(item: Item) -> Wide {
    return vec2<f32>(item, 0.0);
}

fn combine_wide(left: Wide, right: Wide) -> Wide {
    let sum = left.x + right.x;
    let part = sum - left.x;
    let lost = (left.x - (sum - part)) + (right.x - part);
    // Of what is not finite there is nothing to make up for.
    let finite = (bitcast<u32>(sum) & INFINITY_BITS) != INFINITY_BITS;
    return vec2<f32>(sum, select(0.0, lost + left.y + right.y, finite));
}

fn store(wide: Wide) -> u32 {
    return bitcast<u32>(wide.x + wide.y);
}
