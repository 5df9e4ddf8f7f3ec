//! The passes that block programs are made of: one operation on all rows of a part of a block.

use multiversion::multiversion;

use super::{Linear, Test};
use crate::aggregate::lanes::{LANES, aligned};
use crate::expression::arithmetic::ArithmeticOperator;
use crate::expression::comparison::ComparisonOperator;

/// Applies a linear function to every value.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
pub(super) fn linear_step(linear: Linear, values: &[f64], out: &mut [f64]) {
    let Linear {
        scale,
        offset,
        factor,
    } = linear;
    if factor == 1.0 {
        for (out, value) in out.iter_mut().zip(values) {
            *out = value * scale + offset;
        }
    } else {
        for (out, value) in out.iter_mut().zip(values) {
            *out = (value * scale + offset) * factor;
        }
    }
}

/// Applies an operator to every pair of values: one of add, sub, mul and div.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
pub(super) fn binary_step(
    operator: ArithmeticOperator,
    left: &[f64],
    right: &[f64],
    out: &mut [f64],
) {
    match operator {
        ArithmeticOperator::Add => pairs(left, right, out, |a, b| a + b),
        ArithmeticOperator::Sub => pairs(left, right, out, |a, b| a - b),
        ArithmeticOperator::Mul => pairs(left, right, out, |a, b| a * b),
        _ => pairs(left, right, out, |a, b| a / b),
    }
}

/// Compares every pair of values.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
pub(super) fn compare_step(
    operator: ComparisonOperator,
    left: &[f64],
    right: &[f64],
    out: &mut [u64],
) {
    match operator {
        ComparisonOperator::Eq => pairs(left, right, out, |a, b| ones(a == b)),
        ComparisonOperator::Ne => pairs(left, right, out, |a, b| ones(a != b)),
        ComparisonOperator::Lt => pairs(left, right, out, |a, b| ones(a < b)),
        ComparisonOperator::Le => pairs(left, right, out, |a, b| ones(a <= b)),
    }
}

#[inline(always)]
fn ones(holds: bool) -> u64 {
    0_u64.wrapping_sub(u64::from(holds))
}

#[inline(always)]
fn pairs<R>(left: &[f64], right: &[f64], out: &mut [R], f: impl Fn(f64, f64) -> R) {
    for ((out, &a), &b) in out.iter_mut().zip(left).zip(right) {
        *out = f(a, b);
    }
}

/// Adds a linear function of the values to lanes, where its result fulfils a test, from row `at` of a
/// block on. Nothing is written in between, which is twice as fast as a pass for each operation.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
pub(super) fn sum_where(
    linear: Linear,
    test: Test,
    bound: f64,
    values: &[f64],
    sums: &mut [f64; LANES],
    at: usize,
) {
    match test {
        Test::Always => sum_by(linear, values, sums, at, |_| true),
        Test::Lt => sum_by(linear, values, sums, at, |y| y < bound),
        Test::Le => sum_by(linear, values, sums, at, |y| y <= bound),
        Test::Gt => sum_by(linear, values, sums, at, |y| y > bound),
        Test::Ge => sum_by(linear, values, sums, at, |y| y >= bound),
        Test::Eq => sum_by(linear, values, sums, at, |y| y == bound),
        Test::Ne => sum_by(linear, values, sums, at, |y| y != bound),
    }
}

#[inline(always)]
fn sum_by(
    linear: Linear,
    values: &[f64],
    sums: &mut [f64; LANES],
    at: usize,
    test: impl Fn(f64) -> bool,
) {
    let Linear {
        scale,
        offset,
        factor,
    } = linear;
    // A multiplication by one would cost as much as any other.
    if factor == 1.0 {
        add(values, sums, at, |x| x * scale + offset, test);
    } else {
        add(values, sums, at, |x| (x * scale + offset) * factor, test);
    }
}

#[inline(always)]
fn add(
    values: &[f64],
    sums: &mut [f64; LANES],
    at: usize,
    f: impl Fn(f64) -> f64,
    test: impl Fn(f64) -> bool,
) {
    let term = |x: f64| {
        let y = f(x);
        if test(y) { y } else { 0.0 }
    };
    let (lane, head, runs, tail) = aligned(at, values);
    for (sum, &value) in sums[lane..].iter_mut().zip(head) {
        *sum += term(value);
    }
    let mut local = *sums;
    for run in runs {
        for lane in 0..LANES {
            local[lane] += term(run[lane]);
        }
    }
    *sums = local;
    for (sum, &value) in sums.iter_mut().zip(tail) {
        *sum += term(value);
    }
}
