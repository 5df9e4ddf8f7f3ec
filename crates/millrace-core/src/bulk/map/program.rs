//! Expressions as a list of operations on single values: what devices are given.

use crate::column_type::ColumnType;
use crate::expression::{
    ArithmeticOperator, ComparisonOperator, Expression, ExpressionId, Expressions, Extremum,
    Literal, MathFunction,
};

/// One operation; its operands are the numbers of earlier ones. Conditions are operations too.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Element {
    /// The value of a column that comes in.
    Input(usize),
    /// One value for all rows.
    Constant(f32),
    /// A condition that holds for all rows, or for none.
    Always(bool),
    /// The sum.
    Add(usize, usize),
    /// The difference.
    Sub(usize, usize),
    /// The product.
    Mul(usize, usize),
    /// The quotient.
    Div(usize, usize),
    /// The value with the other sign.
    Negate(usize),
    /// The value without its sign.
    Absolute(usize),
    /// The largest whole number that is not larger.
    Floor(usize),
    /// The smallest whole number that is not smaller.
    Ceil(usize),
    /// The square root.
    Sqrt(usize),
    /// e to that power.
    Exp(usize),
    /// The natural logarithm.
    Log(usize),
    /// The smaller; NaN where one is.
    Least(usize, usize),
    /// The larger; NaN where one is.
    Greatest(usize, usize),
    /// The first, or the second where that is larger.
    AtLeast(usize, usize),
    /// The first, or the second where that is smaller.
    AtMost(usize, usize),
    /// Whether the first is less.
    Less(usize, usize),
    /// Whether the first is less or equal.
    LessOrEqual(usize, usize),
    /// Whether they are equal.
    Equal(usize, usize),
    /// Whether both conditions hold.
    And(usize, usize),
    /// Whether one of the conditions holds.
    Or(usize, usize),
    /// Whether the condition does not hold.
    Not(usize),
    /// The second where the condition, which is the first, holds; else the third.
    If(usize, usize, usize),
}

/// Operations in the order in which they are computed.
#[derive(Debug, Clone, PartialEq)]
pub struct ElementProgram {
    /// How many columns come in.
    pub inputs: usize,
    /// The operations.
    pub elements: Vec<Element>,
    /// Which of them go out as columns.
    pub outputs: Vec<usize>,
}

impl Element {
    /// The same operation on operands with other numbers.
    #[must_use]
    fn moved(self, to: impl Fn(usize) -> usize) -> Self {
        match self {
            Self::Input(_) | Self::Constant(_) | Self::Always(_) => self,
            Self::Add(a, b) => Self::Add(to(a), to(b)),
            Self::Sub(a, b) => Self::Sub(to(a), to(b)),
            Self::Mul(a, b) => Self::Mul(to(a), to(b)),
            Self::Div(a, b) => Self::Div(to(a), to(b)),
            Self::Negate(a) => Self::Negate(to(a)),
            Self::Absolute(a) => Self::Absolute(to(a)),
            Self::Floor(a) => Self::Floor(to(a)),
            Self::Ceil(a) => Self::Ceil(to(a)),
            Self::Sqrt(a) => Self::Sqrt(to(a)),
            Self::Exp(a) => Self::Exp(to(a)),
            Self::Log(a) => Self::Log(to(a)),
            Self::Least(a, b) => Self::Least(to(a), to(b)),
            Self::Greatest(a, b) => Self::Greatest(to(a), to(b)),
            Self::AtLeast(a, b) => Self::AtLeast(to(a), to(b)),
            Self::AtMost(a, b) => Self::AtMost(to(a), to(b)),
            Self::Less(a, b) => Self::Less(to(a), to(b)),
            Self::LessOrEqual(a, b) => Self::LessOrEqual(to(a), to(b)),
            Self::Equal(a, b) => Self::Equal(to(a), to(b)),
            Self::And(a, b) => Self::And(to(a), to(b)),
            Self::Or(a, b) => Self::Or(to(a), to(b)),
            Self::Not(a) => Self::Not(to(a)),
            Self::If(a, b, c) => Self::If(to(a), to(b), to(c)),
        }
    }
}

impl ElementProgram {
    /// This program and one that takes what it yields, as one. There must be as many columns as that
    /// takes.
    #[must_use]
    pub fn then(mut self, next: &Self) -> Option<Self> {
        if next.inputs != self.outputs.len() {
            return None;
        }
        let mut places = Vec::with_capacity(next.elements.len());
        for element in &next.elements {
            if let Element::Input(column) = *element {
                places.push(self.outputs[column]);
            } else {
                self.elements.push(element.moved(|place| places[place]));
                places.push(self.elements.len() - 1);
            }
        }
        self.outputs = next.outputs.iter().map(|&place| places[place]).collect();
        Some(self)
    }
}

/// The program of some expressions of f32, or the name of an operation that there is none for.
pub(super) fn lower(
    expressions: &Expressions,
    inputs: usize,
    results: &[ExpressionId],
) -> Result<ElementProgram, &'static str> {
    let mut lowering = Lowering {
        expressions,
        elements: Vec::new(),
        places: vec![None; expressions.len()],
    };
    let outputs = results.iter().map(|&id| lowering.place(id));
    let outputs = outputs.collect::<Result<_, _>>()?;
    Ok(ElementProgram {
        inputs,
        elements: lowering.elements,
        outputs,
    })
}

struct Lowering<'a> {
    expressions: &'a Expressions,
    elements: Vec<Element>,
    places: Vec<Option<usize>>,
}

impl Lowering<'_> {
    fn place(&mut self, id: ExpressionId) -> Result<usize, &'static str> {
        if let Some(place) = self.places[id] {
            return Ok(place);
        }
        let element = self.element(id)?;
        let place = self.push(element);
        self.places[id] = Some(place);
        Ok(place)
    }

    fn push(&mut self, element: Element) -> usize {
        self.elements.push(element);
        self.elements.len() - 1
    }

    fn element(&mut self, id: ExpressionId) -> Result<Element, &'static str> {
        let typed = self.expressions.get(id);
        let floats = typed.column_type == ColumnType::F32;
        Ok(match typed.expression {
            Expression::Column { column, .. } => Element::Input(column),
            Expression::Literal(Literal::Bool(value)) => Element::Always(value),
            Expression::Literal(ref literal) if floats => {
                Element::Constant(literal.number().ok_or("null")?)
            }
            Expression::Arithmetic {
                operator,
                left,
                right,
            } if floats => {
                let (a, b) = (self.place(left)?, self.place(right)?);
                match operator {
                    ArithmeticOperator::Add => Element::Add(a, b),
                    ArithmeticOperator::Sub => Element::Sub(a, b),
                    ArithmeticOperator::Mul => Element::Mul(a, b),
                    ArithmeticOperator::Div => Element::Div(a, b),
                    ArithmeticOperator::Mod | ArithmeticOperator::Pow => {
                        return Err(operator.name());
                    }
                }
            }
            Expression::Compare {
                operator,
                left,
                right,
                operands: ColumnType::F64,
            } => self.compare(operator, left, right)?,
            Expression::And { left, right } => Element::And(self.place(left)?, self.place(right)?),
            Expression::Or { left, right } => Element::Or(self.place(left)?, self.place(right)?),
            Expression::Not { value } => Element::Not(self.place(value)?),
            // Nothing is missing in kernels.
            Expression::IsNull { .. } => Element::Always(false),
            Expression::FillNull { value, .. } => return self.again(value),
            Expression::Negate { value } if floats => Element::Negate(self.place(value)?),
            Expression::Absolute { value } if floats => Element::Absolute(self.place(value)?),
            Expression::Math { function, value } if floats => {
                let value = self.place(value)?;
                match function {
                    MathFunction::Floor => Element::Floor(value),
                    MathFunction::Ceil => Element::Ceil(value),
                    MathFunction::Sqrt => Element::Sqrt(value),
                    MathFunction::Exp => Element::Exp(value),
                    MathFunction::Log => Element::Log(value),
                }
            }
            Expression::If {
                condition,
                then,
                other,
            } => {
                let condition = self.place(condition)?;
                Element::If(condition, self.place(then)?, self.place(other)?)
            }
            Expression::Extremum { kind, left, right } if floats => {
                let (a, b) = (self.place(left)?, self.place(right)?);
                match kind {
                    Extremum::Least => Element::Least(a, b),
                    Extremum::Greatest => Element::Greatest(a, b),
                    Extremum::AtLeast => Element::AtLeast(a, b),
                    Extremum::AtMost => Element::AtMost(a, b),
                }
            }
            Expression::Round { .. } => return Err("round"),
            Expression::Cast { .. } => return Err("cast"),
            _ => return Err("arithmetic of another type than f32"),
        })
    }

    /// The operation of an expression that another one is the same as.
    fn again(&mut self, id: ExpressionId) -> Result<Element, &'static str> {
        let place = self.place(id)?;
        Ok(self.elements[place])
    }

    /// Comparisons are of f64: of values of f32 they are the same in f32, and a literal that lies
    /// between two of those is held against the one that gives the same answer.
    fn compare(
        &mut self,
        operator: ComparisonOperator,
        left: ExpressionId,
        right: ExpressionId,
    ) -> Result<Element, &'static str> {
        let element = match (self.side(left)?, self.side(right)?) {
            (Side::Value(a), Side::Value(b)) => match operator {
                ComparisonOperator::Eq | ComparisonOperator::Ne => Element::Equal(a, b),
                ComparisonOperator::Lt => Element::Less(a, b),
                ComparisonOperator::Le => Element::LessOrEqual(a, b),
            },
            (Side::Value(a), Side::Literal(bound)) => {
                let (below, above) = around(bound);
                let (element, bound): (fn(usize, usize) -> Element, f32) = match operator {
                    ComparisonOperator::Eq | ComparisonOperator::Ne if below != above => {
                        return Ok(Element::Always(operator == ComparisonOperator::Ne));
                    }
                    ComparisonOperator::Eq | ComparisonOperator::Ne => (Element::Equal, below),
                    ComparisonOperator::Lt => (Element::Less, above),
                    ComparisonOperator::Le => (Element::LessOrEqual, below),
                };
                element(a, self.push(Element::Constant(bound)))
            }
            (Side::Literal(bound), Side::Value(b)) => {
                let (below, above) = around(bound);
                let (element, bound): (fn(usize, usize) -> Element, f32) = match operator {
                    ComparisonOperator::Eq | ComparisonOperator::Ne if below != above => {
                        return Ok(Element::Always(operator == ComparisonOperator::Ne));
                    }
                    ComparisonOperator::Eq | ComparisonOperator::Ne => (Element::Equal, below),
                    ComparisonOperator::Lt => (Element::Less, below),
                    ComparisonOperator::Le => (Element::LessOrEqual, above),
                };
                element(self.push(Element::Constant(bound)), b)
            }
            (Side::Literal(a), Side::Literal(b)) => {
                return Ok(Element::Always(match operator {
                    ComparisonOperator::Eq => a == b,
                    ComparisonOperator::Ne => a != b,
                    ComparisonOperator::Lt => a < b,
                    ComparisonOperator::Le => a <= b,
                }));
            }
        };
        if operator != ComparisonOperator::Ne {
            return Ok(element);
        }
        let equal = self.push(element);
        Ok(Element::Not(equal))
    }

    fn side(&mut self, id: ExpressionId) -> Result<Side, &'static str> {
        match self.expressions.get(id).expression {
            Expression::Literal(ref literal) => Ok(Side::Literal(literal.number().ok_or("null")?)),
            Expression::Convert {
                value,
                from: ColumnType::F32,
            } => Ok(Side::Value(self.place(value)?)),
            _ => Err("comparison of another type than f32"),
        }
    }
}

/// What is compared: a value of f32, or a literal.
enum Side {
    Value(usize),
    Literal(f64),
}

/// The values of f32 next to one of f64: the largest that is not larger, and the smallest that is not
/// smaller. Of NaN both are NaN.
fn around(value: f64) -> (f32, f32) {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "what is lost is made up for"
    )]
    let near = value as f32;
    let wide = f64::from(near);
    if wide < value {
        (near, near.next_up())
    } else if wide > value {
        (near.next_down(), near)
    } else {
        (near, near)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_f32_stand_around_those_of_f64() {
        assert_eq!(around(0.5), (0.5, 0.5));
        let (below, above) = around(0.1);
        assert!(f64::from(below) < 0.1 && f64::from(above) > 0.1);
        assert_eq!(below.next_up(), above);
        assert_eq!(around(1e300), (f32::MAX, f32::INFINITY));
        assert_eq!(around(f64::INFINITY), (f32::INFINITY, f32::INFINITY));
        assert!(around(f64::NAN).0.is_nan());
    }

    #[test]
    fn programs_are_put_together() {
        let first = ElementProgram {
            inputs: 2,
            elements: vec![Element::Input(1), Element::Negate(0)],
            outputs: vec![1, 0],
        };
        let next = ElementProgram {
            inputs: 2,
            elements: vec![Element::Input(0), Element::Input(1), Element::Add(1, 0)],
            outputs: vec![2],
        };
        let both = first.clone().then(&next).expect("as many columns");
        assert_eq!(
            both.elements,
            [Element::Input(1), Element::Negate(0), Element::Add(0, 1)]
        );
        assert_eq!(both.outputs, [2]);
        assert!(next.then(&first).is_none());
    }
}
