//! A member of a consumer group, on a thread of its own.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _};
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::topic_partition_list::Offset;

use crate::connect::{Troubles, configure, connect};
use crate::consumer_context::Context;
use crate::failure::Failure;
use crate::packed::Packed;
use crate::shared::Shared;
pub use crate::shared::{Assignment, Batch, Event};
use crate::start_from::StartFrom;

/// The longest wait for a message: what the owner asks for is looked at in between.
const IDLE: Duration = Duration::from_millis(20);

/// How long the last commit may take.
const LAST_COMMIT: Duration = Duration::from_secs(5);

/// What librdkafka is told unless the user says otherwise.
const DEFAULTS: &[(&str, &str)] = &[
    ("queued.max.messages.kbytes", "16384"),
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
}

/// A member of a consumer group. It reads until it is closed, and holds back while its owner does not
/// release what it was given; it stays in its group all the while.
pub struct Consumer {
    shared: Arc<Shared>,
}

impl Consumer {
    /// Starts the thread. `wake` is called on it when there is something to take, and not again before
    /// the owner has looked.
    pub fn start(settings: ConsumerSettings, wake: Box<dyn Fn() + Send + Sync>) -> Self {
        let shared = Arc::new(Shared::new(wake));
        let consumer = Self {
            shared: shared.clone(),
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
        commits: AtomicUsize::new(0),
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
        rebalances: 0,
        is_paused: false,
    }
    .read()
}

/// A batch that is being made.
struct OpenBatch {
    assignment: Assignment,
    topic: Arc<str>,
    partition: i32,
    messages: Packed,
    since: Instant,
}

struct Reader<'a> {
    settings: &'a ConsumerSettings,
    shared: &'a Shared,
    consumer: &'a BaseConsumer<Context>,
    /// By the client's own handle of the topic, and the partition.
    open: HashMap<(usize, i32), OpenBatch>,
    rebalances: usize,
    is_paused: bool,
}

impl Reader<'_> {
    fn read(mut self) -> Result<(), Failure> {
        let mut next_commit = Instant::now();
        loop {
            let now = Instant::now();
            let is_closing = self.shared.state().is_closing;
            if is_closing {
                break;
            }
            self.rewind()?;
            self.hold_back()?;
            if now >= next_commit {
                self.commit()?;
                next_commit = now + self.settings.commit_interval;
            }
            // Not by the message, for what is looked at here is locked.
            for _ in 0..64 {
                if !self.poll() {
                    break;
                }
            }
        }
        self.last_commit()
    }

    /// Reads a message, where one is there or comes soon.
    fn poll(&mut self) -> bool {
        let oldest = self.open.values().map(|batch| batch.since).min();
        let wait = oldest.map_or(IDLE, |since| {
            self.settings
                .linger
                .saturating_sub(since.elapsed())
                .min(IDLE)
        });
        let consumer = self.consumer;
        let result = consumer.poll(wait);
        let rebalances = self.consumer.context().rebalances.load(Ordering::Relaxed);
        if rebalances != self.rebalances {
            // The batches of other partitions are whole as far as they go.
            self.rebalances = rebalances;
            self.flush(|_| true);
            self.is_paused = false;
        }
        let was_read = match result {
            Some(Ok(message)) => {
                self.append(&message);
                true
            }
            // Errors were told to the context.
            Some(Err(_)) => true,
            None => false,
        };
        // While messages keep coming a batch may fill for a moment in any case.
        let linger = self.settings.linger;
        let limit = if was_read { linger.max(IDLE) } else { linger };
        let now = Instant::now();
        self.flush(|batch| now.duration_since(batch.since) >= limit);
        was_read
    }

    fn append(&mut self, message: &BorrowedMessage<'_>) {
        let key = (message.topic_ptr() as usize, message.partition());
        let batch = match self.open.entry(key) {
            std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::hash_map::Entry::Vacant(entry) => {
                let found = self
                    .shared
                    .state()
                    .assignment(message.topic(), message.partition());
                // Of a partition that was taken away meanwhile.
                let Some((assignment, topic)) = found else {
                    return;
                };
                entry.insert(OpenBatch {
                    assignment,
                    topic,
                    partition: message.partition(),
                    messages: Packed::default(),
                    since: Instant::now(),
                })
            }
        };
        batch.messages.push(message);
        let is_full = batch.messages.len() >= self.settings.batch_messages
            || batch.messages.bytes.len() >= self.settings.batch_bytes;
        if is_full && let Some(full) = self.open.remove(&key) {
            send(self.shared, full);
        }
    }

    fn flush(&mut self, is_due: impl Fn(&OpenBatch) -> bool) {
        let (shared, open) = (self.shared, &mut self.open);
        for (_, batch) in open.extract_if(|_, batch| is_due(batch)) {
            send(shared, batch);
        }
    }

    /// Pauses the partitions while too much is held, and resumes them when half of it was released.
    fn hold_back(&mut self) -> Result<(), Failure> {
        let open: usize = self.open.values().map(|batch| batch.messages.size()).sum();
        let held = self.shared.state().held + open;
        if !self.is_paused && held > self.settings.max_bytes {
            self.consumer.pause(&self.consumer.assignment()?)?;
            self.is_paused = true;
        } else if self.is_paused && held <= self.settings.max_bytes / 2 {
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
        let context = self.consumer.context();
        let due = context.due()?;
        if due.count() > 0 {
            context.commits.fetch_add(1, Ordering::Relaxed);
            self.consumer.commit(&due, CommitMode::Async)?;
        }
        Ok(())
    }

    /// Commits what is done and waits for the answers, unless they do not come.
    fn last_commit(&self) -> Result<(), Failure> {
        let until = Instant::now() + LAST_COMMIT;
        let commits = &self.consumer.context().commits;
        self.consumer.pause(&self.consumer.assignment()?)?;
        self.commit()?;
        while commits.load(Ordering::Relaxed) > 0 && Instant::now() < until {
            let _ = self.consumer.poll(IDLE);
        }
        Ok(())
    }
}

fn send(shared: &Shared, batch: OpenBatch) {
    let OpenBatch {
        assignment,
        topic,
        partition,
        messages,
        ..
    } = batch;
    shared.push(Event::Batch(Batch {
        assignment,
        topic,
        partition,
        messages,
    }));
}
