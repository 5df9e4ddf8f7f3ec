//! Schemas of Avro, as far as it takes to read records.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Map, Value};

/// Types within types that a schema may have.
const MOST_NESTED: usize = 64;

/// A type.
#[derive(Debug, Clone)]
pub(super) enum Node {
    Null,
    Boolean,
    Int(Logical),
    Long(Logical),
    Float,
    Double,
    Bytes,
    Text,
    Fixed(usize),
    Enum(Arc<[String]>),
    Array(Box<Node>),
    Map(Box<Node>),
    Union(Arc<[Node]>),
    /// By its place among the records of the schema, which may contain themselves.
    Record(usize),
}

/// What an integer stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Logical {
    Number,
    /// Days since 1970.
    Date,
    /// Units of so many nanoseconds since 1970.
    Timestamp(i64),
}

/// A schema that values are written with: that of a record.
#[derive(Debug)]
pub struct Schema {
    records: Vec<Vec<(String, Node)>>,
    root: usize,
}

impl Schema {
    /// Parses the JSON texts of schemas, of which the last is that of the values, and the others are those
    /// that it refers to by their names.
    ///
    /// # Errors
    /// What is wrong, for people.
    ///
    /// # Examples
    /// ```
    /// use millrace_io::avro::Schema;
    ///
    /// let text = r#"{"type": "record", "name": "Trade", "fields": [
    ///     {"name": "price", "type": ["null", "double"]},
    ///     {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}}
    /// ]}"#;
    /// assert!(Schema::parse(&[text]).is_ok());
    /// assert!(Schema::parse(&[r#""string""#]).is_err());
    /// ```
    pub fn parse(texts: &[impl AsRef<str>]) -> Result<Self, String> {
        let mut parser = Parser::default();
        let mut root = None;
        for text in texts {
            let value: Value = serde_json::from_str(text.as_ref())
                .map_err(|error| format!("its schema must be JSON: {error}"))?;
            root = Some(parser.node(&value, "", 0)?);
        }
        match root {
            Some(Node::Record(root)) => Ok(Self {
                records: parser.records,
                root,
            }),
            _ => Err("its schema must be that of a record".to_owned()),
        }
    }

    /// The fields of a value, in their order.
    pub(super) fn fields(&self) -> &[(String, Node)] {
        self.record(self.root)
    }

    pub(super) fn record(&self, index: usize) -> &[(String, Node)] {
        self.records.get(index).map_or(&[], Vec::as_slice)
    }
}

#[derive(Default)]
struct Parser {
    records: Vec<Vec<(String, Node)>>,
    named: HashMap<String, Node>,
}

impl Parser {
    fn node(&mut self, value: &Value, space: &str, depth: usize) -> Result<Node, String> {
        if depth > MOST_NESTED {
            return Err(format!("its schema is nested more than {MOST_NESTED} deep"));
        }
        match value {
            Value::String(name) => self.by_name(name, space),
            Value::Array(branches) => {
                let branches = branches.iter();
                let nodes = branches.map(|branch| self.node(branch, space, depth + 1));
                Ok(Node::Union(nodes.collect::<Result<_, _>>()?))
            }
            Value::Object(object) => self.object(object, space, depth),
            _ => Err(format!("its schema has no type {value}")),
        }
    }

    fn by_name(&self, name: &str, space: &str) -> Result<Node, String> {
        Ok(match name {
            "null" => Node::Null,
            "boolean" => Node::Boolean,
            "int" => Node::Int(Logical::Number),
            "long" => Node::Long(Logical::Number),
            "float" => Node::Float,
            "double" => Node::Double,
            "bytes" => Node::Bytes,
            "string" => Node::Text,
            _ => {
                let found = self.named.get(&full_name(name, space));
                let found = found.or_else(|| self.named.get(name)).cloned();
                found.ok_or_else(|| format!("its schema has no type '{name}'"))?
            }
        })
    }

    fn object(
        &mut self,
        object: &Map<String, Value>,
        space: &str,
        depth: usize,
    ) -> Result<Node, String> {
        let kind = match object.get("type") {
            Some(Value::String(kind)) => kind.as_str(),
            Some(nested) => return self.node(nested, space, depth + 1),
            None => return Err("its schema has a type without a name".to_owned()),
        };
        let part = |name: &str| {
            let part = object.get(name);
            part.ok_or_else(|| format!("its schema has a type {kind} without {name}"))
        };
        match kind {
            "record" | "error" => {
                let name = self.name_of(object, space)?;
                let index = self.records.len();
                self.records.push(Vec::new());
                let space = name
                    .rsplit_once('.')
                    .map_or("", |(space, _)| space)
                    .to_owned();
                self.named.insert(name, Node::Record(index));
                let mut fields = Vec::new();
                for field in part("fields")?.as_array().into_iter().flatten() {
                    let name = field["name"].as_str().unwrap_or_default().to_owned();
                    fields.push((name, self.node(&field["type"], &space, depth + 1)?));
                }
                self.records[index] = fields;
                Ok(Node::Record(index))
            }
            "enum" => {
                let symbols = part("symbols")?.as_array().into_iter().flatten();
                let symbols = symbols.map(|one| one.as_str().unwrap_or_default().to_owned());
                let node = Node::Enum(symbols.collect());
                self.named
                    .insert(self.name_of(object, space)?, node.clone());
                Ok(node)
            }
            "fixed" => {
                let size = part("size")?.as_u64().and_then(|size| size.try_into().ok());
                let node = Node::Fixed(size.ok_or("its schema has a size that is none")?);
                self.named
                    .insert(self.name_of(object, space)?, node.clone());
                Ok(node)
            }
            "array" => {
                let items = self.node(part("items")?, space, depth + 1)?;
                Ok(Node::Array(Box::new(items)))
            }
            "map" => {
                let values = self.node(part("values")?, space, depth + 1)?;
                Ok(Node::Map(Box::new(values)))
            }
            _ => {
                let logical = logical(object.get("logicalType").and_then(Value::as_str));
                Ok(match (self.by_name(kind, space)?, logical) {
                    (Node::Int(_), Logical::Date) => Node::Int(Logical::Date),
                    (Node::Long(_), Logical::Timestamp(unit)) => {
                        Node::Long(Logical::Timestamp(unit))
                    }
                    (plain, _) => plain,
                })
            }
        }
    }

    fn name_of(&self, object: &Map<String, Value>, space: &str) -> Result<String, String> {
        let name = object.get("name").and_then(Value::as_str);
        let name = name.ok_or("its schema has a type without a name")?;
        let own = object.get("namespace").and_then(Value::as_str);
        Ok(full_name(name, own.unwrap_or(space)))
    }
}

fn full_name(name: &str, space: &str) -> String {
    if name.contains('.') || space.is_empty() {
        return name.to_owned();
    }
    format!("{space}.{name}")
}

fn logical(name: Option<&str>) -> Logical {
    match name {
        Some("date") => Logical::Date,
        Some("timestamp-millis" | "local-timestamp-millis") => Logical::Timestamp(1_000_000),
        Some("timestamp-micros" | "local-timestamp-micros") => Logical::Timestamp(1_000),
        Some("timestamp-nanos" | "local-timestamp-nanos") => Logical::Timestamp(1),
        _ => Logical::Number,
    }
}
