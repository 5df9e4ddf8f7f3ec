//! Where a group begins.

use std::collections::HashMap;
use std::time::Duration;

use rdkafka::TopicPartitionList;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer, ConsumerContext};
use rdkafka::error::KafkaResult;
use rdkafka::topic_partition_list::Offset;

use crate::failure::Failure;

const TIMEOUT: Duration = Duration::from_secs(10);

/// Where a partition is read from of which the group has committed no offset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StartFrom {
    /// With the oldest message that is there.
    Earliest,
    /// With what comes from now on. A partition that is new in a topic that the group knows is read
    /// from its first message: it came after the start.
    Latest,
    /// It is an error that nothing was committed.
    Committed,
    /// With the first message of this time or later, in milliseconds since 1970.
    Timestamp(i64),
    /// By topic and partition; others with their oldest message.
    Offsets(HashMap<(String, i32), i64>),
}

impl StartFrom {
    /// Sets the offsets from which the partitions of `assigned` are to be read.
    pub(crate) fn resolve<C: ConsumerContext>(
        &self,
        consumer: &BaseConsumer<C>,
        assigned: &mut TopicPartitionList,
    ) -> Result<(), Failure> {
        let committed = consumer.committed_offsets(partitions_of(assigned)?, TIMEOUT)?;
        let mut fresh = TopicPartitionList::new();
        for element in committed.elements() {
            element.error()?;
            let (topic, partition) = (element.topic(), element.partition());
            if let Offset::Offset(offset) = element.offset() {
                assigned.set_partition_offset(topic, partition, Offset::Offset(offset))?;
            } else {
                fresh.add_partition(topic, partition);
            }
        }
        if fresh.count() == 0 {
            return Ok(());
        }
        let offsets = match self {
            Self::Committed => return Err(nothing_committed(&fresh)),
            Self::Earliest => HashMap::new(),
            Self::Latest => ends_of(consumer, &fresh)?,
            Self::Timestamp(time) => at_time(consumer, fresh.clone(), *time)?,
            Self::Offsets(offsets) => offsets
                .iter()
                .map(|(place, offset)| (place.clone(), Offset::Offset(*offset)))
                .collect(),
        };
        for element in fresh.elements() {
            let place = (element.topic().to_owned(), element.partition());
            let offset = offsets.get(&place).copied().unwrap_or(Offset::Beginning);
            assigned.set_partition_offset(&place.0, place.1, offset)?;
        }
        Ok(())
    }
}

fn partitions_of(list: &TopicPartitionList) -> KafkaResult<TopicPartitionList> {
    let mut copy = TopicPartitionList::with_capacity(list.count());
    for element in list.elements() {
        copy.add_partition_offset(element.topic(), element.partition(), Offset::Invalid)?;
    }
    Ok(copy)
}

fn nothing_committed(fresh: &TopicPartitionList) -> Failure {
    let places: Vec<_> = fresh
        .elements()
        .iter()
        .map(|element| format!("{}/{}", element.topic(), element.partition()))
        .collect();
    Failure::refused(format!(
        "the group has committed no offset of {}, and startFrom is 'committed'",
        places.join(", ")
    ))
}

/// The ends of the topics of `fresh` in which the group has committed nothing at all. They are committed
/// at once: otherwise what comes while the group is away would be left out as well.
fn ends_of<C: ConsumerContext>(
    consumer: &BaseConsumer<C>,
    fresh: &TopicPartitionList,
) -> Result<HashMap<(String, i32), Offset>, Failure> {
    let mut topics: Vec<String> = fresh
        .elements()
        .iter()
        .map(|element| element.topic().to_owned())
        .collect();
    topics.sort_unstable();
    topics.dedup();
    let mut ends = HashMap::new();
    for topic in topics {
        let metadata = consumer.fetch_metadata(Some(&topic), TIMEOUT)?;
        let mut all = TopicPartitionList::new();
        for partition in metadata
            .topics()
            .iter()
            .flat_map(|found| found.partitions())
        {
            all.add_partition(&topic, partition.id());
        }
        let committed = consumer.committed_offsets(all, TIMEOUT)?;
        let is_known = committed
            .elements()
            .iter()
            .any(|element| matches!(element.offset(), Offset::Offset(_)));
        if is_known {
            continue;
        }
        let mut start = TopicPartitionList::new();
        for element in committed.elements() {
            let partition = element.partition();
            let (_, end) = consumer.fetch_watermarks(&topic, partition, TIMEOUT)?;
            start.add_partition_offset(&topic, partition, Offset::Offset(end))?;
            ends.insert((topic.clone(), partition), Offset::Offset(end));
        }
        // Where it fails, the ends are found again by the next to start.
        let _ = consumer.commit(&start, CommitMode::Sync);
    }
    Ok(ends)
}

fn at_time<C: ConsumerContext>(
    consumer: &BaseConsumer<C>,
    mut fresh: TopicPartitionList,
    time: i64,
) -> Result<HashMap<(String, i32), Offset>, Failure> {
    fresh.set_all_offsets(Offset::Offset(time))?;
    let found = consumer.offsets_for_times(fresh, TIMEOUT)?;
    let mut offsets = HashMap::new();
    for element in found.elements() {
        element.error()?;
        // Where all messages are older it is the end.
        offsets.insert(
            (element.topic().to_owned(), element.partition()),
            element.offset(),
        );
    }
    Ok(offsets)
}
