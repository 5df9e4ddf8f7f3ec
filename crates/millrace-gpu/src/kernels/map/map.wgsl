// Operations on values as bits. Arithmetic is the device's own where nothing but numbers meet; what is
// not finite, and which of two values is less, is told by bits.

const QUIET_NAN: u32 = 0x7fc00000u;
const MAGNITUDE: u32 = 0x7fffffffu;
// from here on every value is whole
const WHOLE: u32 = 0x4b000000u;
// 2^125
const HUGE: u32 = 0x7e000000u;

fn number(bits: u32) -> f32 {
    return bitcast<f32>(bits);
}

fn is_infinite(bits: u32) -> bool {
    return (bits & MAGNITUDE) == INFINITY_BITS;
}

fn is_zero(bits: u32) -> bool {
    return (bits & MAGNITUDE) == 0u;
}

fn add(a: u32, b: u32) -> u32 {
    return bitcast<u32>(number(a) + number(b));
}

fn subtract(a: u32, b: u32) -> u32 {
    return bitcast<u32>(number(a) - number(b));
}

fn multiply(a: u32, b: u32) -> u32 {
    return bitcast<u32>(number(a) * number(b));
}

fn divide(a: u32, b: u32) -> u32 {
    let sign = (a ^ b) & SIGN;
    let is_none = (is_infinite(a) && is_infinite(b)) || (is_zero(a) && is_zero(b));
    if is_nan_bits(a) || is_nan_bits(b) || is_none {
        return QUIET_NAN;
    }
    if is_infinite(a) || is_zero(b) {
        return sign | INFINITY_BITS;
    }
    if is_infinite(b) || is_zero(a) {
        return sign;
    }
    // The reciprocal of what is huge may count as 0.
    let scale = select(1.0, 0.00390625, (b & MAGNITUDE) >= HUGE);
    return bitcast<u32>((number(a) * scale) / (number(b) * scale));
}

fn negate(a: u32) -> u32 {
    return a ^ SIGN;
}

fn absolute(a: u32) -> u32 {
    return a & MAGNITUDE;
}

fn round_down(a: u32) -> u32 {
    if (a & MAGNITUDE) >= WHOLE || is_zero(a) {
        return a;
    }
    return bitcast<u32>(floor(number(a)));
}

fn round_up(a: u32) -> u32 {
    if (a & MAGNITUDE) >= WHOLE || is_zero(a) {
        return a;
    }
    return bitcast<u32>(ceil(number(a)));
}

fn square_root(a: u32) -> u32 {
    if is_nan_bits(a) || is_zero(a) || a == INFINITY_BITS {
        return a;
    }
    if (a & SIGN) != 0u {
        return QUIET_NAN;
    }
    return bitcast<u32>(sqrt(number(a)));
}

fn exponential(a: u32) -> u32 {
    if is_nan_bits(a) {
        return a;
    }
    let large = (a & MAGNITUDE) >= 0x42d00000u;
    if large {
        return select(INFINITY_BITS, 0u, (a & SIGN) != 0u);
    }
    return bitcast<u32>(exp(number(a)));
}

fn logarithm(a: u32) -> u32 {
    if is_nan_bits(a) || a == INFINITY_BITS {
        return a;
    }
    if is_zero(a) {
        return SIGN | INFINITY_BITS;
    }
    if (a & SIGN) != 0u {
        return QUIET_NAN;
    }
    return bitcast<u32>(log(number(a)));
}

// A key for comparisons: of the zeros there is only +0.
fn comparison_key(bits: u32) -> u32 {
    return order_key(select(bits, 0u, bits == SIGN));
}

fn are_numbers(a: u32, b: u32) -> bool {
    return !is_nan_bits(a) && !is_nan_bits(b);
}

fn less(a: u32, b: u32) -> bool {
    return are_numbers(a, b) && comparison_key(a) < comparison_key(b);
}

fn less_or_equal(a: u32, b: u32) -> bool {
    return are_numbers(a, b) && comparison_key(a) <= comparison_key(b);
}

fn equal(a: u32, b: u32) -> bool {
    return are_numbers(a, b) && comparison_key(a) == comparison_key(b);
}

fn least(a: u32, b: u32) -> u32 {
    return select(a, b, !is_nan_bits(a) && (is_nan_bits(b) || less(b, a)));
}

fn greatest(a: u32, b: u32) -> u32 {
    return select(a, b, !is_nan_bits(a) && (is_nan_bits(b) || less(a, b)));
}

fn at_least(a: u32, b: u32) -> u32 {
    return select(a, b, less(a, b));
}

fn at_most(a: u32, b: u32) -> u32 {
    return select(a, b, less(b, a));
}

struct Parameters {
    rows: u32,
    unused_0: u32,
    unused_1: u32,
    unused_2: u32,
}
