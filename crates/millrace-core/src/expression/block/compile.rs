//! Flattens expressions into block programs.

use std::collections::HashMap;

use super::{BLOCK, BlockProgram, FusedSum, Linear, Source, Step, Test};
use crate::column_type::ColumnType;
use crate::expression::arithmetic::ArithmeticOperator;
use crate::expression::comparison::ComparisonOperator;
use crate::expression::{Expression, ExpressionId, Expressions};

/// What is known of a subexpression: a constant, or a linear function of a source.
#[derive(Debug, Clone, Copy)]
enum Form {
    Constant(f64),
    Linear(Source, Chain),
}

/// A linear function as it grows: how many of its three operations are taken.
#[derive(Debug, Clone, Copy)]
struct Chain {
    linear: Linear,
    taken: u8,
}

impl Chain {
    const IDENTITY: Self = Self {
        linear: Linear {
            scale: 1.0,
            offset: -0.0,
            factor: 1.0,
        },
        taken: 0,
    };

    /// Times `k`, unless that is one operation too many.
    fn times(mut self, k: f64) -> Option<Self> {
        match self.taken {
            0 => self.linear.scale = k,
            1 | 2 => self.linear.factor = k,
            _ => return None,
        }
        self.taken = if self.taken == 0 { 1 } else { 3 };
        Some(self)
    }

    /// Plus `k`, likewise.
    fn plus(mut self, k: f64) -> Option<Self> {
        (self.taken < 2).then(|| {
            self.linear.offset = k;
            self.taken = 2;
            self
        })
    }

    /// `k` minus it, likewise: the sign of a product is that of its factor, so nothing is rounded
    /// twice.
    fn from(mut self, k: f64) -> Option<Self> {
        (self.taken < 2).then(|| {
            self.linear.scale = -self.linear.scale;
            self.linear.offset = k;
            self.taken = 2;
            self
        })
    }

    fn is_same(self, other: Self) -> bool {
        let bits = |chain: Self| {
            let Linear {
                scale,
                offset,
                factor,
            } = chain.linear;
            [scale, offset, factor].map(f64::to_bits)
        };
        bits(self) == bits(other)
    }
}

#[derive(Debug)]
struct Compiler<'a> {
    expressions: &'a Expressions,
    leaves: Vec<ExpressionId>,
    steps: Vec<Step>,
    registers: Vec<Vec<f64>>,
    masks: usize,
    values: HashMap<ExpressionId, Form>,
    conditions: HashMap<ExpressionId, usize>,
    constants: HashMap<u64, usize>,
}

impl BlockProgram {
    /// The program of a value and of the condition under which a row is kept, which is that no
    /// condition is false; nothing where they are not made of arithmetic and comparisons of floats.
    pub(crate) fn compile(
        expressions: &Expressions,
        value: ExpressionId,
        conditions: &[ExpressionId],
    ) -> Option<Self> {
        let mut compiler = Compiler {
            expressions,
            leaves: Vec::new(),
            steps: Vec::new(),
            registers: Vec::new(),
            masks: 0,
            values: HashMap::new(),
            conditions: HashMap::new(),
            constants: HashMap::new(),
        };
        let Form::Linear(of, chain) = compiler.value(value)? else {
            return None;
        };
        let fused = compiler.fused(of, chain, conditions);
        let value = compiler.settle(of, chain);
        let mut keep = None;
        for &condition in conditions {
            let mask = compiler.condition(condition)?;
            keep = Some(match keep {
                None => mask,
                Some(left) => compiler.mask(|to| Step::And {
                    left,
                    right: mask,
                    to,
                }),
            });
        }
        Some(Self {
            leaves: compiler.leaves,
            steps: compiler.steps,
            value,
            keep,
            fused,
            registers: compiler.registers,
            masks: vec![vec![0; BLOCK]; compiler.masks],
        })
    }
}

impl Compiler<'_> {
    /// The sum in one pass, where the one condition holds the value itself against a constant.
    fn fused(&mut self, of: Source, chain: Chain, conditions: &[ExpressionId]) -> Option<FusedSum> {
        let (test, bound) = match conditions {
            // The column as it is: that is what sums are for.
            [] if chain.taken == 0 => return None,
            [] => (Test::Always, 0.0),
            [condition] => self.held_against(of, chain, *condition)?,
            _ => return None,
        };
        Some(FusedSum {
            of,
            linear: chain.linear,
            test,
            bound,
            after: self.steps.len(),
        })
    }

    fn held_against(
        &mut self,
        of: Source,
        chain: Chain,
        condition: ExpressionId,
    ) -> Option<(Test, f64)> {
        let Expression::Compare {
            operator,
            left,
            right,
            operands: ColumnType::F64,
        } = self.expressions.get(condition).expression
        else {
            return None;
        };
        let is_value = |form: Form| matches!(form, Form::Linear(source, other) if source == of && other.is_same(chain));
        match (self.value(left)?, self.value(right)?) {
            (value, Form::Constant(bound)) if is_value(value) => {
                let test = match operator {
                    ComparisonOperator::Eq => Test::Eq,
                    ComparisonOperator::Ne => Test::Ne,
                    ComparisonOperator::Lt => Test::Lt,
                    ComparisonOperator::Le => Test::Le,
                };
                Some((test, bound))
            }
            (Form::Constant(bound), value) if is_value(value) => {
                let test = match operator {
                    ComparisonOperator::Eq => Test::Eq,
                    ComparisonOperator::Ne => Test::Ne,
                    ComparisonOperator::Lt => Test::Gt,
                    ComparisonOperator::Le => Test::Ge,
                };
                Some((test, bound))
            }
            _ => None,
        }
    }

    /// The form of an expression of floats.
    fn value(&mut self, id: ExpressionId) -> Option<Form> {
        if let Some(&form) = self.values.get(&id) {
            return Some(form);
        }
        let typed = self.expressions.get(id);
        let form = match &typed.expression {
            // A literal takes the type of what it stands beside.
            Expression::Literal(literal) => Form::Constant(literal.number()?),
            _ if typed.column_type != ColumnType::F64 => return None,
            Expression::Arithmetic {
                operator,
                left,
                right,
            } if !matches!(operator, ArithmeticOperator::Mod | ArithmeticOperator::Pow) => {
                let (left, right) = (self.value(*left)?, self.value(*right)?);
                self.arithmetic(*operator, left, right)
            }
            Expression::Negate { value } => match self.value(*value)? {
                Form::Constant(value) => Form::Constant(-value),
                form => self.arithmetic(ArithmeticOperator::Mul, form, Form::Constant(-1.0)),
            },
            _ => {
                self.leaves.push(id);
                Form::Linear(Source::Leaf(self.leaves.len() - 1), Chain::IDENTITY)
            }
        };
        self.values.insert(id, form);
        Some(form)
    }

    fn arithmetic(&mut self, operator: ArithmeticOperator, left: Form, right: Form) -> Form {
        use ArithmeticOperator::{Add, Div, Mul, Sub};
        let folded = match (left, right, operator) {
            (Form::Constant(a), Form::Constant(b), _) => {
                return Form::Constant(match operator {
                    Add => a + b,
                    Sub => a - b,
                    Mul => a * b,
                    _ => a / b,
                });
            }
            (Form::Linear(of, chain), Form::Constant(k), Add)
            | (Form::Constant(k), Form::Linear(of, chain), Add) => {
                self.grown(of, chain, |chain| chain.plus(k))
            }
            (Form::Linear(of, chain), Form::Constant(k), Sub) => {
                self.grown(of, chain, |chain| chain.plus(-k))
            }
            (Form::Constant(k), Form::Linear(of, chain), Sub) => {
                self.grown(of, chain, |chain| chain.from(k))
            }
            (Form::Linear(of, chain), Form::Constant(k), Mul)
            | (Form::Constant(k), Form::Linear(of, chain), Mul) => {
                self.grown(of, chain, |chain| chain.times(k))
            }
            (Form::Linear(of, chain), Form::Constant(k), Div) if is_power_of_two(k) => {
                self.grown(of, chain, |chain| chain.times(1.0 / k))
            }
            _ => None,
        };
        folded.unwrap_or_else(|| {
            let (left, right) = (self.settled(left), self.settled(right));
            let to = self.register(0.0);
            self.steps.push(Step::Binary {
                operator,
                left,
                right,
                to,
            });
            Form::Linear(Source::Register(to), Chain::IDENTITY)
        })
    }

    /// A chain that has grown by one operation; where it is full, a new one begins.
    fn grown(
        &mut self,
        of: Source,
        chain: Chain,
        grow: impl Fn(Chain) -> Option<Chain>,
    ) -> Option<Form> {
        if let Some(chain) = grow(chain) {
            return Some(Form::Linear(of, chain));
        }
        let of = self.settle(of, chain);
        grow(Chain::IDENTITY).map(|chain| Form::Linear(of, chain))
    }

    fn settled(&mut self, form: Form) -> Source {
        match form {
            Form::Linear(of, chain) => self.settle(of, chain),
            Form::Constant(value) => Source::Register(self.constant(value)),
        }
    }

    /// Where the values of a chain are.
    fn settle(&mut self, of: Source, chain: Chain) -> Source {
        if chain.taken == 0 {
            return of;
        }
        let known = self.steps.iter().find_map(|step| match *step {
            Step::Linear {
                of: source,
                linear,
                to,
            } if source == of && chain.is_same(Chain { linear, taken: 0 }) => Some(to),
            _ => None,
        });
        Source::Register(known.unwrap_or_else(|| {
            let to = self.register(0.0);
            let linear = chain.linear;
            self.steps.push(Step::Linear { of, linear, to });
            to
        }))
    }

    fn register(&mut self, value: f64) -> usize {
        self.registers.push(vec![value; BLOCK]);
        self.registers.len() - 1
    }

    /// A register of one value, which no step writes to.
    fn constant(&mut self, value: f64) -> usize {
        if let Some(&known) = self.constants.get(&value.to_bits()) {
            return known;
        }
        let register = self.register(value);
        self.constants.insert(value.to_bits(), register);
        register
    }

    fn mask(&mut self, step: impl Fn(usize) -> Step) -> usize {
        self.masks += 1;
        self.steps.push(step(self.masks - 1));
        self.masks - 1
    }

    /// The mask of a condition.
    fn condition(&mut self, id: ExpressionId) -> Option<usize> {
        if let Some(&known) = self.conditions.get(&id) {
            return Some(known);
        }
        let mask = match self.expressions.get(id).expression {
            Expression::Compare {
                operator,
                left,
                right,
                operands: ColumnType::F64,
            } => {
                let (left, right) = (self.value(left)?, self.value(right)?);
                let (left, right) = (self.settled(left), self.settled(right));
                self.mask(|to| Step::Compare {
                    operator,
                    left,
                    right,
                    to,
                })
            }
            Expression::And { left, right } => {
                let (left, right) = (self.condition(left)?, self.condition(right)?);
                self.mask(|to| Step::And { left, right, to })
            }
            Expression::Or { left, right } => {
                let (left, right) = (self.condition(left)?, self.condition(right)?);
                self.mask(|to| Step::Or { left, right, to })
            }
            Expression::Not { value } => {
                let of = self.condition(value)?;
                self.mask(|to| Step::Not { of, to })
            }
            _ => return None,
        };
        self.conditions.insert(id, mask);
        Some(mask)
    }
}

/// Whether a division by `k` is a multiplication by its reciprocal: both are exact but for the one
/// rounding of the result.
fn is_power_of_two(k: f64) -> bool {
    let mantissa = k.to_bits() & ((1 << 52) - 1);
    k.is_normal() && mantissa == 0 && (1.0 / k).is_normal()
}
