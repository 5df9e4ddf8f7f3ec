//! The exported class that writes to Kafka.

use std::time::Duration;

use millrace_kafka::producer::{Outgoing, Producer, ProducerSettings, Report};
use napi::bindgen_prelude::{Float64Array, Function, Uint8Array, Uint32Array};
use napi_derive::napi;

use super::{KafkaProperty, KafkaTrouble, pairs, waker, whole};
use crate::failure::{Result, guard};

/// Settings of a producer.
#[napi(object)]
pub struct KafkaProducerSettings {
    /// Of librdkafka.
    pub properties: Vec<KafkaProperty>,
    /// Topics that have to be there at the start.
    pub topics: Vec<String>,
    /// How long the brokers may take to answer at the start, in milliseconds.
    pub connect_timeout: f64,
}

/// Messages to be written together.
#[napi(object)]
pub struct KafkaOutgoing {
    /// Names them in the report.
    pub id: u32,
    /// The topics.
    pub topics: Vec<String>,
    /// Of each message, the index of its topic.
    pub topic_of: Uint32Array,
    /// Of each message partition (-1: by the key), timestamp (-1: now), and the lengths of key, value
    /// and headers.
    pub numbers: Float64Array,
    /// Keys, values and headers, message by message.
    pub bytes: Uint8Array,
}

/// What a producer has to say.
#[napi(object)]
pub struct KafkaReport {
    /// `connected`, `delivered`, `failed` or `closed`.
    pub kind: String,
    /// Of `failed`.
    pub trouble: Option<KafkaTrouble>,
    /// Of `delivered`: which batch.
    pub id: u32,
    /// Of `delivered`: of each message partition, offset, and the index of its error or -1.
    pub places: Option<Float64Array>,
    /// Of `delivered`.
    pub errors: Vec<KafkaTrouble>,
}

/// A producer, on threads of its own.
#[napi]
pub struct NativeKafkaProducer {
    producer: Producer,
}

#[napi]
impl NativeKafkaProducer {
    /// Starts it. `wake` is called for each report.
    #[napi(constructor)]
    pub fn new(settings: KafkaProducerSettings, wake: Function<'_, (), ()>) -> Result<Self> {
        guard("write to Kafka", || {
            let settings = ProducerSettings {
                properties: pairs(settings.properties),
                topics: settings.topics,
                connect_timeout: Duration::from_millis(whole(settings.connect_timeout)),
            };
            let producer = Producer::start(settings, waker(&wake)?);
            Ok(Self { producer })
        })
    }

    /// The next report, or null.
    #[napi]
    pub fn take(&self) -> Result<Option<KafkaReport>> {
        guard("write to Kafka", || Ok(self.producer.take().map(report)))
    }

    /// Writes a batch.
    #[napi]
    pub fn send(&self, batch: KafkaOutgoing) -> Result<()> {
        guard("write to Kafka", || {
            self.producer.send(Outgoing {
                id: batch.id,
                topics: batch.topics,
                topic_of: batch.topic_of.to_vec(),
                numbers: batch.numbers.to_vec(),
                bytes: batch.bytes.to_vec(),
            });
            Ok(())
        })
    }

    /// Gives up what was not sent to a broker yet.
    #[napi]
    pub fn purge(&self) -> Result<()> {
        guard("write to Kafka", || {
            self.producer.purge();
            Ok(())
        })
    }

    /// Ends it; `closed` is the last report.
    #[napi]
    pub fn close(&self) -> Result<()> {
        guard("close a Kafka producer", || {
            self.producer.close();
            Ok(())
        })
    }
}

fn report(report: Report) -> KafkaReport {
    let mut answer = KafkaReport {
        kind: "closed".to_owned(),
        trouble: None,
        id: 0,
        places: None,
        errors: Vec::new(),
    };
    match report {
        Report::Connected => "connected".clone_into(&mut answer.kind),
        Report::Closed => {}
        Report::Failed(failure) => {
            "failed".clone_into(&mut answer.kind);
            answer.trouble = Some(failure.into());
        }
        Report::Delivered { id, places, errors } => {
            "delivered".clone_into(&mut answer.kind);
            answer.id = id;
            answer.places = Some(Float64Array::new(places));
            answer.errors = errors.into_iter().map(KafkaTrouble::from).collect();
        }
    }
    answer
}
