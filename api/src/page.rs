//! The page at `/` and its parts below `/ui`, from within the program.

use std::borrow::Cow;

use poem::http::{HeaderValue, Method, StatusCode, header};
use poem::{Endpoint, IntoResponse as _, Middleware, Request, Response};
use rust_embed::{EmbeddedFile, RustEmbed};

/// Below it lie the parts.
const PARTS: &str = "/ui/";

/// Only what this server has, and no script or style in the markup: text that comes from elsewhere cannot become code.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
);

/// Kept, but asked for each time whether it is still the same: another version of the program may have another.
const REVALIDATE: HeaderValue = HeaderValue::from_static("no-cache");

#[derive(RustEmbed)]
#[folder = "ui"]
#[include = "*.html"]
#[include = "*.css"]
#[include = "*.svg"]
#[include = "*.js"]
struct Files;

/// Serves the page; every other path is the inner endpoint's.
pub(crate) struct Page;

impl<E: Endpoint> Middleware<E> for Page {
    type Output = WithPage<E>;

    fn transform(&self, inner: E) -> Self::Output {
        WithPage(inner)
    }
}

/// An endpoint behind [`Page`].
pub(crate) struct WithPage<E>(E);

impl<E: Endpoint> Endpoint for WithPage<E> {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        let file =
            matches!(*request.method(), Method::GET | Method::HEAD).then(|| file_of(request.uri().path())).flatten();
        match file {
            Some(file) => Ok(answer(&request, file)),
            None => self.0.call(request).await.map(poem::IntoResponse::into_response),
        }
    }
}

/// Whether a path is of the page.
pub(crate) fn is_page(path: &str) -> bool {
    file_of(path).is_some()
}

fn file_of(path: &str) -> Option<EmbeddedFile> {
    Files::get(if path == "/" { "index.html" } else { path.strip_prefix(PARTS)? })
}

fn answer(request: &Request, file: EmbeddedFile) -> Response {
    let etag = format!("\"{}\"", hex::encode(&file.metadata.sha256_hash()[..16]));
    let is_known = request.header(header::IF_NONE_MATCH).is_some_and(|known| known.contains(&etag));
    let mut response = if is_known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        Response::builder().content_type(file.metadata.mimetype()).body(bytes(file.data))
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, REVALIDATE);
    headers.insert(header::CONTENT_SECURITY_POLICY, POLICY);
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        headers.insert(header::ETAG, etag);
    }
    response
}

fn bytes(data: Cow<'static, [u8]>) -> bytes::Bytes {
    match data {
        Cow::Borrowed(data) => bytes::Bytes::from_static(data),
        Cow::Owned(data) => data.into(),
    }
}

#[cfg(test)]
mod tests {
    use poem::EndpointExt as _;
    use poem::test::{TestClient, TestResponse};

    use super::*;

    async fn ask(method: Method, path: &str, known: &str) -> TestResponse {
        let inner = poem::endpoint::make_sync(|_| StatusCode::NOT_FOUND);
        TestClient::new(inner.with(Page)).request(method, path).header(header::IF_NONE_MATCH, known).send().await
    }

    #[tokio::test]
    async fn the_page_and_its_parts_have_their_type_and_a_strict_policy() {
        for (path, kind) in [("/", "text/html"), ("/ui/page.css", "text/css"), ("/ui/src/main.js", "text/javascript")] {
            let answer = ask(Method::GET, path, "").await;
            answer.assert_status_is_ok();
            answer.assert_content_type(kind);
            answer.assert_header(header::CONTENT_SECURITY_POLICY, POLICY);
            answer.assert_header(header::CACHE_CONTROL, REVALIDATE);
        }
    }

    #[tokio::test]
    async fn what_the_browser_has_is_not_sent_again() {
        let etag = ask(Method::GET, "/", "").await.0.header(header::ETAG).unwrap().to_owned();
        for known in [etag.clone(), format!("\"other\", W/{etag}")] {
            let answer = ask(Method::GET, "/", &known).await;
            answer.assert_status(StatusCode::NOT_MODIFIED);
            answer.assert_header(header::ETAG, &etag);
            answer.assert_text("").await;
        }
        ask(Method::GET, "/", "\"other\"").await.assert_status_is_ok();
    }

    #[tokio::test]
    async fn head_is_answered_and_writing_is_not() {
        ask(Method::HEAD, "/", "").await.assert_status_is_ok();
        ask(Method::POST, "/", "").await.assert_status(StatusCode::NOT_FOUND);
    }

    #[tokio::test]
    async fn nothing_else_of_the_folder_and_nothing_outside_it_is_served() {
        let outside = ["/ui/../Cargo.toml", "/ui/%2e%2e/Cargo.toml", "/ui//etc/passwd", "/ui/", "/ui/src"];
        for path in outside.into_iter().chain(["/ui/vendor/update.sh", "/ui/src/types.d.ts", "/index.html"]) {
            ask(Method::GET, path, "").await.assert_status(StatusCode::NOT_FOUND);
        }
    }
}
