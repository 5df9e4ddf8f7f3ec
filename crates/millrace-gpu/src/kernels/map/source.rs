//! The WGSL of a program of elements.

use std::collections::BTreeSet;
use std::fmt::Write;

use millrace_core::bulk::{Element, ElementProgram};

/// Rows that a thread computes.
pub(super) const PER_THREAD: usize = 4;

/// A program as WGSL, and what it is bound to.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) text: String,
    /// The columns it reads: they are bound first.
    pub(super) inputs: Vec<usize>,
    /// Its constants, one buffer, if there is any: a device may not write down every float.
    pub(super) constants: Vec<f32>,
}

/// Writes a program down. The results are bound behind what it reads.
pub(super) fn source(program: &ElementProgram) -> Source {
    let inputs: BTreeSet<usize> = program
        .elements
        .iter()
        .filter_map(|element| match element {
            Element::Input(column) => Some(*column),
            _ => None,
        })
        .collect();
    let mut constants = Vec::new();
    let mut body = String::new();
    for (place, element) in program.elements.iter().enumerate() {
        let value = value(*element, &mut constants);
        let _ = writeln!(body, "            let v{place} = {value};");
    }
    for (result, place) in program.outputs.iter().enumerate() {
        let _ = writeln!(body, "            result_{result}[row] = v{place};");
    }
    let columns = inputs.iter().map(|column| format!("column_{column}"));
    let constant = (!constants.is_empty()).then(|| "constants".to_owned());
    let read = columns.chain(constant).map(|name| (name, "read"));
    let results =
        (0..program.outputs.len()).map(|result| (format!("result_{result}"), "read_write"));
    let mut text = String::new();
    let mut bindings = 0;
    for (name, access) in read.chain(results) {
        let _ = writeln!(
            text,
            "@group(0) @binding({bindings}) var<storage, {access}> {name}: array<u32>;"
        );
        bindings += 1;
    }
    let _ = write!(
        text,
        "@group(0) @binding({bindings}) var<uniform> parameters: Parameters;

@compute @workgroup_size(256)
fn map_rows(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {{
    let first = group_index(group, groups) * WORKGROUP * {PER_THREAD}u + local;
    for (var i = 0u; i < {PER_THREAD}u; i++) {{
        let row = first + i * WORKGROUP;
        if row < parameters.rows {{
{body}        }}
    }}
}}
"
    );
    Source {
        text,
        inputs: inputs.into_iter().collect(),
        constants,
    }
}

fn value(element: Element, constants: &mut Vec<f32>) -> String {
    let one = |name: &str, a: usize| format!("{name}(v{a})");
    let two = |name: &str, a: usize, b: usize| format!("{name}(v{a}, v{b})");
    match element {
        Element::Input(column) => format!("column_{column}[row]"),
        Element::Constant(constant) => {
            constants.push(constant);
            format!("constants[{}]", constants.len() - 1)
        }
        Element::Always(holds) => holds.to_string(),
        Element::Add(a, b) => two("add", a, b),
        Element::Sub(a, b) => two("subtract", a, b),
        Element::Mul(a, b) => two("multiply", a, b),
        Element::Div(a, b) => two("divide", a, b),
        Element::Negate(a) => one("negate", a),
        Element::Absolute(a) => one("absolute", a),
        Element::Floor(a) => one("round_down", a),
        Element::Ceil(a) => one("round_up", a),
        Element::Sqrt(a) => one("square_root", a),
        Element::Exp(a) => one("exponential", a),
        Element::Log(a) => one("logarithm", a),
        Element::Least(a, b) => two("least", a, b),
        Element::Greatest(a, b) => two("greatest", a, b),
        Element::AtLeast(a, b) => two("at_least", a, b),
        Element::AtMost(a, b) => two("at_most", a, b),
        Element::Less(a, b) => two("less", a, b),
        Element::LessOrEqual(a, b) => two("less_or_equal", a, b),
        Element::Equal(a, b) => two("equal", a, b),
        Element::And(a, b) => format!("v{a} && v{b}"),
        Element::Or(a, b) => format!("v{a} || v{b}"),
        Element::Not(a) => format!("!v{a}"),
        Element::If(condition, then, other) => format!("select(v{other}, v{then}, v{condition})"),
    }
}
