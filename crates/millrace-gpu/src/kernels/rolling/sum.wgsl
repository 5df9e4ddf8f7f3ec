alias Item = f32;

fn load(bits: u32) -> Item {
    return bitcast<f32>(bits);
}

fn combine(left: Item, right: Item, left_rows: f32, right_rows: f32) -> Item {
    return left + right;
}

fn store(item: Item, rows: f32) -> u32 {
    return bitcast<u32>(RESULT);
}
