//! `GET /api/events`: what the WebSocket tells, as Server-Sent Events, for those whose proxies know HTTP only.
//!
//! Protocol: <https://html.spec.whatwg.org/multipage/server-sent-events.html>.

use std::io;

use futures_util::{Stream, stream};
use hfd_shared::metrics::{EventClient, Transport};
use poem::http::{HeaderValue, StatusCode, header};
use poem::{Body, IntoResponse, Response};
use poem_openapi::param::{Header, Query};
use poem_openapi::registry::{MetaMediaType, MetaResponse, MetaResponses, MetaSchema, MetaSchemaRef, Registry};
use poem_openapi::{ApiResponse, OpenApi};
use tokio::time::sleep;
use tracing::debug;

use crate::document::{Failure, STORE_AWAY, Statuses};
use crate::error::ApiError;
use crate::feed::{Feed, Follow, Told};

const EVENT_STREAM: &str = "text/event-stream";

/// How long a client waits before it connects again, in milliseconds.
const RETRY: &str = "retry: 2000\n\n";

/// How a stream is refused.
struct StreamFailures;

impl Statuses for StreamFailures {
    const LIST: &'static [(u16, &'static str)] = &[(404, "There is no such job"), STORE_AWAY];
}

/// A stream of events.
struct EventStream(Body);

impl IntoResponse for EventStream {
    fn into_response(self) -> Response {
        let mut response = Response::builder().status(StatusCode::OK).content_type(EVENT_STREAM).body(self.0);
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        // nginx would hold the events back otherwise.
        headers.insert("X-Accel-Buffering", HeaderValue::from_static("no"));
        response
    }
}

impl ApiResponse for EventStream {
    fn meta() -> MetaResponses {
        let schema = MetaSchemaRef::Inline(Box::new(MetaSchema::new("string")));
        let content = vec![MetaMediaType { content_type: EVENT_STREAM, schema }];
        let description = "Events, without end";
        MetaResponses {
            responses: vec![MetaResponse {
                description,
                status: Some(200),
                status_range: None,
                content,
                headers: Vec::new(),
            }],
        }
    }

    fn register(_: &mut Registry) {}
}

/// Pushes changes of jobs.
pub(crate) struct EventsApi(pub(crate) Feed);

#[OpenApi]
impl EventsApi {
    /// Real-time updates via Server-Sent Events
    ///
    /// The events are the messages of the WebSocket: `event` is the type (`init`, `job_update` or `event`), `data` the data
    /// in one line of JSON. A client that connects again with the id of its last event gets what came after it, when that is
    /// still there, and otherwise an `init`. An `init` comes, too, to a client that was too slow to get everything.
    #[oai(path = "/api/events", method = "get", operation_id = "streamEvents")]
    async fn stream(
        &self,
        /// Tell of this job only; the stream ends when it is gone.
        job: Query<Option<String>>,
        /// The id of the last event that the client got; browsers send it by themselves.
        #[oai(name = "Last-Event-ID")]
        last_event_id: Header<Option<String>>,
    ) -> Result<EventStream, Failure<StreamFailures>> {
        let (feed, job) = (self.0.clone(), job.0.as_deref());
        let mut follow = match &last_event_id.0 {
            Some(id) => feed.follow_behind(job, id).await?,
            None => feed.follow(job).await?,
        };
        let mut head = RETRY.to_owned();
        // An `init` cannot be refused any more once the stream has begun.
        if follow.begins_anew() {
            let init = follow.next().await.map_err(|_| ApiError::store_away("the jobs cannot be read now"))?;
            head.push_str(&written(&feed, &init));
        }
        Ok(EventStream(Body::from_bytes_stream(events(feed, follow, head))))
    }
}

/// What is sent to a client, until the server stops. A client that does not take it is not waited for: it falls behind.
fn events(feed: Feed, follow: Follow, head: String) -> impl Stream<Item = io::Result<String>> {
    let counted = EventClient::begin(Transport::Sse);
    stream::unfold((feed, follow, Some(head), counted), |(feed, mut follow, mut head, counted)| async {
        let text = match head.take() {
            Some(head) => Some(head),
            None => next(&feed, &mut follow).await,
        };
        text.map(|text| (Ok(text), (feed, follow, head, counted)))
    })
}

async fn next(feed: &Feed, follow: &mut Follow) -> Option<String> {
    tokio::select! {
        biased;
        () = feed.stop.cancelled() => None,
        told = follow.next() => match told {
            Ok(told) => Some(written(feed, &told)),
            Err(end) => {
                debug!(?end, "event stream ends");
                None
            }
        },
        () = sleep(feed.times().keep_alive) => Some(":\n\n".to_owned()),
    }
}

fn written(feed: &Feed, told: &Told) -> String {
    let message = told.message();
    format!("id: {}\nevent: {}\ndata: {}\n\n", feed.id(told), message.kind(), message.data())
}
