//! Counts requests by the template of their path, and measures how long their answers take to begin.

use std::sync::Arc;

use hfd_shared::metrics::{HttpRequest, announce_route};
use poem::http::Method;
use poem::{Endpoint, Request, Response};

use super::scrape::METRICS_PATH;
use crate::document::{OPERATIONS, Operation, template_of};
use crate::page::{PAGE_ROUTES, page_route};

/// For whatever is not known: a client cannot make a series.
const OTHER: &str = "other";

/// Makes the series of all routes, so that the first answer of a kind counts as an increase.
pub(crate) fn announce() {
    for Operation { path, method, statuses } in OPERATIONS.iter() {
        announce_route(name(method), path, statuses.iter().copied());
    }
    for route in PAGE_ROUTES {
        announce_route("GET", route, [200, 304]);
    }
    announce_route("GET", OTHER, [404]);
}

/// Counts the request and its answer.
pub(crate) async fn measure(inner: Arc<impl Endpoint<Output = Response>>, request: Request) -> poem::Result<Response> {
    let counted = HttpRequest::begin(name(request.method()), route(request.uri().path()));
    let response = inner.call(request).await?;
    counted.answered(response.status().as_u16());
    Ok(response)
}

/// The template of a path.
pub(super) fn route(path: &str) -> &'static str {
    let known = template_of(OPERATIONS.iter().map(|operation| operation.path.as_str()), path);
    known.or_else(|| (path == METRICS_PATH).then_some(METRICS_PATH)).or_else(|| page_route(path)).unwrap_or(OTHER)
}

fn name(method: &Method) -> &'static str {
    let known = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    known.into_iter().find(|known| *known == method.as_str()).unwrap_or(OTHER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_counts_by_its_template() {
        assert_eq!(route("/api/jobs/a1b2c3d4e5f6"), "/api/jobs/{id}");
        assert_eq!(route("/api/cache/prune"), "/api/cache/prune");
        assert_eq!(route("/metrics"), "/metrics");
        assert_eq!(route("/"), "/");
        assert_eq!(route("/ui/src/main.js"), "/ui/{part}");
        for unknown in ["/ui/", "/ui/none.js", "/api/jobs/a/b/c", "/api/jobs/"] {
            assert!([OTHER, "/api/jobs/{id}"].contains(&route(unknown)), "{unknown}: {}", route(unknown));
        }
        assert_eq!(route("/wp-login.php"), OTHER);
    }

    #[test]
    fn a_method_that_nobody_knows_is_other() {
        assert_eq!(name(&Method::DELETE), "DELETE");
        assert_eq!(name(&Method::from_bytes(b"BREW").unwrap()), OTHER);
    }
}
