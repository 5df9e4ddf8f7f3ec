//! Whether the brokers can be reached, and the topics are there.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::client::{Client, ClientContext};
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::types::RDKafkaRespErr;

use crate::failure::Failure;

/// How long one question for the topics stands: errors are looked at in between.
const STEP: Duration = Duration::from_millis(250);

/// A topic that was just made is not known to every broker at once.
const GRACE: Duration = Duration::from_secs(1);

/// What went wrong, of a client's own errors.
#[derive(Default)]
pub(crate) struct Troubles {
    first: Mutex<Option<Failure>>,
}

impl Troubles {
    /// Remembers why no attempt to connect will succeed, or none of the brokers has answered.
    pub(crate) fn note(&self, error: &KafkaError, reason: &str) -> Option<Failure> {
        let code = error.rdkafka_error_code()?;
        let failure = Failure::of(code, reason);
        if failure.is_refused || code == RDKafkaErrorCode::AllBrokersDown {
            let mut first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
            first.get_or_insert_with(|| failure.clone());
            return Some(failure);
        }
        None
    }

    fn take(&self) -> Option<Failure> {
        self.first
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }
}

/// The settings of a client. What librdkafka would log is told as an error where it matters.
pub(crate) fn configure(properties: &[(String, String)], ours: &[(&str, &str)]) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set_log_level(RDKafkaLogLevel::Emerg);
    for (name, value) in ours {
        config.set(*name, *value);
    }
    for (name, value) in properties {
        config.set(name, value);
    }
    config
}

/// Waits until the brokers answer and know the topics; one that begins with `^` is a pattern, and need
/// not match anything yet.
pub(crate) fn connect<C: ClientContext>(
    client: &Client<C>,
    troubles: &Troubles,
    topics: &[String],
    timeout: Duration,
    mut serve: impl FnMut() -> bool,
) -> Result<(), Failure> {
    let start = Instant::now();
    let named: Vec<_> = topics
        .iter()
        .filter(|name| !name.starts_with('^'))
        .collect();
    let mut asked = 0;
    loop {
        if !serve() {
            return Err(Failure::connection("it was stopped"));
        }
        if let Some(failure) = troubles.take() {
            return Err(failure);
        }
        let topic = named.get(asked).map(|name| name.as_str());
        let answer = match topic {
            Some(_) => client.fetch_metadata(topic, STEP),
            None => client.fetch_metadata(None, STEP),
        };
        let waited = start.elapsed();
        match answer {
            Ok(metadata) => match metadata.topics().iter().find_map(|found| found.error()) {
                Some(error) if topic.is_some() => {
                    if waited > GRACE {
                        return Err(missing_topic(topic.unwrap_or_default(), error));
                    }
                    std::thread::sleep(STEP / 5);
                }
                _ => {
                    asked += 1;
                    if asked >= named.len() {
                        return Ok(());
                    }
                }
            },
            Err(error) if waited > timeout => return Err(error.into()),
            Err(_) => {}
        }
    }
}

fn missing_topic(topic: &str, error: RDKafkaRespErr) -> Failure {
    let code = RDKafkaErrorCode::from(error);
    Failure::of(code, &format!("the topic '{topic}': {code}"))
}
