//! A producer on threads of its own, which says of each message what became of it.

use std::collections::{HashMap, VecDeque};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use rdkafka::client::ClientContext;
use rdkafka::config::{FromClientConfigAndContext, RDKafkaLogLevel};
use rdkafka::error::KafkaError;
use rdkafka::message::{DeliveryResult, Message};
use rdkafka::producer::{
    BaseRecord, Producer as _, ProducerContext, PurgeConfig, ThreadedProducer,
};

use crate::connect::{Troubles, configure, connect};
use crate::failure::Failure;
use crate::packed::{Record, records};

/// What librdkafka is told unless the user says otherwise.
const DEFAULTS: &[(&str, &str)] = &[
    // Its own attempts write nothing twice, and keep the order.
    ("enable.idempotence", "true"),
    ("message.timeout.ms", "30000"),
    ("linger.ms", "1"),
    // How much is under way is bounded by whoever sends.
    ("queue.buffering.max.messages", "0"),
    ("queue.buffering.max.kbytes", "2147483647"),
];

/// Settings of a [`Producer`].
#[derive(Clone, Debug)]
pub struct ProducerSettings {
    /// Those of librdkafka: the brokers, credentials.
    pub properties: Vec<(String, String)>,
    /// Those that have to be there at the start.
    pub topics: Vec<String>,
    /// How long the brokers may take to answer at the start.
    pub connect_timeout: Duration,
}

/// Messages to be written together.
#[derive(Debug)]
pub struct Outgoing {
    /// Names them in [`Report::Delivered`].
    pub id: u32,
    /// The topics of the batch.
    pub topics: Vec<String>,
    /// Of each message, its topic's index in `topics`.
    pub topic_of: Vec<u32>,
    /// As `Packed::numbers`: partition (-1: by the key) and timestamp (-1: now) come first.
    pub numbers: Vec<f64>,
    /// As `Packed::bytes`.
    pub bytes: Vec<u8>,
}

/// What a producer has to say.
#[derive(Debug)]
pub enum Report {
    /// It has reached the brokers.
    Connected,
    /// Every message of a batch has an answer.
    Delivered {
        /// As in [`Outgoing::id`].
        id: u32,
        /// Of each message: partition, offset, and the index of its error, or -1.
        places: Vec<f64>,
        /// What messages failed with.
        errors: Vec<Failure>,
    },
    /// It could not connect, and has ended.
    Failed(Failure),
    /// It has ended.
    Closed,
}

enum Command {
    Send(Outgoing),
    Purge,
    Close,
}

struct Shared {
    reports: Mutex<VecDeque<Report>>,
    wake: Box<dyn Fn() + Send + Sync>,
}

impl Shared {
    fn push(&self, report: Report) {
        lock(&self.reports).push_back(report);
        (self.wake)();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Writes messages. A batch is answered once for all of its messages, whatever the order in which the
/// brokers answer.
pub struct Producer {
    shared: Arc<Shared>,
    commands: Sender<Command>,
}

impl Producer {
    /// Starts the thread; `wake` is called, on another thread, for each report.
    pub fn start(settings: ProducerSettings, wake: Box<dyn Fn() + Send + Sync>) -> Self {
        let shared = Arc::new(Shared {
            reports: Mutex::default(),
            wake,
        });
        let (commands, received) = mpsc::channel();
        let spawned = thread::Builder::new()
            .name("millrace-kafka".to_owned())
            .spawn({
                let shared = shared.clone();
                move || {
                    if let Err(failure) = run(&settings, &shared, &received) {
                        shared.push(Report::Failed(failure));
                    }
                    shared.push(Report::Closed);
                }
            });
        if let Err(error) = spawned {
            shared.push(Report::Failed(Failure::connection(error.to_string())));
            shared.push(Report::Closed);
        }
        Self { shared, commands }
    }

    /// The next report, if there is one.
    #[must_use]
    pub fn take(&self) -> Option<Report> {
        lock(&self.shared.reports).pop_front()
    }

    /// Writes a batch; [`Report::Delivered`] is its answer. Where the producer has ended there is none.
    pub fn send(&self, batch: Outgoing) {
        let _ = self.commands.send(Command::Send(batch));
    }

    /// Gives up what was not sent to a broker yet.
    pub fn purge(&self) {
        let _ = self.commands.send(Command::Purge);
    }

    /// Ends it, and gives up what was not written; [`Report::Closed`] is the last report.
    pub fn close(&self) {
        let _ = self.commands.send(Command::Close);
    }
}

/// A batch under way.
struct Pending {
    places: Vec<f64>,
    errors: Vec<Failure>,
    missing: usize,
}

struct Context {
    shared: Arc<Shared>,
    troubles: Troubles,
    pending: Mutex<HashMap<u32, Pending>>,
}

impl Context {
    /// Notes the answer for a message, and reports its batch when it was the last one.
    fn answer(&self, id: u32, index: usize, answer: Result<(i32, i64), Failure>) {
        let mut all = lock(&self.pending);
        let Some(pending) = all.get_mut(&id) else {
            return;
        };
        let (partition, offset, error) = match answer {
            Ok((partition, offset)) => (partition, offset, -1),
            Err(failure) => {
                let known = pending.errors.iter().position(|error| *error == failure);
                let error = known.unwrap_or(pending.errors.len());
                if known.is_none() {
                    pending.errors.push(failure);
                }
                (-1, -1, i32::try_from(error).unwrap_or(0))
            }
        };
        #[expect(clippy::cast_precision_loss, reason = "offsets stay below 2^53")]
        let place = [f64::from(partition), offset as f64, f64::from(error)];
        if let Some(slot) = pending.places.get_mut(3 * index..3 * index + 3) {
            slot.copy_from_slice(&place);
        }
        pending.missing -= 1;
        if pending.missing == 0
            && let Some(Pending { places, errors, .. }) = all.remove(&id)
        {
            drop(all);
            self.shared.push(Report::Delivered { id, places, errors });
        }
    }
}

impl ClientContext for Context {
    fn log(&self, _level: RDKafkaLogLevel, _facility: &str, _message: &str) {}

    fn error(&self, error: KafkaError, reason: &str) {
        self.troubles.note(&error, reason);
    }
}

impl ProducerContext for Context {
    /// The batch, and the message's index in it.
    type DeliveryOpaque = Box<(u32, usize)>;

    fn delivery(&self, result: &DeliveryResult<'_>, message: Self::DeliveryOpaque) {
        let (id, index) = *message;
        let answer = match result {
            Ok(written) => Ok((written.partition(), written.offset())),
            Err((error, _)) => Err(Failure::from(error.clone())),
        };
        self.answer(id, index, answer);
    }
}

fn run(
    settings: &ProducerSettings,
    shared: &Arc<Shared>,
    commands: &Receiver<Command>,
) -> Result<(), Failure> {
    let config = configure(&settings.properties, DEFAULTS);
    let context = Context {
        shared: shared.clone(),
        troubles: Troubles::default(),
        pending: Mutex::default(),
    };
    let producer: ThreadedProducer<Context> =
        ThreadedProducer::from_config_and_context(&config, context)?;
    let context = producer.context().clone();
    let is_open = || !matches!(commands.try_recv(), Ok(Command::Close));
    connect(
        producer.client(),
        &context.troubles,
        &settings.topics,
        settings.connect_timeout,
        is_open,
    )?;
    shared.push(Report::Connected);
    while let Ok(command) = commands.recv() {
        match command {
            Command::Send(batch) => write(&producer, &context, &batch),
            Command::Purge => producer.purge(PurgeConfig::default().queue().non_blocking()),
            Command::Close => break,
        }
    }
    Ok(())
}

fn write(producer: &ThreadedProducer<Context>, context: &Context, batch: &Outgoing) {
    let count = batch.topic_of.len();
    let pending = Pending {
        places: vec![-1.0; 3 * count],
        errors: Vec::new(),
        missing: count,
    };
    lock(&context.pending).insert(batch.id, pending);
    let mut sent = 0;
    let messages = records(&batch.numbers, &batch.bytes);
    for (index, (record, topic)) in messages.zip(&batch.topic_of).enumerate() {
        sent = index + 1;
        let topic = batch.topics.get(*topic as usize).map_or("", String::as_str);
        if let Err(failure) = send(producer, (batch.id, index), topic, record) {
            context.answer(batch.id, index, Err(failure));
        }
    }
    for index in sent..count {
        let failure = Failure::refused("the message is not whole");
        context.answer(batch.id, index, Err(failure));
    }
}

fn send(
    producer: &ThreadedProducer<Context>,
    place: (u32, usize),
    topic: &str,
    record: Record<'_>,
) -> Result<(), Failure> {
    let [partition, timestamp] = record.place;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "both were checked to be whole numbers in range"
    )]
    let outgoing = BaseRecord::<[u8], [u8], _> {
        topic,
        partition: (partition >= 0.0).then_some(partition as i32),
        payload: record.value,
        key: record.key,
        timestamp: (timestamp >= 0.0).then_some(timestamp as i64),
        headers: record.headers,
        delivery_opaque: Box::new(place),
    };
    producer
        .send(outgoing)
        .map_err(|(error, _)| Failure::from(error))
}
