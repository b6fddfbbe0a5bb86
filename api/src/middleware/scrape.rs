//! `GET /metrics` where the process has one port for everything.

use hfd_shared::metrics::Exposition;
use poem::http::Method;
use poem::{Endpoint, IntoResponse as _, Middleware, Request, Response};

/// Where Prometheus looks.
pub(crate) const METRICS_PATH: &str = "/metrics";

/// Answers with the metrics, if they are to be shown here; all else passes.
pub(crate) struct Scrape(pub(crate) Option<Exposition>);

impl<E: Endpoint> Middleware<E> for Scrape {
    type Output = Scraped<E>;

    fn transform(&self, inner: E) -> Self::Output {
        Scraped { inner, exposition: self.0.clone() }
    }
}

/// An endpoint behind [`Scrape`].
pub(crate) struct Scraped<E> {
    inner: E,
    exposition: Option<Exposition>,
}

impl<E: Endpoint> Endpoint for Scraped<E> {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
        match &self.exposition {
            Some(exposition) if is_read && request.uri().path() == METRICS_PATH => {
                Ok(Response::builder().content_type(Exposition::CONTENT_TYPE).body(exposition.render()))
            }
            _ => Ok(self.inner.call(request).await?.into_response()),
        }
    }
}
