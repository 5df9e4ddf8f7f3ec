//! A member of a consumer group, on a thread of its own.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _};
use rdkafka::message::{BorrowedMessage, Message, OwnedMessage};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use millrace_io::avro::Schemas;

use crate::columns::parse;
pub use crate::columns::{ColumnMessages, ColumnSettings, RefusedMessage};
use crate::connect::{Troubles, configure, connect};
use crate::consumer_context::Context;
use crate::failure::Failure;
use crate::gather::Gather;
pub use crate::gather::Messages;
use crate::shared::Shared;
pub use crate::shared::{Assignment, Batch, Event};
use crate::start_from::StartFrom;

/// The longest wait for a message: what the owner asks for is looked at in between.
const IDLE: Duration = Duration::from_millis(20);

/// Messages that are read before anything else is looked at, which is locked.
const BURST: usize = 64;

/// How often what is done is committed again: the client does not say where a commit has failed.
const RESEND: Duration = Duration::from_secs(30);

/// How long the last commit may take.
const LAST_COMMIT: Duration = Duration::from_secs(5);

/// What librdkafka is told unless the user says otherwise.
const DEFAULTS: &[(&str, &str)] = &[
    ("queued.max.messages.kbytes", "16384"),
    // For so long nothing is asked for once those have come: of librdkafka's own second most was spent
    // waiting, 1e6 messages of 85 bytes took 6 s instead of 1.5.
    ("fetch.queue.backoff.ms", "10"),
    ("topic.metadata.refresh.interval.ms", "30000"),
];

/// Settings of a [`Consumer`].
#[derive(Clone, Debug)]
pub struct ConsumerSettings {
    /// Those of librdkafka: the brokers, the group, credentials.
    pub properties: Vec<(String, String)>,
    /// Their names, or patterns that begin with `^`.
    pub topics: Vec<String>,
    /// Where a group begins.
    pub start_from: StartFrom,
    /// The partitions are paused while more bytes than these were read and not released.
    pub max_bytes: usize,
    /// The most messages of a batch.
    pub batch_messages: usize,
    /// A batch ends when it has so many bytes.
    pub batch_bytes: usize,
    /// How long a message may wait for the rest of its batch; none, and a batch has what is there.
    pub linger: Duration,
    /// How often what is done is committed.
    pub commit_interval: Duration,
    /// How long the brokers may take to answer at the start.
    pub connect_timeout: Duration,
    /// How messages are decoded; they are packed as they are without.
    pub columns: Option<ColumnSettings>,
}

/// A member of a consumer group. It reads until it is closed, and holds back while its owner does not
/// release what it was given; it stays in its group all the while.
pub struct Consumer {
    shared: Arc<Shared>,
    schemas: Option<Arc<Schemas>>,
}

impl Consumer {
    /// Starts the thread. `wake` is called on it when there is something to take, and not again before
    /// the owner has looked.
    pub fn start(settings: ConsumerSettings, wake: Box<dyn Fn() + Send + Sync>) -> Self {
        let shared = Arc::new(Shared::new(wake));
        let consumer = Self {
            shared: shared.clone(),
            schemas: settings.columns.as_ref().and_then(ColumnSettings::schemas),
        };
        let spawned = thread::Builder::new()
            .name("millrace-kafka".to_owned())
            .spawn({
                let shared = shared.clone();
                move || {
                    if let Err(failure) = run(&settings, &shared) {
                        shared.push(Event::Failed(failure));
                    }
                    shared.push(Event::Closed);
                }
            });
        if let Err(error) = spawned {
            shared.push(Event::Failed(Failure::connection(error.to_string())));
            shared.push(Event::Closed);
        }
        consumer
    }

    /// The next event, if there is one.
    #[must_use]
    pub fn take(&self) -> Option<Event> {
        self.shared.take()
    }

    /// The assignments that have ended since it was asked last.
    #[must_use]
    pub fn take_ended(&self) -> Vec<Assignment> {
        self.shared.take_ended()
    }

    /// Gives back the bytes of a batch that was taken.
    pub fn release(&self, bytes: usize) {
        let mut state = self.shared.state();
        state.held = state.held.saturating_sub(bytes);
    }

    /// Bytes of batches that were read and not released.
    #[must_use]
    pub fn held(&self) -> usize {
        self.shared.state().held
    }

    /// Everything below `next` is done, and may be committed.
    pub fn acknowledge(&self, assignment: Assignment, next: i64) {
        if let Some(progress) = self.shared.state().progress.get_mut(&assignment) {
            progress.done = progress.done.max(Some(next));
        }
    }

    /// The partition is to be read again from `offset`; its assignment ends, and another begins.
    pub fn rewind(&self, assignment: Assignment, offset: i64) {
        self.shared.state().rewinds.push((assignment, offset));
    }

    /// Makes a schema known that [`Event::Schema`] has asked for: the texts of those that it refers to and
    /// its own, or why there is none, and its messages are refused.
    pub fn add_schema(&self, id: u32, texts: Result<Vec<String>, String>) {
        if let Some(schemas) = &self.schemas {
            schemas.add(id, parse(texts));
        }
    }

    /// Ends it: commits what is done, leaves the group; [`Event::Closed`] is the last event.
    pub fn close(&self) {
        self.shared.state().is_closing = true;
    }
}

impl Drop for Consumer {
    fn drop(&mut self) {
        self.close();
    }
}

fn run(settings: &ConsumerSettings, shared: &Arc<Shared>) -> Result<(), Failure> {
    let mut config = configure(&settings.properties, DEFAULTS);
    // Only what was acknowledged is committed, and only by this thread.
    config.set("enable.auto.commit", "false");
    config.set("enable.auto.offset.store", "false");
    // Where the offset that is due has gone, with the oldest that is left.
    config.set("auto.offset.reset", "earliest");
    let is_cooperative = config.get("group.protocol") == Some("consumer")
        || config
            .get("partition.assignment.strategy")
            .is_some_and(|strategy| strategy.starts_with("cooperative"));
    let context = Context {
        shared: shared.clone(),
        troubles: Troubles::default(),
        start_from: settings.start_from.clone(),
        is_cooperative,
        rebalances: AtomicUsize::new(0),
    };
    let consumer = BaseConsumer::from_config_and_context(&config, context)?;
    let is_open = || {
        let _ = consumer.poll(Duration::ZERO);
        !shared.state().is_closing
    };
    let troubles = &consumer.context().troubles;
    connect(
        consumer.client(),
        troubles,
        &settings.topics,
        settings.connect_timeout,
        is_open,
    )?;
    let topics: Vec<_> = settings.topics.iter().map(String::as_str).collect();
    consumer.subscribe(&topics)?;
    shared.push(Event::Connected);
    Reader {
        settings,
        shared,
        consumer: &consumer,
        open: HashMap::new(),
        idle: HashMap::new(),
        waiting: VecDeque::new(),
        asked: HashSet::new(),
        rebalances: 0,
        is_paused: false,
    }
    .read()
}

/// A partition, by the client's own handle of its topic.
type Place = (usize, i32);

/// A batch that is being made.
struct OpenBatch {
    assignment: Assignment,
    topic: Arc<str>,
    partition: i32,
    messages: Gather,
    since: Instant,
}

struct Reader<'a> {
    settings: &'a ConsumerSettings,
    shared: &'a Shared,
    consumer: &'a BaseConsumer<Context>,
    open: HashMap<Place, OpenBatch>,
    /// What batches are gathered in by and by: decoders go on with what they know.
    idle: HashMap<Place, Gather>,
    /// Messages that wait for a schema, and those that came after them.
    waiting: VecDeque<(Place, Assignment, OwnedMessage)>,
    asked: HashSet<u32>,
    rebalances: usize,
    is_paused: bool,
}

impl Reader<'_> {
    fn read(mut self) -> Result<(), Failure> {
        let mut next_commit = Instant::now();
        let mut next_resend = next_commit + RESEND;
        loop {
            let now = Instant::now();
            let is_closing = self.shared.state().is_closing;
            if is_closing {
                break;
            }
            self.rewind()?;
            self.retry()?;
            self.hold_back()?;
            if now >= next_commit {
                self.commit()?;
                next_commit = now + self.settings.commit_interval;
            }
            if now >= next_resend {
                self.consumer.context().forget_sent();
                next_resend = now + RESEND;
            }
            self.poll_burst()?;
        }
        self.last_commit()
    }

    /// Reads messages, waiting for the first, and sends batches that are due.
    fn poll_burst(&mut self) -> Result<(), Failure> {
        let linger = self.settings.linger;
        let oldest = self.open.values().map(|batch| batch.since).min();
        let mut wait = oldest.map_or(IDLE, |since| {
            linger.saturating_sub(since.elapsed()).min(IDLE)
        });
        let mut was_read = false;
        for _ in 0..BURST {
            if !self.poll(wait)? {
                break;
            }
            was_read = true;
            wait = Duration::ZERO;
        }
        // While messages keep coming a batch may fill for a moment in any case.
        let limit = if was_read { linger.max(IDLE) } else { linger };
        let now = Instant::now();
        self.flush(|batch| now.duration_since(batch.since) >= limit)
    }

    /// Reads a message, where one is there or comes soon.
    fn poll(&mut self, wait: Duration) -> Result<bool, Failure> {
        let consumer = self.consumer;
        let result = consumer.poll(wait);
        let rebalances = consumer.context().rebalances.load(Ordering::Relaxed);
        if rebalances != self.rebalances {
            // The batches of other partitions are whole as far as they go.
            self.rebalances = rebalances;
            self.flush(|_| true)?;
            self.idle.clear();
            self.is_paused = false;
        }
        match result {
            Some(Ok(message)) => self.append(&message)?,
            // Errors were told to the context.
            Some(Err(_)) => {}
            None => return Ok(false),
        }
        Ok(true)
    }

    fn append(&mut self, message: &BorrowedMessage<'_>) -> Result<(), Failure> {
        let place = (message.topic_ptr() as usize, message.partition());
        if self.waiting.is_empty() && self.gather(place, None, message)? {
            return Ok(());
        }
        let found = self
            .shared
            .state()
            .assignment(message.topic(), message.partition());
        if let Some((assignment, _)) = found {
            self.waiting
                .push_back((place, assignment, message.detach()));
        }
        Ok(())
    }

    /// Puts a message into the batch of its partition; false where a schema has to be known first. One of
    /// a partition that was taken away meanwhile is dropped, as is one of another assignment than wanted.
    #[inline]
    fn gather(
        &mut self,
        place: Place,
        wanted: Option<Assignment>,
        message: &impl Message,
    ) -> Result<bool, Failure> {
        let batch = match self.open.entry(place) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                let found = self
                    .shared
                    .state()
                    .assignment(message.topic(), message.partition());
                let Some((assignment, topic)) = found else {
                    return Ok(true);
                };
                entry.insert(OpenBatch {
                    assignment,
                    topic,
                    partition: message.partition(),
                    messages: match self.idle.remove(&place) {
                        Some(gather) => gather,
                        None => Gather::new(self.settings.columns.as_ref())?,
                    },
                    since: Instant::now(),
                })
            }
        };
        if wanted.is_some_and(|wanted| wanted != batch.assignment) {
            return Ok(true);
        }
        if let Err(schema) = batch.messages.push(&batch.topic, message) {
            if self.asked.insert(schema) {
                self.shared.push(Event::Schema(schema));
            }
            return Ok(false);
        }
        let is_full = batch.messages.len() >= self.settings.batch_messages
            || batch.messages.size() >= self.settings.batch_bytes
            || batch.messages.must_end();
        if is_full && let Some(full) = self.open.remove(&place) {
            self.send(place, full)?;
        }
        Ok(true)
    }

    /// Goes on with messages that waited for a schema which has come.
    fn retry(&mut self) -> Result<(), Failure> {
        while let Some((place, assignment, message)) = self.waiting.pop_front() {
            let is_open = self.shared.state().is_open(assignment);
            if is_open && !self.gather(place, Some(assignment), &message)? {
                self.waiting.push_front((place, assignment, message));
                break;
            }
        }
        Ok(())
    }

    fn flush(&mut self, is_due: impl Fn(&OpenBatch) -> bool) -> Result<(), Failure> {
        let due: Vec<_> = self.open.extract_if(|_, batch| is_due(batch)).collect();
        for (place, batch) in due {
            self.send(place, batch)?;
        }
        Ok(())
    }

    fn send(&mut self, place: Place, batch: OpenBatch) -> Result<(), Failure> {
        let OpenBatch {
            assignment,
            topic,
            partition,
            mut messages,
            ..
        } = batch;
        if messages.len() > 0 {
            self.shared.push(Event::Batch(Batch {
                assignment,
                topic,
                partition,
                messages: messages.take()?,
            }));
        }
        self.idle.insert(place, messages);
        Ok(())
    }

    /// Pauses the partitions while too much is held, and resumes them when half of it was released.
    fn hold_back(&mut self) -> Result<(), Failure> {
        let open: usize = self.open.values().map(|batch| batch.messages.size()).sum();
        let held = self.shared.state().held + open;
        // Those that wait for a schema are few: the consumer is polled, and stays in its group.
        let is_waiting = !self.waiting.is_empty();
        if !self.is_paused && (is_waiting || held > self.settings.max_bytes) {
            self.consumer.pause(&self.consumer.assignment()?)?;
            self.is_paused = true;
        } else if self.is_paused && !is_waiting && held <= self.settings.max_bytes / 2 {
            self.consumer.resume(&self.consumer.assignment()?)?;
            self.is_paused = false;
        }
        Ok(())
    }

    fn rewind(&mut self) -> Result<(), Failure> {
        let rewinds = std::mem::take(&mut self.shared.state().rewinds);
        for (id, offset) in rewinds {
            let progress = {
                let mut state = self.shared.state();
                let Some(progress) = state.end(id) else {
                    continue;
                };
                state.assign(progress.topic.clone(), progress.partition);
                progress
            };
            self.open.retain(|_, batch| batch.assignment != id);
            self.waiting.retain(|(_, assignment, _)| *assignment != id);
            self.consumer.seek(
                &progress.topic,
                progress.partition,
                Offset::Offset(offset),
                Duration::from_secs(5),
            )?;
            self.shared.wake();
        }
        Ok(())
    }

    fn commit(&self) -> Result<(), Failure> {
        let due = self.consumer.context().due()?;
        if due.count() > 0 {
            self.consumer.commit(&due, CommitMode::Async)?;
        }
        Ok(())
    }

    /// Commits everything that is done, until it is, unless the brokers do not answer. The client does not
    /// tell the answers to commits; but what a group has committed is answered after them.
    fn last_commit(&self) -> Result<(), Failure> {
        let until = Instant::now() + LAST_COMMIT;
        self.consumer.pause(&self.consumer.assignment()?)?;
        loop {
            self.consumer.context().forget_sent();
            let due = self.consumer.context().due()?;
            if due.count() == 0 {
                return Ok(());
            }
            self.consumer.commit(&due, CommitMode::Async)?;
            let left = until.saturating_duration_since(Instant::now());
            let committed = self.consumer.committed_offsets(due.clone(), left);
            if left.is_zero() || committed.is_ok_and(|committed| is_same(&committed, &due)) {
                return Ok(());
            }
            let _ = self.consumer.poll(IDLE);
        }
    }
}

fn is_same(committed: &TopicPartitionList, due: &TopicPartitionList) -> bool {
    due.elements().iter().all(|one| {
        let found = committed.find_partition(one.topic(), one.partition());
        found.is_some_and(|found| found.offset() == one.offset())
    })
}
