//! What librdkafka calls back: rebalances, commits and errors.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rdkafka::TopicPartitionList;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::topic_partition_list::Offset;
use rdkafka::types::RDKafkaRespErr;

use crate::connect::Troubles;
use crate::failure::Failure;
use crate::shared::{Event, Shared};
use crate::start_from::StartFrom;

pub(crate) struct Context {
    pub(crate) shared: Arc<Shared>,
    pub(crate) troubles: Troubles,
    pub(crate) start_from: StartFrom,
    /// Partitions come and go by themselves, not all at once.
    pub(crate) is_cooperative: bool,
    /// Partitions have come or gone: what is known of them is to be looked at again.
    pub(crate) rebalances: AtomicUsize,
}

impl Context {
    /// What is done and not committed; it counts as committed from now on.
    pub(crate) fn due(&self) -> KafkaResult<TopicPartitionList> {
        let mut due = TopicPartitionList::new();
        for progress in self.shared.state().progress.values_mut() {
            if let Some(done) = progress.done
                && progress.sent != Some(done)
            {
                progress.sent = Some(done);
                due.add_partition_offset(
                    &progress.topic,
                    progress.partition,
                    Offset::Offset(done),
                )?;
            }
        }
        Ok(due)
    }

    /// Has what is done count as not committed.
    pub(crate) fn forget_sent(&self) {
        for progress in self.shared.state().progress.values_mut() {
            progress.sent = None;
        }
    }

    fn assign(
        &self,
        consumer: &BaseConsumer<Self>,
        partitions: &mut TopicPartitionList,
    ) -> Result<(), Failure> {
        let resolved = self.start_from.resolve(consumer, partitions);
        if resolved.is_ok() {
            let mut state = self.shared.state();
            for element in partitions.elements() {
                state.assign(element.topic().into(), element.partition());
            }
        }
        // A rebalance has to be answered, also where the consumer is about to end.
        let nothing = TopicPartitionList::new();
        let assigned = if resolved.is_ok() {
            partitions
        } else {
            &nothing
        };
        if self.is_cooperative {
            consumer.incremental_assign(assigned)?;
        } else {
            consumer.assign(assigned)?;
        }
        resolved
    }

    fn revoke(
        &self,
        consumer: &BaseConsumer<Self>,
        partitions: &TopicPartitionList,
    ) -> KafkaResult<()> {
        // Where the group has gone on without this consumer, another has the partitions already.
        if !consumer.assignment_lost() {
            let due = self.due()?;
            if due.count() > 0 {
                // What is not committed is delivered again, to whoever has the partition next.
                let _ = consumer.commit(&due, CommitMode::Sync);
            }
        }
        {
            let mut state = self.shared.state();
            for element in partitions.elements() {
                if let Some((id, _)) = state.assignment(element.topic(), element.partition()) {
                    state.end(id);
                }
            }
        }
        self.shared.wake();
        if self.is_cooperative {
            consumer.incremental_unassign(partitions)
        } else {
            consumer.unassign()
        }
    }
}

impl ClientContext for Context {
    fn log(&self, _level: RDKafkaLogLevel, _facility: &str, _message: &str) {}

    fn error(&self, error: KafkaError, reason: &str) {
        if let Some(failure) = self.troubles.note(&error, reason) {
            self.shared.push(if failure.is_refused {
                Event::Failed(failure)
            } else {
                Event::Trouble(failure)
            });
        }
    }
}

impl ConsumerContext for Context {
    fn rebalance(
        &self,
        consumer: &BaseConsumer<Self>,
        error: RDKafkaRespErr,
        partitions: &mut TopicPartitionList,
    ) {
        self.rebalances.fetch_add(1, Ordering::Relaxed);
        let result = if error == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
            self.assign(consumer, partitions)
        } else {
            self.revoke(consumer, partitions).map_err(Failure::from)
        };
        if let Err(failure) = result {
            self.shared.push(Event::Failed(failure));
        }
    }
}
