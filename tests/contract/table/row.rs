//! A row of the table: a request in a given state, and the answer to it.

use reqwest::Method;
use serde_json::Value;

use super::shape::Shape;
use super::shapes;

/// What there is before the request. Texts of the row may then name `{id}`, the job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Given {
    /// Nothing in particular.
    Nothing,
    /// A job that waits for another one to end.
    Queued,
    /// A job whose file is arriving.
    Running,
    /// A job that was running.
    Paused,
    /// A job whose files have arrived.
    Completed,
    /// A job that asked for what the Hub does not have.
    Failed,
    /// A job that was running and was cancelled.
    Cancelled,
}

impl Given {
    /// In the words of the document.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Nothing => "",
            Self::Queued => "a queued job",
            Self::Running => "a running job",
            Self::Paused => "a paused job",
            Self::Completed => "a completed job",
            Self::Failed => "a failed job",
            Self::Cancelled => "a cancelled job",
        }
    }
}

/// Which server is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Server {
    /// One with the defaults.
    Open,
    /// One with a user, a password, an API token and an origin.
    Guarded,
}

/// What is sent as the body.
#[derive(Debug, Clone)]
pub(crate) enum Body {
    /// None.
    None,
    /// JSON.
    Json(Value),
    /// These bytes, said to be of this type.
    Raw(&'static str, &'static str),
}

/// An HTTP request.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// How.
    pub(crate) method: Method,
    /// Path and query.
    pub(crate) path: &'static str,
    /// Headers beside the usual ones.
    pub(crate) headers: Vec<(&'static str, &'static str)>,
    /// The body.
    pub(crate) body: Body,
}

impl Request {
    /// A request without a body.
    pub(crate) fn new(method: Method, path: &'static str) -> Self {
        Self { method, path, headers: Vec::new(), body: Body::None }
    }
}

/// What must come back.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    /// An HTTP response.
    Response {
        /// Its status.
        status: u16,
        /// Its body.
        body: Content,
    },
    /// A message of this type on a WebSocket that was opened before the request.
    Message(&'static str, Shape),
}

/// The body of a response.
#[derive(Debug, Clone)]
pub(crate) enum Content {
    /// Nothing.
    Empty,
    /// JSON of this shape.
    Json(Shape),
    /// A document of this type.
    Document(&'static str),
}

/// A request that leads to what a row shows.
#[derive(Debug, Clone)]
pub(crate) struct Before {
    /// The request.
    pub(crate) request: Request,
    /// Whether it succeeds; otherwise it is refused.
    pub(crate) succeeds: bool,
}

/// A row.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// What it shows.
    pub(crate) says: &'static str,
    /// What there is before.
    pub(crate) given: Given,
    /// Requests that are made before.
    pub(crate) before: Vec<Before>,
    /// The server.
    pub(crate) server: Server,
    /// The request; a WebSocket row may do without.
    pub(crate) request: Option<Request>,
    /// What must come back.
    pub(crate) answer: Answer,
    /// Values at places in the JSON.
    pub(crate) facts: Vec<(&'static str, Value)>,
    /// Headers of the response; no value for one that must be absent.
    pub(crate) headers: Vec<(&'static str, Option<&'static str>)>,
}

impl Row {
    fn new(says: &'static str, request: Option<Request>, answer: Answer) -> Self {
        Self {
            says,
            given: Given::Nothing,
            before: Vec::new(),
            server: Server::Open,
            request,
            answer,
            facts: Vec::new(),
            headers: Vec::new(),
        }
    }

    fn returns(mut self, status: u16, body: Content) -> Self {
        self.answer = Answer::Response { status, body };
        self
    }

    /// JSON of this shape comes back.
    #[must_use]
    pub(crate) fn answers(self, status: u16, shape: Shape) -> Self {
        self.returns(status, Content::Json(shape))
    }

    /// An error with this text comes back.
    #[must_use]
    pub(crate) fn fails(self, status: u16, error: &'static str) -> Self {
        self.answers(status, shapes::error()).with("/error", error)
    }

    /// Nothing but headers comes back.
    #[must_use]
    pub(crate) fn answers_nothing(self, status: u16) -> Self {
        self.returns(status, Content::Empty)
    }

    /// A document comes back.
    #[must_use]
    pub(crate) fn answers_document(self, media_type: &'static str) -> Self {
        self.returns(200, Content::Document(media_type))
    }

    /// Adds a fact.
    #[must_use]
    pub(crate) fn with(mut self, pointer: &'static str, value: impl Into<Value>) -> Self {
        self.facts.push((pointer, value.into()));
        self
    }

    /// Sets what there is before.
    #[must_use]
    pub(crate) fn given(mut self, given: Given) -> Self {
        self.given = given;
        self
    }

    /// Adds a request that is made before, and succeeds.
    #[must_use]
    pub(crate) fn after(mut self, request: Request) -> Self {
        self.before.push(Before { request, succeeds: true });
        self
    }

    /// Adds a request that is made before, and refused.
    #[must_use]
    pub(crate) fn after_refused(mut self, request: Request) -> Self {
        self.before.push(Before { request, succeeds: false });
        self
    }

    /// Asks the guarded server.
    #[must_use]
    pub(crate) fn guarded(mut self) -> Self {
        self.server = Server::Guarded;
        self
    }

    /// Sends another header.
    #[must_use]
    pub(crate) fn sending(mut self, name: &'static str, value: &'static str) -> Self {
        if let Some(request) = &mut self.request {
            request.headers.push((name, value));
        }
        self
    }

    /// Expects a header.
    #[must_use]
    pub(crate) fn header(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.push((name, Some(value)));
        self
    }

    /// Expects that a header is absent.
    #[must_use]
    pub(crate) fn without_header(mut self, name: &'static str) -> Self {
        self.headers.push((name, None));
        self
    }
}

/// Begins a row with a request such as `GET /api/jobs`.
pub(crate) fn row(says: &'static str, request: Request) -> Row {
    Row::new(says, Some(request), Answer::Response { status: 200, body: Content::Empty })
}

/// Begins a row that waits for a message of the WebSocket, which the request, if there is one, brings about.
pub(crate) fn message(says: &'static str, request: Option<Request>, kind: &'static str, data: Shape) -> Row {
    Row::new(says, request, Answer::Message(kind, data))
}

/// `GET`
pub(crate) fn get(path: &'static str) -> Request {
    Request::new(Method::GET, path)
}

/// `DELETE`
pub(crate) fn delete(path: &'static str) -> Request {
    Request::new(Method::DELETE, path)
}

/// `POST` without a body.
pub(crate) fn post(path: &'static str) -> Request {
    Request::new(Method::POST, path)
}

/// `POST` of JSON.
pub(crate) fn send(path: &'static str, body: Value) -> Request {
    Request { body: Body::Json(body), ..post(path) }
}

/// `POST` of something of a type.
pub(crate) fn send_raw(path: &'static str, media_type: &'static str, body: &'static str) -> Request {
    Request { body: Body::Raw(media_type, body), ..post(path) }
}
