//! What every event log must do, whatever it is made of. Each adapter's test binary includes this file by `#[path]` and
//! runs all of it with [`log_contract!`].

use std::collections::BTreeMap;
use std::future::Future;
use std::time::{Duration, Instant};
use wire::limits::RECORD_BYTES_MAX;
use wire::{EventLog, LogEntry, LogError, LogReader};

/// Long enough for anything that must happen; a test that waits it out has failed.
const SOON: Duration = Duration::from_secs(30);

/// Runs the contract as one test per promise. `$fresh` is an `async fn(partitions: u32) -> (guard, log)` that makes a
/// new, empty topic.
macro_rules! log_contract {
    ($fresh:path) => {
        log_contract!($fresh:
            offsets_count_from_zero_in_the_order_of_the_argument(3),
            a_reader_starts_in_the_middle(2),
            parallel_appends_leave_no_gap_and_keep_each_senders_order(3),
            nothing_appended_is_nothing_written(1),
            a_record_fits_at_the_limit_and_not_one_past_it(1),
            a_record_may_be_empty_or_hold_any_byte(1),
            a_second_reader_resumes_where_the_first_stopped(2),
            a_position_outside_the_log_is_refused(2),
            a_partition_that_is_not_there_is_refused(2),
            fifty_thousand_records_come_back_as_they_went(4),
            a_reader_waits_and_wakes(2),
            a_dropped_read_loses_nothing(2),
            a_log_knows_itself(2),
        );
    };
    ($fresh:path: $($name:ident($partitions:literal),)*) => {
        $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            let (_guard, log) = $fresh($partitions).await;
            crate::log_contract::$name(&log).await;
        })*
    };
}
pub(crate) use log_contract;

/// A record that tells where it came from.
fn labelled(text: impl std::fmt::Display) -> Vec<u8> {
    text.to_string().into_bytes()
}

/// Reads until `count` entries are there, and checks what every read promises: at most `max`, offsets without a gap.
async fn read<R: LogReader>(
    reader: &mut R,
    starts: &[(u32, u64)],
    count: usize,
    max: usize,
) -> Vec<LogEntry> {
    let mut expected: BTreeMap<u32, u64> = starts.iter().copied().collect();
    let mut entries = Vec::new();
    let until = Instant::now() + SOON;
    while entries.len() < count {
        assert!(Instant::now() < until, "{} of {count} entries came", entries.len());
        let more = reader.next(max, Duration::from_millis(500)).await.expect("the log can be read");
        assert!(more.len() <= max, "asked for {max}, got {}", more.len());
        for entry in &more {
            let next = expected.get_mut(&entry.partition).expect("a partition that was asked for");
            assert_eq!(entry.offset, *next, "partition {}", entry.partition);
            *next += 1;
        }
        entries.extend(more);
    }
    assert_eq!(entries.len(), count, "more entries than were appended");
    entries
}

/// The same from the given starts, with a reader of its own.
async fn read_from<L: EventLog>(log: &L, starts: &[(u32, u64)], count: usize) -> Vec<LogEntry> {
    let mut reader = log.reader(starts.to_vec()).await.expect("a reader opens");
    read(&mut reader, starts, count, 1_000).await
}

/// The entries of one partition, as text.
fn texts(entries: &[LogEntry], partition: u32) -> Vec<String> {
    let of_partition = entries.iter().filter(|entry| entry.partition == partition);
    of_partition.map(|entry| String::from_utf8(entry.bytes.clone()).expect("text")).collect()
}

pub async fn offsets_count_from_zero_in_the_order_of_the_argument<L: EventLog>(log: &L) {
    let first = [(2, "a"), (0, "b"), (2, "c"), (1, "d"), (2, "e")].map(|(part, text)| (part, labelled(text)));
    assert_eq!(log.append(first.to_vec()).await.expect("appended"), [0, 0, 1, 0, 2]);
    let second = [(0, "f"), (2, "g"), (0, "h")].map(|(part, text)| (part, labelled(text)));
    assert_eq!(log.append(second.to_vec()).await.expect("appended"), [1, 3, 2]);

    let entries = read_from(log, &[(0, 0), (1, 0), (2, 0)], 8).await;
    assert_eq!(texts(&entries, 0), ["b", "f", "h"]);
    assert_eq!(texts(&entries, 1), ["d"]);
    assert_eq!(texts(&entries, 2), ["a", "c", "e", "g"]);
    assert_eq!(log.bounds(2).await.expect("bounds"), (0, 4));
}

pub async fn a_reader_starts_in_the_middle<L: EventLog>(log: &L) {
    let records = (0..200).map(|index| (index % 2, labelled(index))).collect();
    log.append(records).await.expect("appended");
    let entries = read_from(log, &[(0, 60), (1, 97)], 43).await;
    assert_eq!(texts(&entries, 0).first().map(String::as_str), Some("120"));
    assert_eq!(texts(&entries, 1), ["195", "197", "199"]);
    // A reader of one partition sees nothing of the other.
    let entries = read_from(log, &[(1, 0)], 100).await;
    assert!(entries.iter().all(|entry| entry.partition == 1));
}

pub async fn parallel_appends_leave_no_gap_and_keep_each_senders_order<L: EventLog>(log: &L) {
    const SENDERS: u32 = 8;
    const APPENDS: u32 = 25;
    // Each append names the partitions in another order, so adapters that lock must sort.
    let send = |sender: u32| async move {
        let mut told = Vec::new();
        for append in 0..APPENDS {
            let records: Vec<_> = (0..6)
                .map(|index| {
                    ((index * 2 + sender + append) % 3, labelled(format!("{sender}/{append}/{index}")))
                })
                .collect();
            let offsets = log.append(records.clone()).await.expect("appended");
            told.extend(records.into_iter().zip(offsets));
        }
        told
    };
    let told = join_all((0..SENDERS).map(send)).await;

    let total = usize::try_from(SENDERS * APPENDS * 6).expect("a small number");
    let entries = read_from(log, &[(0, 0), (1, 0), (2, 0)], total).await;
    let at: BTreeMap<(u32, u64), &[u8]> =
        entries.iter().map(|entry| ((entry.partition, entry.offset), entry.bytes.as_slice())).collect();
    assert_eq!(at.len(), total);
    for sender in told {
        let mut last: BTreeMap<u32, u64> = BTreeMap::new();
        for ((partition, bytes), offset) in sender {
            assert_eq!(
                at.get(&(partition, offset)),
                Some(&bytes.as_slice()),
                "what the sender was told is there"
            );
            let before = last.insert(partition, offset);
            assert!(before.is_none_or(|before| before < offset), "a sender's records keep their order");
        }
    }
}

/// Runs futures at once on this task; enough to have many appends under way.
async fn join_all<F: Future>(futures: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut running: Vec<_> = futures.map(|future| (Box::pin(future), None)).collect();
    std::future::poll_fn(|context| {
        let mut waiting = false;
        for (future, output) in running.iter_mut().filter(|(_, output)| output.is_none()) {
            match future.as_mut().poll(context) {
                std::task::Poll::Ready(value) => *output = Some(value),
                std::task::Poll::Pending => waiting = true,
            }
        }
        if waiting { std::task::Poll::Pending } else { std::task::Poll::Ready(()) }
    })
    .await;
    running.into_iter().filter_map(|(_, output)| output).collect()
}

pub async fn nothing_appended_is_nothing_written<L: EventLog>(log: &L) {
    assert_eq!(log.append(Vec::new()).await.expect("appended"), Vec::<u64>::new());
    assert_eq!(log.bounds(0).await.expect("bounds"), (0, 0));
}

pub async fn a_record_fits_at_the_limit_and_not_one_past_it<L: EventLog>(log: &L) {
    // Bytes that do not compress, so that the limit is met on the wire as well.
    let mut state = 1_u64;
    let mut noise = |length: usize| -> Vec<u8> {
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state.to_be_bytes()[0]
        };
        (0..length).map(|_| next()).collect()
    };
    let largest: Vec<(u32, Vec<u8>)> = (0..100).map(|_| (0, noise(RECORD_BYTES_MAX))).collect();
    log.append(largest.clone()).await.expect("records at the limit are taken");
    let entries = read_from(log, &[(0, 0)], 100).await;
    assert!(entries.iter().zip(&largest).all(|(entry, (_, bytes))| entry.bytes == *bytes));

    let too_large = vec![(0, labelled("before")), (0, noise(RECORD_BYTES_MAX + 1))];
    assert!(matches!(log.append(too_large).await, Err(LogError::Broken(_))));
    assert_eq!(log.bounds(0).await.expect("bounds"), (0, 100), "a refused append writes nothing");
}

pub async fn a_record_may_be_empty_or_hold_any_byte<L: EventLog>(log: &L) {
    let records = vec![(0, Vec::new()), (0, (0..=u8::MAX).collect()), (0, Vec::new())];
    log.append(records.clone()).await.expect("appended");
    let entries = read_from(log, &[(0, 0)], 3).await;
    assert!(entries.iter().zip(&records).all(|(entry, (_, bytes))| entry.bytes == *bytes));
}

pub async fn a_second_reader_resumes_where_the_first_stopped<L: EventLog>(log: &L) {
    log.append((0..500).map(|index| (index % 2, labelled(index))).collect()).await.expect("appended");
    let mut positions = BTreeMap::from([(0, 0), (1, 0)]);
    let mut seen = Vec::new();
    // Many short lives, as a worker that crashes after every batch.
    while seen.len() < 500 {
        let starts: Vec<(u32, u64)> = positions.iter().map(|(part, offset)| (*part, *offset)).collect();
        let mut reader = log.reader(starts).await.expect("a reader opens");
        for entry in reader.next(60, SOON).await.expect("the log can be read") {
            assert_eq!(positions.insert(entry.partition, entry.offset + 1), Some(entry.offset));
            seen.push(String::from_utf8(entry.bytes).expect("text").parse::<u32>().expect("a number"));
        }
    }
    seen.sort_unstable();
    assert_eq!(seen, (0..500).collect::<Vec<u32>>());
}

pub async fn a_position_outside_the_log_is_refused<L: EventLog>(log: &L) {
    log.append(vec![(1, labelled("a")), (1, labelled("b"))]).await.expect("appended");
    match log.reader(vec![(0, 0), (1, 3)]).await {
        Err(LogError::OffsetOutOfRange { partition: 1, offset: 3, low: 0, high: 2 }) => {}
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("a position past the end was accepted"),
    }
    // The end itself is a position: the next record is awaited there.
    let mut reader = log.reader(vec![(0, 0), (1, 2)]).await.expect("a reader opens");
    log.append(vec![(1, labelled("c"))]).await.expect("appended");
    let entries = read(&mut reader, &[(0, 0), (1, 2)], 1, 10).await;
    assert_eq!(texts(&entries, 1), ["c"]);
}

pub async fn a_partition_that_is_not_there_is_refused<L: EventLog>(log: &L) {
    let records = vec![(0, labelled("a")), (2, labelled("b"))];
    assert!(matches!(log.append(records).await, Err(LogError::Broken(_))));
    assert_eq!(log.bounds(0).await.expect("bounds"), (0, 0), "a refused append writes nothing");
    assert!(matches!(log.bounds(2).await, Err(LogError::Broken(_))));
    assert!(matches!(log.reader(vec![(2, 0)]).await, Err(LogError::Broken(_))));
}

pub async fn fifty_thousand_records_come_back_as_they_went<L: EventLog>(log: &L) {
    const RECORDS: u32 = 50_000;
    let record = |index: u32| (index % 4, labelled(format!("{index:-^200}")));
    let began = Instant::now();
    for first in (0..RECORDS).step_by(20_000) {
        let batch: Vec<_> = (first..RECORDS.min(first + 20_000)).map(record).collect();
        log.append(batch).await.expect("appended");
    }
    let appended = began.elapsed();

    let starts = [(0, 0), (1, 0), (2, 0), (3, 0)];
    let began = Instant::now();
    let mut reader = log.reader(starts.to_vec()).await.expect("a reader opens");
    let entries = read(&mut reader, &starts, 50_000, 7_000).await;
    println!("50,000 records: appended in {appended:?}, read in {:?}", began.elapsed());
    for entry in &entries {
        let index = u32::try_from(entry.offset).expect("a small offset") * 4 + entry.partition;
        assert_eq!(entry.bytes, record(index).1);
    }
    assert!(reader.next(10, Duration::from_millis(50)).await.expect("the log can be read").is_empty());
}

pub async fn a_reader_waits_and_wakes<L: EventLog>(log: &L) {
    let mut reader = log.reader(vec![(0, 0), (1, 0)]).await.expect("a reader opens");
    let began = Instant::now();
    let nothing = reader.next(10, Duration::from_millis(300)).await.expect("the log can be read");
    assert!(nothing.is_empty());
    assert!(began.elapsed() >= Duration::from_millis(290), "it came back after {:?}", began.elapsed());
    // With no wait it answers at once, and a read of nothing is nothing.
    let began = Instant::now();
    assert!(reader.next(10, Duration::ZERO).await.expect("the log can be read").is_empty());
    assert!(reader.next(0, Duration::ZERO).await.expect("the log can be read").is_empty());
    assert!(began.elapsed() < Duration::from_secs(2));

    // A record that comes while it waits ends the wait.
    let began = Instant::now();
    let (entries, offsets) = tokio::join!(reader.next(10, SOON), async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        log.append(vec![(1, labelled("late"))]).await
    });
    assert_eq!(offsets.expect("appended"), [0]);
    assert_eq!(texts(&entries.expect("the log can be read"), 1), ["late"]);
    assert!(began.elapsed() < SOON / 2, "it slept through the record");
}

pub async fn a_dropped_read_loses_nothing<L: EventLog>(log: &L) {
    log.append((0..2_000).map(|index| (index % 2, labelled(index))).collect()).await.expect("appended");
    let starts = [(0, 0), (1, 0)];
    let mut reader = log.reader(starts.to_vec()).await.expect("a reader opens");
    // Reads are given up after times that fall on every side of the answer.
    let mut expected = BTreeMap::from(starts);
    let mut count = 0;
    for round in 0..200_u64 {
        let patience = Duration::from_micros(round * 40);
        if let Ok(entries) = tokio::time::timeout(patience, reader.next(10, SOON)).await {
            for entry in entries.expect("the log can be read") {
                assert_eq!(expected.insert(entry.partition, entry.offset + 1), Some(entry.offset));
                count += 1;
            }
        }
    }
    assert!(count < 2_000, "no read was dropped");
    let starts: Vec<(u32, u64)> = expected.into_iter().collect();
    read(&mut reader, &starts, 2_000 - count, 1_000).await;
}

pub async fn a_log_knows_itself<L: EventLog>(log: &L) {
    let identity = log.identity().await.expect("the log says who it is");
    assert_eq!(identity.partitions, 2);
    for text in [&identity.cluster_id, &identity.topic, &identity.topic_id] {
        assert!(!text.is_empty());
    }
    assert_eq!(log.identity().await.expect("the log says who it is"), identity);
}
