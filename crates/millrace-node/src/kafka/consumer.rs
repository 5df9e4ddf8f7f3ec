//! The exported class that reads from Kafka.

use std::time::Duration;

use millrace_kafka::consumer::{Batch, Consumer, ConsumerSettings, Event};
use millrace_kafka::start_from::StartFrom;
use napi::bindgen_prelude::{Buffer, Float64Array, Function};
use napi_derive::napi;

use super::{KafkaProperty, KafkaTrouble, pairs, waker, whole};
use crate::failure::{Failure, Result, guard};

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
}

/// What a consumer has to say.
#[napi(object)]
pub struct KafkaEvent {
    /// `connected`, `batch`, `trouble`, `failed` or `closed`.
    pub kind: String,
    /// Of `trouble` and `failed`.
    pub trouble: Option<KafkaTrouble>,
    /// Of `batch`: which assignment of its partition it belongs to.
    pub assignment: u32,
    /// Of `batch`.
    pub topic: String,
    /// Of `batch`.
    pub partition: i32,
    /// Of `batch`: of each message offset, timestamp, and the lengths of key, value and headers.
    pub numbers: Option<Float64Array>,
    /// Of `batch`: keys, values and headers, message by message.
    pub bytes: Option<Buffer>,
    /// Of `batch`: bytes to release.
    pub size: f64,
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
    let (kind, trouble, batch) = match event {
        Event::Connected => ("connected", None, None),
        Event::Batch(batch) => ("batch", None, Some(batch)),
        Event::Trouble(failure) => ("trouble", Some(failure.into()), None),
        Event::Failed(failure) => ("failed", Some(failure.into()), None),
        Event::Closed => ("closed", None, None),
    };
    let mut event = KafkaEvent {
        kind: kind.to_owned(),
        trouble,
        assignment: 0,
        topic: String::new(),
        partition: 0,
        numbers: None,
        bytes: None,
        size: 0.0,
    };
    if let Some(Batch {
        assignment,
        topic,
        partition,
        messages,
    }) = batch
    {
        event.assignment = assignment;
        event.topic = topic.to_string();
        event.partition = partition;
        #[expect(clippy::cast_precision_loss, reason = "memory is smaller than 2^53")]
        let size = messages.size() as f64;
        event.size = size;
        event.numbers = Some(Float64Array::new(messages.numbers));
        event.bytes = Some(Buffer::from(messages.bytes));
    }
    event
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
