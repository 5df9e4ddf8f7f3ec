struct Parameters {
    windows: u32,
    columns: u32,
    n: u32,
    // values from window to window
    stride: u32,
}
