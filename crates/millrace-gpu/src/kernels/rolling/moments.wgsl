// The mean and the squared distances from it, merged as Chan, Golub and LeVeque do.
alias Item = vec2<f32>;

fn load(bits: u32) -> Item {
    // What is not finite has no distance from anything.
    let finite = (bits & INFINITY_BITS) != INFINITY_BITS;
    return vec2<f32>(bitcast<f32>(bits), select(bitcast<f32>(bits | 0x7fc00000u), 0.0, finite));
}

fn combine(left: Item, right: Item, left_rows: f32, right_rows: f32) -> Item {
    let distance = right.x - left.x;
    let share = right_rows / (left_rows + right_rows);
    let squares = left.y + right.y + distance * distance * left_rows * share;
    return vec2<f32>(left.x + distance * share, squares);
}

fn store(item: Item, rows: f32) -> u32 {
    let variance = item.y / (rows - 1.0);
    return bitcast<u32>(RESULT);
}
