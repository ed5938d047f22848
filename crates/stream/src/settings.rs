//! Every librdkafka setting the house makes, with its reason.

use rdkafka::ClientConfig;

/// How long a record may wait for its acknowledgement before it counts as not written. Below the gateway's own answer
/// time: the device is told to keep its tap and sends it again.
pub const DELIVERY_MS_MAX: u64 = 10_000;

/// How long a question to a broker (watermarks, identity) may take.
pub const REQUEST_MS_MAX: u64 = 5_000;

/// What every client shares.
fn common(brokers: &str) -> ClientConfig {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", brokers)
        .set("client.id", "farehouse")
        // A typing mistake must not create a topic that nobody keeps.
        .set("allow.auto.create.topics", "false")
        .set("socket.keepalive.enable", "true")
        // A small request is not held back until the one before it is acknowledged.
        .set("socket.nagle.disable", "true")
        // A broker that comes back is found within a second.
        .set("reconnect.backoff.max.ms", "1000")
        // Lag is read from the lease row against the high watermark.
        .set("statistics.interval.ms", "0");
    config
}

/// The client that creates and describes topics.
pub fn admin(brokers: &str) -> ClientConfig {
    common(brokers)
}

/// The client that appends.
pub fn producer(brokers: &str) -> ClientConfig {
    let mut config = common(brokers);
    config
        // The client's own retries neither double nor reorder records, and every in-sync replica has them.
        .set("enable.idempotence", "true")
        .set("acks", "all")
        .set("max.in.flight.requests.per.connection", "5")
        .set("delivery.timeout.ms", DELIVERY_MS_MAX.to_string())
        // A few milliseconds let parallel appends share a batch.
        .set("linger.ms", "5")
        .set("batch.size", "1000000")
        .set("compression.type", "lz4")
        // Bounded by bytes; the count only has to be out of the way.
        .set("queue.buffering.max.messages", "1000000")
        .set("queue.buffering.max.kbytes", "524288");
    config
}

/// The client that reads.
pub fn consumer(brokers: &str) -> ClientConfig {
    let mut config = common(brokers);
    config
        // `assign` wants a group's name. No group is ever joined and nothing is ever committed to it.
        .set("group.id", "farehouse")
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        // The default skips to the end, which would skip money.
        .set("auto.offset.reset", "error")
        // A flipped bit must not price a ride.
        .set("check.crcs", "true")
        .set("isolation.level", "read_committed")
        // Read ahead, within bounds: a full local queue must not idle the fetcher, whose default back-off is a second.
        .set("queued.min.messages", "100000")
        .set("queued.max.messages.kbytes", "131072")
        .set("fetch.message.max.bytes", "4194304")
        .set("fetch.queue.backoff.ms", "10")
        .set("fetch.error.backoff.ms", "100");
    config
}
