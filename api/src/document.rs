//! What the specification says beyond the handlers: which errors they answer, and who may call them.

use std::collections::HashMap;
use std::marker::PhantomData;

use poem::endpoint::BoxEndpoint;
use poem::http::Method;
use poem_openapi::payload::{Json, Payload};
use poem_openapi::registry::{MetaApi, MetaMediaType, MetaResponse, MetaResponses, MetaSecurityScheme, Registry};
use poem_openapi::types::Type as _;
use poem_openapi::{ApiResponse, OpenApi};

use crate::error::{ApiError, ErrorView};

/// The statuses with which a handler fails, for the specification.
pub(crate) trait Statuses: Send + Sync + 'static {
    /// Each with what it means.
    const LIST: &'static [(u16, &'static str)];
}

/// For a handler that needs the store.
pub(crate) const STORE_AWAY: (u16, &str) = (503, "The job store is away; `Retry-After` says when to try again");

/// What every endpoint may answer.
const COMMON: [(u16, &str); 2] = [(401, "User or password missing or wrong"), (500, "A fault of the server")];

/// In the specification a media type stands without parameters.
const JSON: &str = "application/json";

/// An error of a handler that documents its statuses.
#[derive(Debug)]
pub(crate) struct Failure<S>(ApiError, PhantomData<S>);

impl<S, E: Into<ApiError>> From<E> for Failure<S> {
    fn from(error: E) -> Self {
        Self(error.into(), PhantomData)
    }
}

impl<S> From<Failure<S>> for poem::Error {
    fn from(failure: Failure<S>) -> Self {
        failure.0.into()
    }
}

impl<S: Statuses> ApiResponse for Failure<S> {
    fn meta() -> MetaResponses {
        MetaResponses { responses: S::LIST.iter().map(|(status, meaning)| response(*status, meaning)).collect() }
    }

    fn register(registry: &mut Registry) {
        ErrorView::register(registry);
    }
}

fn response(status: u16, description: &'static str) -> MetaResponse {
    let schema = Json::<ErrorView>::schema_ref();
    let content = vec![MetaMediaType { content_type: JSON, schema }];
    MetaResponse { description, status: Some(status), status_range: None, content, headers: Vec::new() }
}

/// Says what poem-openapi leaves open.
fn describe(response: &mut MetaResponse) {
    if response.description.is_empty() {
        response.description = "Success";
    }
    for media in &mut response.content {
        media.content_type = JSON;
    }
}

/// An API behind our middleware: each operation may want Basic authentication and may give the common errors. Holds
/// nothing where just the specification is wanted.
pub(crate) struct Guarded<T>(pub(crate) Option<T>);

impl<T: OpenApi> OpenApi for Guarded<T> {
    fn meta() -> Vec<MetaApi> {
        let mut apis = T::meta();
        for operation in apis.iter_mut().flat_map(|api| &mut api.paths).flat_map(|path| &mut path.operations) {
            operation.security = vec![HashMap::from([("basic", Vec::new())]), HashMap::new()];
            let responses = &mut operation.responses.responses;
            for response in responses.iter_mut() {
                describe(response);
            }
            responses.extend(COMMON.map(|(status, meaning)| response(status, meaning)));
            responses.sort_by_key(|response| response.status);
        }
        apis
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
        ErrorView::register(registry);
        let scheme = MetaSecurityScheme {
            ty: "http",
            description: Some("Wanted by every path when the server runs with a user and a password"),
            name: None,
            key_in: None,
            scheme: Some("basic"),
            bearer_format: None,
            flows: None,
            openid_connect_url: None,
        };
        registry.create_security_scheme("basic", scheme);
    }

    fn add_routes(self, routes: &mut HashMap<String, HashMap<Method, BoxEndpoint<'static>>>) {
        if let Some(api) = self.0 {
            api.add_routes(routes);
        }
    }
}
