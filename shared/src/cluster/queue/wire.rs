//! Messages as they are in the broker: a versioned JSON body, with properties for people and tracers.

use lapin::BasicProperties;
use lapin::message::Delivery;
use lapin::types::{AMQPValue, FieldTable};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::job::Task;
use crate::ports::Message;
use crate::trace::{TRACEPARENT, TraceContext};

/// The version of the body that is written, and the only one that is read.
const VERSION: u32 = 1;

/// No task is nearly as long; what is longer was not published by us.
const MAX_BODY_BYTES: usize = 16 << 10;

const PERSISTENT: u8 = 2;

/// When the message was published, in milliseconds since 1970: the property `timestamp` has seconds only.
const PUBLISHED_MS: &str = "published_ms";

#[derive(Serialize, Deserialize)]
struct Body {
    v: u32,
    #[serde(flatten)]
    task: Task,
}

#[derive(Deserialize)]
struct Version {
    v: u32,
}

/// Why a message is no task. It says nothing of the content but where it is wrong.
#[derive(Debug, thiserror::Error)]
pub(super) enum Undecodable {
    #[error("body of more than {MAX_BODY_BYTES} bytes")]
    TooLong,
    #[error("body of version {0}, but this process reads {VERSION} only")]
    Version(u32),
    #[error("body is no JSON of a task (column {})", .0.column())]
    Json(serde_json::Error),
}

/// The body and the properties of a message.
///
/// # Errors
/// None that can happen: a task has no value that JSON lacks.
pub(super) fn encode(message: &Message) -> serde_json::Result<(Vec<u8>, BasicProperties)> {
    let body = serde_json::to_vec(&Body { v: VERSION, task: message.task })?;
    let now = OffsetDateTime::now_utc();
    let mut headers = FieldTable::default();
    let now_ms = i64::try_from(now.unix_timestamp_nanos() / 1_000_000).unwrap_or_default();
    headers.insert(PUBLISHED_MS.into(), AMQPValue::LongLongInt(now_ms));
    if let Some(trace) = message.trace {
        headers.insert(TRACEPARENT.into(), AMQPValue::LongString(trace.to_string().into()));
    }
    let properties = BasicProperties::default()
        .with_delivery_mode(PERSISTENT)
        .with_content_type("application/json".into())
        .with_message_id(message.task.to_string().into())
        .with_type(message.task.kind.name().into())
        .with_timestamp(u64::try_from(now.unix_timestamp()).unwrap_or_default())
        .with_headers(headers);
    Ok((body, properties))
}

/// The task in a delivery, and its trace where that can be read.
pub(super) fn decode(delivery: &Delivery) -> Result<Message, Undecodable> {
    Ok(Message { task: decode_task(&delivery.data)?, trace: trace(&delivery.properties) })
}

fn decode_task(body: &[u8]) -> Result<Task, Undecodable> {
    if body.len() > MAX_BODY_BYTES {
        return Err(Undecodable::TooLong);
    }
    match serde_json::from_slice(body).map_err(Undecodable::Json)? {
        Version { v: VERSION } => {}
        Version { v } => return Err(Undecodable::Version(v)),
    }
    let Body { task, .. } = serde_json::from_slice(body).map_err(Undecodable::Json)?;
    Ok(task)
}

/// When a delivery was published, where it says so.
pub(super) fn published_at(properties: &BasicProperties) -> Option<OffsetDateTime> {
    let AMQPValue::LongLongInt(ms) = properties.headers().as_ref()?.inner().get(PUBLISHED_MS)? else { return None };
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(*ms) * 1_000_000).ok()
}

fn trace(properties: &BasicProperties) -> Option<TraceContext> {
    let AMQPValue::LongString(text) = properties.headers().as_ref()?.inner().get(TRACEPARENT)? else { return None };
    std::str::from_utf8(text.as_bytes()).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::{Epoch, TaskKind, UnitIndex};

    fn task(kind: TaskKind) -> Task {
        Task { job: "0123456789ab".parse().unwrap(), epoch: Epoch(3), kind }
    }

    fn body(task: Task) -> String {
        String::from_utf8(encode(&Message { task, trace: None }).unwrap().0).unwrap()
    }

    #[test]
    fn the_form_of_a_body_does_not_change() {
        let fetch = task(TaskKind::Fetch(UnitIndex(7)));
        assert_eq!(body(fetch), r#"{"v":1,"job":"0123456789ab","epoch":3,"kind":"fetch","unit":7}"#);
        assert_eq!(body(task(TaskKind::Plan)), r#"{"v":1,"job":"0123456789ab","epoch":3,"kind":"plan"}"#);
    }

    #[test]
    fn each_task_can_be_read_again() {
        for kind in [TaskKind::Plan, TaskKind::Fetch(UnitIndex(7)), TaskKind::Finish, TaskKind::Callback] {
            assert_eq!(decode_task(body(task(kind)).as_bytes()).unwrap(), task(kind));
        }
        let more = r#"{"v":1,"job":"0123456789ab","epoch":3,"kind":"plan","later":[]}"#;
        assert_eq!(decode_task(more.as_bytes()).unwrap(), task(TaskKind::Plan), "a field of a later release");
    }

    #[test]
    fn what_is_no_task_is_refused() {
        let reason = |body: &str| decode_task(body.as_bytes()).expect_err(body).to_string();
        assert_eq!(reason(r#"{"v":2,"job":"other"}"#), "body of version 2, but this process reads 1 only");
        let long = format!("{:1$}", body(task(TaskKind::Plan)), MAX_BODY_BYTES + 1);
        assert_eq!(reason(&long), "body of more than 16384 bytes");
        for bad in ["", "[]", "{}", r#"{"v":1}"#, r#"{"v":1,"job":"secret","epoch":3,"kind":"plan"}"#] {
            let reason = reason(bad);
            assert!(reason.starts_with("body is no JSON of a task") && !reason.contains("secret"), "{reason}");
        }
    }
}
