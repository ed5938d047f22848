//! Making a topic.

use crate::describe::describe;
use crate::settings;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::error::RDKafkaErrorCode;
use std::time::{Duration, Instant};
use wire::LogError;

/// How long a new topic may take until every partition has a leader.
const READY_AT_MOST: Duration = Duration::from_secs(10);
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// What a taps topic must be: contiguous offsets (no compaction), no records lost to an unclean leader, and kept until an
/// operator decides otherwise, because the ledger can be rebuilt from it.
const TOPIC_CONFIG: [(&str, &str); 3] =
    [("cleanup.policy", "delete"), ("retention.ms", "-1"), ("unclean.leader.election.enable", "false")];

/// Makes the topic with the cluster's own replication factor, unless it is there already, and waits until it can be used.
/// Another number of partitions than it has is refused: a partition count never changes in place.
pub async fn create_topic(brokers: &str, topic: &str, partitions: u32) -> Result<(), LogError> {
    let admin: AdminClient<DefaultClientContext> = settings::admin(brokers)
        .create()
        .map_err(|error| LogError::Broken(format!("making a Kafka admin client: {error}")))?;
    let made = make(&admin, topic, partitions).await;
    // Waiting for partitions, and closing the client, block; neither belongs on an async thread.
    let topic = topic.to_owned();
    let work =
        tokio::task::spawn_blocking(move || made.and_then(|()| wait_until_ready(&admin, &topic, partitions)));
    work.await.map_err(|error| LogError::Unavailable(format!("making a topic: {error}")))?
}

async fn make(
    admin: &AdminClient<DefaultClientContext>,
    topic: &str,
    partitions: u32,
) -> Result<(), LogError> {
    let count = i32::try_from(partitions).ok().filter(|count| *count > 0);
    let count =
        count.ok_or_else(|| LogError::Broken(format!("a topic cannot have {partitions} partitions")))?;
    let mut new = NewTopic::new(topic, count, TopicReplication::Fixed(-1));
    for (name, value) in TOPIC_CONFIG {
        new = new.set(name, value);
    }
    let limit = Some(READY_AT_MOST);
    let options = AdminOptions::new().request_timeout(limit).operation_timeout(limit);
    let results = admin
        .create_topics(&[new], &options)
        .await
        .map_err(|error| LogError::Unavailable(format!("making topic {topic}: {error}")))?;
    for result in results {
        match result {
            Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((_, code)) => return Err(refused(topic, code)),
        }
    }
    Ok(())
}

/// Kafka answers before every broker knows the topic.
fn wait_until_ready(
    admin: &AdminClient<DefaultClientContext>,
    topic: &str,
    partitions: u32,
) -> Result<(), LogError> {
    let until = Instant::now() + READY_AT_MOST;
    loop {
        let found = describe(admin.inner(), topic);
        if let Ok(Some(description)) = &found {
            if description.partitions != partitions {
                let message =
                    format!("topic {topic} has {} partitions, not {partitions}", description.partitions);
                return Err(LogError::Broken(message));
            }
            if all_have_leaders(admin, topic) {
                return Ok(());
            }
        }
        if Instant::now() >= until {
            return Err(found.err().unwrap_or_else(|| {
                LogError::Unavailable(format!(
                    "topic {topic} was made, but not all its partitions have a leader"
                ))
            }));
        }
        std::thread::sleep(LOOK_AGAIN);
    }
}

fn all_have_leaders(admin: &AdminClient<DefaultClientContext>, topic: &str) -> bool {
    let limit = Duration::from_millis(settings::REQUEST_MS_MAX);
    let Ok(metadata) = admin.inner().fetch_metadata(Some(topic), limit) else { return false };
    let mut partitions = metadata.topics().iter().flat_map(|topic| topic.partitions());
    partitions.all(|partition| partition.leader() >= 0 && partition.error().is_none())
}

/// What waiting may heal is `Unavailable`; what the cluster will never accept is `Broken`.
fn refused(topic: &str, code: RDKafkaErrorCode) -> LogError {
    let message = format!("making topic {topic}: {code}");
    match code {
        RDKafkaErrorCode::InvalidTopic
        | RDKafkaErrorCode::InvalidPartitions
        | RDKafkaErrorCode::InvalidReplicationFactor
        | RDKafkaErrorCode::InvalidConfig
        | RDKafkaErrorCode::PolicyViolation
        | RDKafkaErrorCode::TopicAuthorizationFailed
        | RDKafkaErrorCode::ClusterAuthorizationFailed => LogError::Broken(message),
        _ => LogError::Unavailable(message),
    }
}
