//! What a consumer that decodes is told, from JSON.

use std::sync::Arc;

use millrace_io::Wanted;
use millrace_io::avro::{Schema, Schemas};
use millrace_io::message::{MessageField, MessageSpec, ValueFormat};
use millrace_kafka::consumer::ColumnSettings;
use serde_json::Value;

use crate::failure::{Failure, Result};
use crate::reader::{columns, dialect};

/// See `KafkaConsumerSettings.columns`.
pub(super) fn column_settings(text: &str) -> Result<ColumnSettings> {
    let spec: Value = serde_json::from_str(text)
        .map_err(|error| invalid(&format!("its columns must be JSON: {error}")))?;
    let format = match spec["format"].as_str() {
        Some("json") => ValueFormat::Json,
        Some("csv") => ValueFormat::Csv(dialect(&spec)?),
        Some("raw") => ValueFormat::Raw,
        Some("arrow") => ValueFormat::Arrow,
        Some("avro") => ValueFormat::Avro(Arc::new(schemas(&spec)?)),
        other => return Err(invalid(&format!("format must be known, got {other:?}"))),
    };
    let fields = strings(&spec["fields"]).map(|name| {
        MessageField::parse(name).ok_or_else(|| invalid(&format!("there is no field {name:?}")))
    });
    let wanted = spec["wanted"].as_array().into_iter().flatten();
    let strict = spec["strict"].as_bool().unwrap_or(true);
    let spec = MessageSpec {
        format,
        columns: columns(&spec)?.unwrap_or_default(),
        fields: fields.collect::<Result<_>>()?,
        wanted: wanted.map(|code| wanted_of(code.as_u64())).collect(),
        tombstones: spec["tombstones"].as_bool().unwrap_or(false),
    };
    Ok(ColumnSettings { spec, strict })
}

fn wanted_of(code: Option<u64>) -> Wanted {
    match code {
        Some(1) => Wanted::Plain,
        Some(2) => Wanted::Interned,
        _ => Wanted::Unused,
    }
}

fn schemas(spec: &Value) -> Result<Schemas> {
    match spec["schema"].as_str() {
        None => Ok(Schemas::of_registry()),
        Some(text) => match Schema::parse(&[text]) {
            Ok(schema) => Ok(Schemas::only(schema)),
            Err(reason) => Err(invalid(&reason)),
        },
    }
}

fn strings(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}

fn invalid(detail: &str) -> Failure {
    Failure::new(
        "ERR_INVALID_ARGUMENT",
        format!("Cannot read from Kafka: {detail}"),
    )
}
