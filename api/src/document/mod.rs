//! What the specification says beyond the handlers: which errors they answer, and who may call them.

mod examples;
mod guarded;
mod patterns;
mod polish;
mod tags;

use std::marker::PhantomData;
use std::sync::LazyLock;

use poem::http::Method;
use poem_openapi::payload::{Json, Payload};
use poem_openapi::registry::{MetaMediaType, MetaOperation, MetaResponse, MetaResponses, Registry};
use poem_openapi::types::Type as _;
use poem_openapi::{ApiResponse, OpenApi as _};

use crate::app::Apis;
use crate::error::{ApiError, ErrorView};

pub(crate) use guarded::Guarded;
pub(crate) use polish::polish;

/// The statuses with which a handler fails, for the specification.
pub(crate) trait Statuses: Send + Sync + 'static {
    /// Each with what it means.
    const LIST: &'static [(u16, &'static str)];
}

/// For a handler that needs the store.
pub(crate) const STORE_AWAY: (u16, &str) = (503, "The job store is away; `Retry-After` says when to try again");

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

/// What can be asked of a path.
pub(crate) struct Operation {
    /// The path, with the names of its parameters in braces.
    pub(crate) path: String,
    /// How it is asked.
    pub(crate) method: Method,
    /// The statuses of its answers.
    pub(crate) statuses: Vec<u16>,
}

/// All operations.
pub(crate) static OPERATIONS: LazyLock<Vec<Operation>> = LazyLock::new(operations);

fn operations() -> Vec<Operation> {
    let paths = Guarded::<Apis>::meta().into_iter().flat_map(|api| api.paths);
    let operations =
        paths.flat_map(|path| path.operations.into_iter().map(move |of_path| (path.path.clone(), of_path)));
    let operation = |(path, meta): (String, MetaOperation)| {
        let statuses = meta.responses.responses.iter().filter_map(|response| response.status).collect();
        Operation { path, method: meta.method, statuses }
    };
    operations.map(operation).collect()
}

/// The methods that a path knows, for `Allow`.
pub(crate) fn methods_of(path: &str) -> String {
    let template = template_of(OPERATIONS.iter().map(|operation| operation.path.as_str()), path);
    let methods: Vec<&str> = OPERATIONS
        .iter()
        .filter(|operation| Some(operation.path.as_str()) == template)
        .flat_map(|operation| match operation.method {
            Method::GET => vec!["GET", "HEAD"],
            ref method => vec![method.as_str()],
        })
        .collect();
    methods.join(", ")
}

/// The template that a path fits. Of several, the one with the fewest parameters counts.
pub(crate) fn template_of<'a>(templates: impl IntoIterator<Item = &'a str>, path: &str) -> Option<&'a str> {
    let fitting = templates.into_iter().filter(|template| is_path(template, path));
    fitting.min_by_key(|template| template.matches('{').count())
}

fn is_path(pattern: &str, path: &str) -> bool {
    let (pattern, path) = (pattern.split('/'), path.split('/'));
    pattern.clone().count() == path.clone().count()
        && pattern.zip(path).all(|(wanted, given)| wanted.starts_with('{') || wanted == given)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_path_knows_its_methods() {
        assert_eq!(methods_of("/api/jobs/a1b2c3d4e5f6"), "GET, HEAD, DELETE");
        assert_eq!(methods_of("/api/jobs/x/pause"), "POST");
        assert_eq!(methods_of("/api/cache/prune"), "POST");
        assert_eq!(methods_of("/nowhere"), "");
    }
}
