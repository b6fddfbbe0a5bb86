//! `GET /api/openapi.json` and `GET /api/docs`: the specification, for programs and for people.

use std::sync::LazyLock;

use bytes::Bytes;
use poem::http::{HeaderValue, header};
use poem::{IntoResponse, Response};
use poem_openapi::payload::Payload;
use poem_openapi::registry::{MetaSchema, MetaSchemaRef};
use poem_openapi::types::Type as _;
use poem_openapi::{ApiResponse, OpenApi};

use crate::app;
use crate::document::{Failure, Statuses};
use crate::error::ApiError;

/// Paths that show what is the same for everybody.
pub(crate) const DOCS_PATHS: [&str; 2] = ["/api/docs", "/api/openapi.json"];

static DOCUMENT: LazyLock<Option<Bytes>> = LazyLock::new(|| app::openapi_json().ok().map(Bytes::from));
static PAGE: LazyLock<Option<Bytes>> = LazyLock::new(|| app::openapi_page().ok().map(Bytes::from));

/// Script and style stand in the page itself; it may ask this server and nobody else.
const PAGE_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

/// How reading the document fails: in no way of its own.
struct DocsFailures;

impl Statuses for DocsFailures {
    const LIST: &'static [(u16, &'static str)] = &[];
}

/// JSON that is written already.
struct JsonText(Bytes);

impl Payload for JsonText {
    const CONTENT_TYPE: &'static str = "application/json";

    fn schema_ref() -> MetaSchemaRef {
        MetaSchemaRef::Inline(Box::new(MetaSchema::new("object")))
    }
}

impl IntoResponse for JsonText {
    fn into_response(self) -> Response {
        Response::builder().content_type(Self::CONTENT_TYPE).body(self.0)
    }
}

/// A page that needs nothing else.
struct Page(Bytes);

impl Payload for Page {
    const CONTENT_TYPE: &'static str = "text/html; charset=utf-8";

    fn schema_ref() -> MetaSchemaRef {
        String::schema_ref()
    }
}

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        let response = Response::builder().content_type(Self::CONTENT_TYPE);
        response.header(header::CONTENT_SECURITY_POLICY, PAGE_POLICY).body(self.0)
    }
}

#[derive(ApiResponse)]
enum DocumentResponse {
    /// The document
    #[oai(status = 200)]
    Document(JsonText),
}

#[derive(ApiResponse)]
enum PageResponse {
    /// The page
    #[oai(status = 200)]
    Page(Page),
}

/// Shows the specification.
pub(crate) struct DocsApi;

#[OpenApi]
impl DocsApi {
    /// Get this document
    ///
    /// OpenAPI 3.0, as JSON. Clients can be generated from it.
    #[oai(path = "/api/openapi.json", method = "get", operation_id = "getOpenApi")]
    #[expect(clippy::unused_async, reason = "poem-openapi wants it")]
    async fn document(&self) -> Result<DocumentResponse, Failure<DocsFailures>> {
        let document = DOCUMENT.clone().ok_or_else(ApiError::internal)?;
        Ok(DocumentResponse::Document(JsonText(document)))
    }

    /// Open this document as an interactive page
    ///
    /// The page shows every operation and can send requests. It loads nothing from elsewhere.
    #[oai(path = "/api/docs", method = "get", operation_id = "getDocs")]
    #[expect(clippy::unused_async, reason = "poem-openapi wants it")]
    async fn page(&self) -> Result<PageResponse, Failure<DocsFailures>> {
        Ok(PageResponse::Page(Page(PAGE.clone().ok_or_else(ApiError::internal)?)))
    }
}
