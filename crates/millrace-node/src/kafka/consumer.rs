//! The exported class that reads from Kafka.

use std::time::Duration;

use millrace_kafka::consumer::{
    Batch, ColumnMessages, ColumnSettings, Consumer, ConsumerSettings, Event, Messages,
};
use millrace_kafka::start_from::StartFrom;
use napi::bindgen_prelude::{Buffer, Float64Array, Function};
use napi_derive::napi;
use serde_json::{Value, json};

use super::columns::column_settings;
use super::{KafkaProperty, KafkaTrouble, pairs, waker, whole};
use crate::failure::{Failure, Result, guard};
use crate::rows::NativeRows;

/// An offset at which a partition is begun with.
#[napi(object)]
pub struct KafkaPlace {
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// The offset.
    pub offset: f64,
}

/// Settings of a consumer.
#[napi(object)]
pub struct KafkaConsumerSettings {
    /// Of librdkafka.
    pub properties: Vec<KafkaProperty>,
    /// Topics, or patterns that begin with `^`.
    pub topics: Vec<String>,
    /// `earliest`, `latest`, `committed`, `timestamp` or `offsets`.
    pub start_from: String,
    /// For `timestamp`: milliseconds since 1970.
    pub timestamp: Option<f64>,
    /// For `offsets`.
    pub offsets: Option<Vec<KafkaPlace>>,
    /// The most bytes that are read and not released, about.
    pub max_bytes: f64,
    /// The most messages of a batch.
    pub batch_messages: f64,
    /// The most bytes of a batch, about.
    pub batch_bytes: f64,
    /// How long a message waits for the rest of its batch, in milliseconds.
    pub linger: f64,
    /// How often is committed, in milliseconds.
    pub commit_interval: f64,
    /// How long the brokers may take to answer at the start, in milliseconds.
    pub connect_timeout: f64,
    /// How values are decoded into columns, as JSON text: `{"format": "json" | "csv" | "raw" | "arrow" |
    /// "avro", "columns": [{"name", "type"}], "fields": string[], "wanted": number[], "tombstones": bool,
    /// "strict": bool, "delimiter": string, "quote": string, "nulls": string[], "schema": string or null}`.
    pub columns: Option<String>,
}

/// What a consumer has to say.
#[napi(object, object_from_js = false)]
pub struct KafkaEvent {
    /// `connected`, `batch`, `columns`, `schema`, `trouble`, `failed` or `closed`.
    pub kind: String,
    /// Of `trouble` and `failed`.
    pub trouble: Option<KafkaTrouble>,
    /// Of `batch` and `columns`: which assignment of its partition it belongs to. Of `schema`: the id of
    /// the schema that values wait for.
    pub assignment: u32,
    /// Of `batch` and `columns`.
    pub topic: String,
    /// Of `batch` and `columns`.
    pub partition: i32,
    /// Of `batch`: of each message offset, timestamp, and the lengths of key, value and headers.
    pub numbers: Option<Float64Array>,
    /// Of `batch`: keys, values and headers, message by message.
    pub bytes: Option<Buffer>,
    /// Of `batch` and `columns`: bytes to release.
    pub size: f64,
    /// Of `columns`: the rows.
    pub rows: Option<NativeRows>,
    /// Of `columns`: the offset of the first message.
    pub first: f64,
    /// Of `columns`: the offset of the last message.
    pub last: f64,
    /// Of `columns`: messages without a value.
    pub tombstones: u32,
    /// Of `columns`: messages that are no rows, as JSON text: `[{"offset", "reason", "text"}]`.
    pub refused: Option<String>,
}

/// A member of a consumer group, on a thread of its own.
#[napi]
pub struct NativeKafkaConsumer {
    consumer: Consumer,
}

#[napi]
impl NativeKafkaConsumer {
    /// Starts it. `wake` is called when there is something to take, and not again before that is looked
    /// at.
    #[napi(constructor)]
    pub fn new(settings: KafkaConsumerSettings, wake: Function<'_, (), ()>) -> Result<Self> {
        guard("read from Kafka", || {
            let start_from = start_from(&settings)?;
            let columns = settings.columns.as_deref().map(column_settings);
            let columns: Option<ColumnSettings> = columns.transpose()?;
            let settings = ConsumerSettings {
                properties: pairs(settings.properties),
                topics: settings.topics,
                start_from,
                max_bytes: count(settings.max_bytes),
                batch_messages: count(settings.batch_messages),
                batch_bytes: count(settings.batch_bytes),
                linger: Duration::from_millis(whole(settings.linger)),
                commit_interval: Duration::from_millis(whole(settings.commit_interval)),
                connect_timeout: Duration::from_millis(whole(settings.connect_timeout)),
                columns,
            };
            let consumer = Consumer::start(settings, waker(&wake)?);
            Ok(Self { consumer })
        })
    }

    /// The next event, or null.
    #[napi]
    pub fn take(&self) -> Result<Option<KafkaEvent>> {
        guard("read from Kafka", || Ok(self.consumer.take().map(event)))
    }

    /// Assignments that have ended since it was asked last.
    #[napi]
    pub fn take_ended(&self) -> Result<Vec<u32>> {
        guard("read from Kafka", || Ok(self.consumer.take_ended()))
    }

    /// Bytes that were read and not released.
    #[napi(getter)]
    pub fn held(&self) -> Result<f64> {
        #[expect(clippy::cast_precision_loss, reason = "memory is smaller than 2^53")]
        guard("read from Kafka", || Ok(self.consumer.held() as f64))
    }

    /// Gives back the bytes of a batch.
    #[napi]
    pub fn release(&self, size: f64) -> Result<()> {
        guard("read from Kafka", || {
            self.consumer.release(count(size));
            Ok(())
        })
    }

    /// Everything below `next` is done and may be committed; nothing where the assignment has ended.
    #[napi]
    pub fn acknowledge(&self, assignment: u32, next: f64) -> Result<()> {
        guard("acknowledge to Kafka", || {
            self.consumer.acknowledge(assignment, offset(next));
            Ok(())
        })
    }

    /// The partition is to be read again from an offset; its assignment ends.
    #[napi]
    pub fn rewind(&self, assignment: u32, to: f64) -> Result<()> {
        guard("read from Kafka", || {
            self.consumer.rewind(assignment, offset(to));
            Ok(())
        })
    }

    /// Makes the schema known that an event `schema` has asked for: the texts of those that it refers to,
    /// then its own; without them `reason` says why there is none.
    #[napi]
    pub fn add_schema(&self, id: u32, texts: Option<Vec<String>>, reason: String) -> Result<()> {
        guard("read from Kafka", || {
            self.consumer.add_schema(id, texts.ok_or(reason));
            Ok(())
        })
    }

    /// Commits what is done and leaves the group; `closed` is the last event.
    #[napi]
    pub fn close(&self) -> Result<()> {
        guard("close a Kafka consumer", || {
            self.consumer.close();
            Ok(())
        })
    }
}

fn event(event: Event) -> KafkaEvent {
    let kind = match &event {
        Event::Connected => "connected",
        Event::Batch(Batch {
            messages: Messages::Packed(_),
            ..
        }) => "batch",
        Event::Batch(_) => "columns",
        Event::Schema(_) => "schema",
        Event::Trouble(_) => "trouble",
        Event::Failed(_) => "failed",
        Event::Closed => "closed",
    };
    let mut told = KafkaEvent {
        kind: kind.to_owned(),
        trouble: None,
        assignment: 0,
        topic: String::new(),
        partition: 0,
        numbers: None,
        bytes: None,
        size: 0.0,
        rows: None,
        first: 0.0,
        last: 0.0,
        tombstones: 0,
        refused: None,
    };
    match event {
        Event::Trouble(failure) | Event::Failed(failure) => told.trouble = Some(failure.into()),
        Event::Schema(id) => told.assignment = id,
        Event::Batch(batch) => tell_batch(batch, &mut told),
        Event::Connected | Event::Closed => {}
    }
    told
}

#[expect(
    clippy::cast_precision_loss,
    reason = "memory and offsets stay below 2^53"
)]
fn tell_batch(batch: Batch, told: &mut KafkaEvent) {
    told.assignment = batch.assignment;
    told.topic = batch.topic.to_string();
    told.partition = batch.partition;
    told.size = batch.messages.size() as f64;
    match batch.messages {
        Messages::Packed(packed) => {
            told.numbers = Some(Float64Array::new(packed.numbers));
            told.bytes = Some(Buffer::from(packed.bytes));
        }
        Messages::Columns(columns) => tell_columns(columns, told),
    }
}

#[expect(clippy::cast_precision_loss, reason = "offsets stay below 2^53")]
fn tell_columns(columns: ColumnMessages, told: &mut KafkaEvent) {
    told.first = columns.first as f64;
    told.last = columns.last as f64;
    told.tombstones = u32::try_from(columns.tombstones).unwrap_or(u32::MAX);
    if !columns.refused.is_empty() {
        let refused = columns.refused.iter().map(|refused| {
            json!({
                "offset": refused.offset,
                "reason": refused.reason,
                "text": refused.text,
            })
        });
        told.refused = Some(Value::from(refused.collect::<Vec<_>>()).to_string());
    }
    told.rows = Some(NativeRows::new(columns.batch));
}

fn start_from(settings: &KafkaConsumerSettings) -> Result<StartFrom> {
    Ok(match settings.start_from.as_str() {
        "earliest" => StartFrom::Earliest,
        "latest" => StartFrom::Latest,
        "committed" => StartFrom::Committed,
        "timestamp" => StartFrom::Timestamp(offset(settings.timestamp.unwrap_or_default())),
        "offsets" => StartFrom::Offsets(
            settings
                .offsets
                .iter()
                .flatten()
                .map(|place| {
                    let partition = (place.topic.clone(), place.partition);
                    (partition, offset(place.offset))
                })
                .collect(),
        ),
        other => {
            let message = format!("Cannot read from Kafka: startFrom must be known, got {other}");
            return Err(Failure::new("ERR_INVALID_ARGUMENT", message));
        }
    })
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "JavaScript has checked that it is a whole number"
)]
fn offset(number: f64) -> i64 {
    number as i64
}

fn count(number: f64) -> usize {
    usize::try_from(whole(number)).unwrap_or(usize::MAX)
}
