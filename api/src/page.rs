//! The page at `/` and its parts below `/ui`, from within the program.

use std::collections::HashMap;
use std::io::Write as _;
use std::sync::LazyLock;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use poem::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use poem::{Endpoint, IntoResponse as _, Middleware, Request, Response};
use rust_embed::{EmbeddedFile, RustEmbed};

/// Where the page itself is.
const ROOT: &str = "/";

const INDEX: &str = "index.html";

/// Below it lie the parts.
const PARTS: &str = "/ui/";

/// The template of their paths.
const PARTS_ROUTE: &str = "/ui/{part}";

/// The templates of all paths of the page.
pub(crate) const PAGE_ROUTES: [&str; 2] = [ROOT, PARTS_ROUTE];

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

/// All parts by their names, packed when the first of them is asked for.
static ALL: LazyLock<HashMap<String, Part>> = LazyLock::new(|| {
    Files::iter().filter_map(|name| Some((name.to_string(), Part::new(&Files::get(&name)?)?))).collect()
});

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
        let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
        match part_of(request.uri().path()).filter(|_| is_read) {
            Some(part) => Ok(part.answer(&request)),
            None => self.0.call(request).await.map(poem::IntoResponse::into_response),
        }
    }
}

/// Whether a path is of the page.
pub(crate) fn is_page(path: &str) -> bool {
    part_of(path).is_some()
}

/// The template of a path of the page, for whoever counts requests.
pub(crate) fn page_route(path: &str) -> Option<&'static str> {
    is_page(path).then_some(if path == ROOT { ROOT } else { PARTS_ROUTE })
}

fn part_of(path: &str) -> Option<&'static Part> {
    // The links of the page are relative to the root.
    let name = if path == ROOT { INDEX } else { path.strip_prefix(PARTS).filter(|name| *name != INDEX)? };
    ALL.get(name)
}

/// A part as it is sent, made once.
struct Part {
    media_type: String,
    /// Weak, for it stands for the plain and the compressed bytes.
    etag: HeaderValue,
    plain: Bytes,
    /// Only where it is smaller.
    gzip: Option<Bytes>,
}

impl Part {
    fn new(file: &EmbeddedFile) -> Option<Self> {
        let etag = format!("W/\"{}\"", hex::encode(&file.metadata.sha256_hash()[..16]));
        let plain = Bytes::copy_from_slice(&file.data);
        let mut packer = GzEncoder::new(Vec::new(), Compression::best());
        let gzip = packer.write_all(&plain).and_then(|()| packer.finish()).ok()?;
        Some(Self {
            media_type: file.metadata.mimetype().to_owned(),
            etag: HeaderValue::from_str(&etag).ok()?,
            gzip: Some(Bytes::from(gzip)).filter(|gzip| gzip.len() < plain.len()),
            plain,
        })
    }

    fn answer(&self, request: &Request) -> Response {
        let known = request.header(header::IF_NONE_MATCH).unwrap_or_default();
        let tag = self.etag.to_str().unwrap_or_default().trim_start_matches("W/");
        let gzip = self.gzip.as_ref().filter(|_| takes_gzip(request.headers()));
        let mut response = match gzip {
            _ if known.contains(tag) => StatusCode::NOT_MODIFIED.into_response(),
            Some(gzip) => Response::builder()
                .content_type(&self.media_type)
                .header(header::CONTENT_ENCODING, "gzip")
                .body(gzip.clone()),
            None => Response::builder().content_type(&self.media_type).body(self.plain.clone()),
        };
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, REVALIDATE);
        headers.insert(header::CONTENT_SECURITY_POLICY, POLICY);
        headers.insert(header::ETAG, self.etag.clone());
        headers.append(header::VARY, HeaderValue::from_static("Accept-Encoding"));
        response
    }
}

/// Whether the client names gzip and does not refuse it (`gzip;q=0`).
fn takes_gzip(headers: &HeaderMap) -> bool {
    let named = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    named.flat_map(|value| value.split(',')).any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let weight = weight.trim().strip_prefix("q=").map_or(Ok(1.0), str::parse::<f32>);
        name.trim().eq_ignore_ascii_case("gzip") && weight.is_ok_and(|weight| weight > 0.0)
    })
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use flate2::read::GzDecoder;
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
    async fn a_part_is_packed_for_whoever_takes_that() {
        let client = TestClient::new(poem::endpoint::make_sync(|_| StatusCode::NOT_FOUND).with(Page));
        let get = async |accepted: &str| {
            let answer = client.get("/ui/page.css").header(header::ACCEPT_ENCODING, accepted).send().await;
            answer.assert_header(header::VARY, "Accept-Encoding");
            let is_packed = answer.0.header(header::CONTENT_ENCODING) == Some("gzip");
            (is_packed, answer.0.into_body().into_bytes().await.unwrap())
        };
        let (is_packed, plain) = get("").await;
        assert!(!is_packed && *plain == *Files::get("page.css").unwrap().data);
        for accepted in ["gzip", "br, deflate, GZIP;q=0.5", "gzip;q=1.0"] {
            let (is_packed, packed) = get(accepted).await;
            let mut unpacked = Vec::new();
            GzDecoder::new(packed.as_ref()).read_to_end(&mut unpacked).unwrap();
            assert!(is_packed && packed.len() < plain.len() / 2 && unpacked == plain, "{accepted}");
        }
        for refused in ["gzip;q=0", "gzip;q=0.000", "br", "gzipped"] {
            assert_eq!(get(refused).await, (false, plain.clone()), "{refused}");
        }
    }

    #[tokio::test]
    async fn head_is_answered_and_writing_is_not() {
        ask(Method::HEAD, "/", "").await.assert_status_is_ok();
        ask(Method::POST, "/", "").await.assert_status(StatusCode::NOT_FOUND);
    }

    #[tokio::test]
    async fn nothing_else_of_the_folder_and_nothing_outside_it_is_served() {
        let outside = ["/ui/../Cargo.toml", "/ui/%2e%2e/Cargo.toml", "/ui//etc/passwd", "/ui/", "/ui/src"];
        for path in
            outside.into_iter().chain(["/ui/vendor/update.sh", "/ui/src/types.d.ts", "/index.html", "/ui/index.html"])
        {
            ask(Method::GET, path, "").await.assert_status(StatusCode::NOT_FOUND);
        }
    }
}
