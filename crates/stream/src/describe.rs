//! Which topic is this? A topic that is deleted and made again has the same name and another id, and positions in the
//! one mean nothing in the other.
//!
//! librdkafka can tell the id, but rust-rdkafka 0.39 does not show that call, so it is made here through the C functions
//! it re-exports. Beside the sockets of `store::nodelay` this is the only unsafe code of the house.
#![allow(unsafe_code)]

use crate::settings::REQUEST_MS_MAX;
use rdkafka::bindings as c;
use rdkafka::client::{Client, ClientContext};
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::types::RDKafkaRespErr;
use std::ffi::{CStr, CString, c_int};
use std::ptr::{NonNull, null_mut};
use wire::LogError;

/// What Kafka itself says of a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// The topic's id, as Kafka's own tools print it: 22 characters.
    pub topic_id: String,
    /// How many partitions it has.
    pub partitions: u32,
}

/// How the id of a topic prints whose broker knows no topic ids.
const NO_ID: &str = "AAAAAAAAAAAAAAAAAAAAAA";

/// Asks the brokers. `None` when they know no such topic. Blocks up to [`REQUEST_MS_MAX`].
pub fn describe<C: ClientContext>(client: &Client<C>, topic: &str) -> Result<Option<Description>, LogError> {
    let name = CString::new(topic).map_err(|_| LogError::Broken(format!("{topic:?} is no topic's name")))?;
    let timeout = c_int::try_from(REQUEST_MS_MAX).unwrap_or(c_int::MAX);
    // SAFETY: the client outlives this function. Every object made below is checked for null, used only here, and given
    // back by its own destructor, the queue last; what is read out of the event is copied while the event lives.
    unsafe {
        let client = client.native_ptr();
        let queue = Owned::new(c::rd_kafka_queue_new(client), c::rd_kafka_queue_destroy)?;
        let mut names = [name.as_ptr()];
        let collection = Owned::new(
            c::rd_kafka_TopicCollection_of_topic_names(names.as_mut_ptr(), names.len()),
            c::rd_kafka_TopicCollection_destroy,
        )?;
        let operation = c::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBETOPICS;
        let options =
            Owned::new(c::rd_kafka_AdminOptions_new(client, operation), c::rd_kafka_AdminOptions_destroy)?;
        c::rd_kafka_AdminOptions_set_request_timeout(options.get(), timeout, null_mut(), 0);
        c::rd_kafka_DescribeTopics(client, collection.get(), options.get(), queue.get());
        let event = c::rd_kafka_queue_poll(queue.get(), timeout);
        let Ok(event) = Owned::new(event, c::rd_kafka_event_destroy) else {
            return Err(LogError::Unavailable(format!("no broker described topic {topic}")));
        };
        let failure = c::rd_kafka_event_error(event.get());
        if failure != RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR {
            return Err(unavailable(topic, failure));
        }
        let result = c::rd_kafka_event_DescribeTopics_result(event.get());
        if result.is_null() {
            return Err(LogError::Unavailable(format!(
                "another answer came than topic {topic}'s description"
            )));
        }
        read(topic, result)
    }
}

/// Copies the description out of the answer.
///
/// # Safety
/// `result` belongs to an event that lives until this function returns.
unsafe fn read(
    topic: &str,
    result: *const c::rd_kafka_DescribeTopics_result_t,
) -> Result<Option<Description>, LogError> {
    // SAFETY: librdkafka hands out an array of `count` descriptions that lives as long as the event, and for a described
    // topic its id and its partitions; all are checked for null before they are followed.
    unsafe {
        let mut count = 0;
        let topics = c::rd_kafka_DescribeTopics_result_topics(result, &mut count);
        if topics.is_null() || count != 1 {
            return Err(LogError::Unavailable(format!("one topic was asked for, {count} were described")));
        }
        let description = *topics;
        let failure = c::rd_kafka_error_code(c::rd_kafka_TopicDescription_error(description));
        match failure {
            RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR => {}
            RDKafkaRespErr::RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART => return Ok(None),
            other => return Err(unavailable(topic, other)),
        }
        let id = c::rd_kafka_TopicDescription_topic_id(description);
        let text = if id.is_null() { std::ptr::null() } else { c::rd_kafka_Uuid_base64str(id) };
        let topic_id = if text.is_null() {
            NO_ID.to_owned()
        } else {
            CStr::from_ptr(text).to_string_lossy().into_owned()
        };
        if topic_id.trim_end_matches('=') == NO_ID {
            return Err(LogError::Broken("the brokers are too old: they give topics no id".to_owned()));
        }
        let mut partitions = 0;
        c::rd_kafka_TopicDescription_partitions(description, &mut partitions);
        let partitions = u32::try_from(partitions).unwrap_or(u32::MAX);
        Ok(Some(Description { topic_id, partitions }))
    }
}

fn unavailable(topic: &str, failure: RDKafkaRespErr) -> LogError {
    LogError::Unavailable(format!("describing topic {topic}: {}", RDKafkaErrorCode::from(failure)))
}

/// A C object and the function that gives it back.
struct Owned<T> {
    object: NonNull<T>,
    destroy: unsafe extern "C" fn(*mut T),
}

impl<T> Owned<T> {
    fn new(object: *mut T, destroy: unsafe extern "C" fn(*mut T)) -> Result<Self, LogError> {
        let object = NonNull::new(object)
            .ok_or_else(|| LogError::Unavailable("librdkafka could not allocate a request".to_owned()))?;
        Ok(Owned { object, destroy })
    }

    fn get(&self) -> *mut T {
        self.object.as_ptr()
    }
}

impl<T> Drop for Owned<T> {
    fn drop(&mut self) {
        // SAFETY: `object` came from the constructor that belongs to `destroy`, and is given back once.
        unsafe { (self.destroy)(self.object.as_ptr()) }
    }
}
