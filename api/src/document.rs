//! What the specification says beyond the handlers: which errors they answer, and who may call them.

mod patterns;
mod polish;

use std::collections::HashMap;
use std::marker::PhantomData;

use poem::endpoint::BoxEndpoint;
use poem::http::Method;
use poem_openapi::payload::{Json, Payload};
use poem_openapi::registry::{
    MetaApi, MetaMediaType, MetaOperation, MetaResponse, MetaResponses, MetaSecurityScheme, Registry,
};
use poem_openapi::types::Type as _;
use poem_openapi::{ApiResponse, OpenApi};

use crate::error::{ApiError, ErrorView};
use crate::routes::OPEN_PATHS;

pub(crate) use polish::polish;

/// The statuses with which a handler fails, for the specification.
pub(crate) trait Statuses: Send + Sync + 'static {
    /// Each with what it means.
    const LIST: &'static [(u16, &'static str)];
}

/// For a handler that needs the store.
pub(crate) const STORE_AWAY: (u16, &str) = (503, "The job store is away; `Retry-After` says when to try again");

/// What every endpoint may answer, and every guarded one.
const FAULT: (u16, &str) = (500, "A fault of the server");
const UNAUTHORIZED: (u16, &str) = (401, "User or password missing or wrong");

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
        if media.content_type.starts_with(JSON) {
            media.content_type = JSON;
        }
    }
}

/// Adds what comes from the middleware.
fn complete(operation: &mut MetaOperation, is_guarded: bool) {
    let responses = &mut operation.responses.responses;
    responses.iter_mut().for_each(describe);
    responses.push(response(FAULT.0, FAULT.1));
    if is_guarded {
        operation.security = vec![HashMap::from([("basic", Vec::new())]), HashMap::new()];
        responses.push(response(UNAUTHORIZED.0, UNAUTHORIZED.1));
    }
    responses.sort_by_key(|response| response.status);
}

/// Gives each path one entry, where several parts of the code know methods of it.
fn join_paths(apis: &mut [MetaApi]) {
    let mut known: HashMap<String, (usize, usize)> = HashMap::new();
    for api in 0..apis.len() {
        for path in std::mem::take(&mut apis[api].paths) {
            if let Some(&(first, index)) = known.get(&path.path) {
                apis[first].paths[index].operations.extend(path.operations);
            } else {
                known.insert(path.path.clone(), (api, apis[api].paths.len()));
                apis[api].paths.push(path);
            }
        }
    }
}

/// An API behind our middleware: each operation may want Basic authentication and may give the common errors. Holds
/// nothing where just the specification is wanted.
pub(crate) struct Guarded<T>(pub(crate) Option<T>);

impl<T: OpenApi> OpenApi for Guarded<T> {
    fn meta() -> Vec<MetaApi> {
        let mut apis = T::meta();
        join_paths(&mut apis);
        for path in apis.iter_mut().flat_map(|api| &mut api.paths) {
            let is_guarded = !OPEN_PATHS.contains(&path.path.as_str());
            for operation in &mut path.operations {
                complete(operation, is_guarded);
            }
        }
        apis
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
        ErrorView::register(registry);
        let scheme = MetaSecurityScheme {
            ty: "http",
            description: Some("Wanted by every path but the probes when the server runs with a user and a password"),
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
