//! Kafka as the event log: the contract of every log, and what is Kafka's own.

use crate::log_contract::log_contract;
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use stream::{KafkaLog, create_topic};
use wire::{EventLog as _, LogError, LogReader as _};

const SOON: Duration = Duration::from_secs(30);

/// Where the broker is. Without one the test fails: a test that needs one is never skipped in silence.
fn brokers() -> String {
    std::env::var("FAREHOUSE_KAFKA").expect(
        "FAREHOUSE_KAFKA is not set: run `cargo xtask test`, or `cargo xtask services --kafka -- cargo test …`",
    )
}

fn fresh_topic() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
    format!("test-{}-{now}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

async fn fresh_log(partitions: u32) -> ((), KafkaLog) {
    let (brokers, topic) = (brokers(), fresh_topic());
    create_topic(&brokers, &topic, partitions).await.unwrap();
    ((), KafkaLog::open(&brokers, &topic).await.unwrap())
}

log_contract!(fresh_log);

fn records(partition: u32, count: usize) -> Vec<(u32, Vec<u8>)> {
    (0..count).map(|index| (partition, index.to_be_bytes().to_vec())).collect()
}

fn admin() -> AdminClient<DefaultClientContext> {
    ClientConfig::new().set("bootstrap.servers", brokers()).create().unwrap()
}

/// Deletes the topic and makes it again, as an operator's mistake would.
async fn replace_topic(topic: &str, partitions: u32) {
    for result in admin().delete_topics(&[topic], &AdminOptions::new()).await.unwrap() {
        result.unwrap();
    }
    let until = Instant::now() + SOON;
    // A broker forgets a topic a moment after it has answered.
    while let Err(error) = create_topic(&brokers(), topic, partitions).await {
        assert!(Instant::now() < until, "{error}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// The first fault a reader tells.
async fn first_fault(reader: &mut stream::KafkaReader) -> LogError {
    let until = Instant::now() + SOON;
    loop {
        assert!(Instant::now() < until, "no fault came");
        if let Err(fault) = reader.next(1_000, Duration::from_millis(200)).await {
            return fault;
        }
    }
}

#[tokio::test]
async fn making_a_topic_again_changes_nothing_and_its_partitions_stay() {
    let (brokers, topic) = (brokers(), fresh_topic());
    create_topic(&brokers, &topic, 3).await.unwrap();
    let before = KafkaLog::open(&brokers, &topic).await.unwrap().identity().await.unwrap();
    create_topic(&brokers, &topic, 3).await.unwrap();
    assert_eq!(KafkaLog::open(&brokers, &topic).await.unwrap().identity().await.unwrap(), before);
    assert_eq!((before.transport, before.partitions), ("kafka", 3));
    for partitions in [0, 2, 4] {
        assert!(
            matches!(create_topic(&brokers, &topic, partitions).await, Err(LogError::Broken(_))),
            "{partitions}"
        );
    }
    let refused = create_topic(&brokers, "not a name", 1).await;
    assert!(matches!(refused, Err(LogError::Broken(_))), "{refused:?}");
}

#[tokio::test]
async fn a_topic_that_is_not_there_is_not_made() {
    let (brokers, topic) = (brokers(), fresh_topic());
    assert!(matches!(KafkaLog::open(&brokers, &topic).await, Err(LogError::Unavailable(_))));
    assert!(matches!(KafkaLog::open(&brokers, &topic).await, Err(LogError::Unavailable(_))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_topic_made_again_is_another_log() {
    let (brokers, topic) = (brokers(), fresh_topic());
    create_topic(&brokers, &topic, 1).await.unwrap();
    let log = KafkaLog::open(&brokers, &topic).await.unwrap();
    let before = log.identity().await.unwrap();
    log.append(records(0, 5)).await.unwrap();
    replace_topic(&topic, 1).await;

    let after = log.identity().await.unwrap();
    assert_ne!(after.topic_id, before.topic_id);
    assert_eq!(after.cluster_id, before.cluster_id);
    assert!(matches!(log.reader(vec![(0, 0)]).await, Err(LogError::Replaced(_))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_open_reader_finds_out_that_its_topic_was_made_again() {
    let (brokers, topic) = (brokers(), fresh_topic());
    create_topic(&brokers, &topic, 1).await.unwrap();
    let log = KafkaLog::open(&brokers, &topic).await.unwrap();
    log.append(records(0, 3)).await.unwrap();
    let mut reader = log.reader(vec![(0, 3)]).await.unwrap();
    assert!(reader.next(10, Duration::from_millis(300)).await.unwrap().is_empty());
    replace_topic(&topic, 1).await;
    // More records than the reader's position: without a look at the identity it would simply read on.
    KafkaLog::open(&brokers, &topic).await.unwrap().append(records(0, 10)).await.unwrap();
    let fault = first_fault(&mut reader).await;
    // It may have been told of the deletion before the topic was there again; a look at the identity tells the rest.
    assert!(matches!(fault, LogError::Replaced(_) | LogError::Unavailable(_)), "{fault}");
    assert!(matches!(log.reader(vec![(0, 3)]).await, Err(LogError::Replaced(_))));
    let ended = reader.next(10, Duration::ZERO).await;
    assert!(matches!(ended, Err(LogError::Unavailable(_))), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_position_that_retention_has_passed_is_an_error_not_a_jump() {
    let (_, log) = fresh_log(2).await;
    let topic = log.identity().await.unwrap().topic;
    log.append(records(0, 100)).await.unwrap();
    log.append(records(1, 100)).await.unwrap();
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(&topic, 1, Offset::Offset(60)).unwrap();
    admin().delete_records(&list, &AdminOptions::new()).await.unwrap();

    assert_eq!(log.bounds(1).await.unwrap(), (60, 100));
    let below = log.reader(vec![(0, 0), (1, 59)]).await;
    assert!(matches!(
        below,
        Err(LogError::OffsetOutOfRange { partition: 1, offset: 59, low: 60, high: 100 })
    ));
    let mut reader = log.reader(vec![(1, 60)]).await.unwrap();
    assert_eq!(reader.next(1, SOON).await.unwrap()[0].offset, 60);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_without_a_value_is_read_as_empty() {
    use rdkafka::producer::{FutureProducer, FutureRecord};
    let (_, log) = fresh_log(1).await;
    let topic = log.identity().await.unwrap().topic;
    let producer: FutureProducer = ClientConfig::new().set("bootstrap.servers", brokers()).create().unwrap();
    let record: FutureRecord<'_, str, [u8]> = FutureRecord::to(&topic).key("a stranger's").partition(0);
    producer.send(record, SOON).await.unwrap();
    let mut reader = log.reader(vec![(0, 0)]).await.unwrap();
    let entries = reader.next(10, SOON).await.unwrap();
    assert_eq!((entries.len(), entries[0].bytes.len()), (1, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_broker_the_log_is_away() {
    // Nobody listens on the discard port of this machine.
    let opened = KafkaLog::open("127.0.0.1:9", "taps").await;
    assert!(matches!(opened, Err(LogError::Unavailable(_))));
    assert!(matches!(create_topic("127.0.0.1:9", "taps", 1).await, Err(LogError::Unavailable(_))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_batch_is_quick() {
    let (_, log) = fresh_log(4).await;
    let tap = |index: usize| (u32::try_from(index % 4).unwrap(), format!("{index:-^300}").into_bytes());
    // The first append also finds the leaders.
    log.append((0..100).map(tap).collect()).await.unwrap();
    let began = Instant::now();
    for _ in 0..5 {
        assert_eq!(log.append((0..20_000).map(tap).collect()).await.unwrap().len(), 20_000);
    }
    let each = began.elapsed() / 5;
    println!("20,000 records of 300 bytes: appended in {each:?}");
    let began = Instant::now();
    for _ in 0..20 {
        log.append(vec![tap(0)]).await.unwrap();
    }
    println!("one record: appended in {:?}", began.elapsed() / 20);
    // Generous: the machine is shared. A report at a time would take twenty seconds.
    assert!(each < Duration::from_secs(5), "{each:?}");
}
