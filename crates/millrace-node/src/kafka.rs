//! The exported classes that read from Kafka and write to it.

mod columns;
mod consumer;
mod producer;

use millrace_kafka::failure::Failure as KafkaFailure;
use napi::Status;
use napi::bindgen_prelude::Function;
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi_derive::napi;

use crate::failure::{Failure, Result};

/// A setting of librdkafka.
#[napi(object)]
pub struct KafkaProperty {
    /// Such as `bootstrap.servers`.
    pub name: String,
    /// As text.
    pub value: String,
}

/// Why something failed.
#[napi(object)]
pub struct KafkaTrouble {
    /// `ERR_REFUSED` where another attempt would not help, else `ERR_CONNECTION`.
    pub code: String,
    /// In librdkafka's words.
    pub reason: String,
}

impl From<KafkaFailure> for KafkaTrouble {
    fn from(failure: KafkaFailure) -> Self {
        let code = if failure.is_refused {
            "ERR_REFUSED"
        } else {
            "ERR_CONNECTION"
        };
        Self {
            code: code.to_owned(),
            reason: failure.reason,
        }
    }
}

fn pairs(properties: Vec<KafkaProperty>) -> Vec<(String, String)> {
    properties
        .into_iter()
        .map(|KafkaProperty { name, value }| (name, value))
        .collect()
}

/// Calls JavaScript from any thread; it does not keep the process alive.
fn waker(wake: &Function<'_, (), ()>) -> Result<Box<dyn Fn() + Send + Sync>> {
    let wake: ThreadsafeFunction<(), (), (), Status, false, true> = wake
        .build_threadsafe_function()
        .weak::<true>()
        .build()
        .map_err(|error| Failure::new("ERR_INTERNAL", error.reason.clone()))?;
    Ok(Box::new(move || {
        // Where the process is about to end, nobody is left to be told.
        let _ = wake.call((), ThreadsafeFunctionCallMode::NonBlocking);
    }))
}

/// A number of milliseconds, bytes or messages that JavaScript has checked.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "JavaScript has checked that it is whole and in range"
)]
fn whole(number: f64) -> u64 {
    number as u64
}
