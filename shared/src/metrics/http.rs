//! Requests to the API.

use std::time::Instant;

use ::metrics::{Label, SharedString, counter, gauge, histogram};

use super::table::{HTTP_DURATION, HTTP_IN_FLIGHT, HTTP_REQUESTS};
use super::values::seconds;

/// A request that is being answered; in flight until dropped.
pub struct HttpRequest {
    method: &'static str,
    route: &'static str,
    begun: Instant,
}

impl HttpRequest {
    /// A request has come. The route is the template of its path, as in `/api/jobs/{id}`.
    pub fn begin(method: &'static str, route: &'static str) -> Self {
        gauge!(HTTP_IN_FLIGHT.name).increment(1.0);
        Self { method, route, begun: Instant::now() }
    }

    /// It is answered.
    pub fn answered(self, status: u16) {
        counter!(HTTP_REQUESTS.name, labels(self.method, self.route, Some(status))).increment(1);
        let took = seconds(self.begun.elapsed());
        histogram!(HTTP_DURATION.name, labels(self.method, self.route, None)).record(took);
    }
}

impl Drop for HttpRequest {
    fn drop(&mut self) {
        gauge!(HTTP_IN_FLIGHT.name).decrement(1.0);
    }
}

/// Makes the series of a route, with the statuses that it is known to answer.
pub fn announce_route(method: &'static str, route: &'static str, statuses: impl IntoIterator<Item = u16>) {
    for status in statuses {
        counter!(HTTP_REQUESTS.name, labels(method, route, Some(status))).absolute(0);
    }
    let _: ::metrics::Histogram = histogram!(HTTP_DURATION.name, labels(method, route, None));
}

fn labels(method: &'static str, route: &'static str, status: Option<u16>) -> Vec<Label> {
    let mut labels = vec![Label::from_static_parts("method", method), Label::from_static_parts("route", route)];
    labels.extend(status.map(|status| Label::new("status", SharedString::from(status.to_string()))));
    labels
}
