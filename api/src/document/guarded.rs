//! Completes the specification of the handlers with what the middleware does.

use std::collections::HashMap;

use poem::endpoint::BoxEndpoint;
use poem::http::Method;
use poem_openapi::OpenApi;
use poem_openapi::registry::{
    MetaApi, MetaOperation, MetaResponse, MetaSchema, MetaSchemaRef, MetaSecurityScheme, Registry,
};
use poem_openapi::types::Type as _;

use super::{examples, response, tags};
use crate::error::ErrorView;
use crate::routes::OPEN_PATHS;

/// What every endpoint may answer.
const COMMON: [(u16, &str); 2] =
    [(500, "A fault of the server; its log says more"), (504, "There was no answer in time")];

/// What every guarded endpoint may answer besides.
const GUARDED: [(u16, &str); 4] = [
    (400, "The request is wrong; `details` says where"),
    (401, "User and password, or the token, are missing or wrong"),
    (403, "The host that was asked for, or the site of the page that asks, is not allowed"),
    (414, "Path and query are too long"),
];

/// What endpoints that take a body may answer besides.
const WITH_BODY: [(u16, &str); 2] = [(408, "The request did not arrive in time"), (413, "The request is too large")];

/// The parameters that many paths have.
const IN_PATHS: [(&str, &str); 3] = [
    ("id", "The job's name"),
    ("owner", "The repository's owner: a user or an organisation"),
    ("name", "The repository's name, without its owner"),
];

/// The format of all whole numbers: clients in languages with sized integers need one that
/// all generators know.
const INT64: &str = "int64";

/// An API behind our middleware: each operation may want authentication and may give the common errors. Holds nothing
/// where just the specification is wanted.
pub(crate) struct Guarded<T>(pub(crate) Option<T>);

impl<T: OpenApi> OpenApi for Guarded<T> {
    fn meta() -> Vec<MetaApi> {
        let mut apis = T::meta();
        join_paths(&mut apis);
        for path in apis.iter_mut().flat_map(|api| &mut api.paths) {
            for operation in &mut path.operations {
                complete(operation, &path.path);
            }
        }
        apis
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
        ErrorView::register(registry);
        for path in T::meta().iter().flat_map(|api| &api.paths) {
            registry.tags.extend(tags::of(&path.path));
        }
        for (name, schema) in &mut registry.schemas {
            refine(schema);
            schema.example = examples::of(name);
        }
        let basic = "User and password. One of the schemes is wanted by every path but the probes when the server runs with \
                     --auth-user or --api-token";
        let bearer = "One of the server's API tokens (--api-token)";
        for (scheme, description) in [("basic", basic), ("bearer", bearer)] {
            registry.create_security_scheme(scheme, http(scheme, description));
        }
    }

    fn add_routes(self, routes: &mut HashMap<String, HashMap<Method, BoxEndpoint<'static>>>) {
        if let Some(api) = self.0 {
            api.add_routes(routes);
        }
    }
}

fn http(scheme: &'static str, description: &'static str) -> MetaSecurityScheme {
    MetaSecurityScheme {
        ty: "http",
        description: Some(description),
        name: None,
        key_in: None,
        scheme: Some(scheme),
        bearer_format: None,
        flows: None,
        openid_connect_url: None,
    }
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

/// Adds what comes from the middleware.
fn complete(operation: &mut MetaOperation, path: &str) {
    let mut errors = COMMON.to_vec();
    if !OPEN_PATHS.contains(&path) {
        errors.extend(GUARDED);
        let either = |scheme| HashMap::from([(scheme, Vec::new())]);
        operation.security = vec![either("basic"), either("bearer"), HashMap::new()];
    }
    if operation.request.is_some() {
        errors.extend(WITH_BODY);
    }
    operation.tags = tags::of(path).map(|tag| tag.name).into_iter().collect();
    for param in &mut operation.params {
        refine_ref(&mut param.schema);
        let meaning = IN_PATHS.iter().find(|(name, _)| *name == param.name).map(|(_, meaning)| (*meaning).to_owned());
        param.description = param.description.take().or(meaning);
    }
    let responses = &mut operation.responses.responses;
    for (status, meaning) in errors {
        if responses.iter().all(|known| known.status != Some(status)) {
            responses.push(response(status, meaning));
        }
    }
    responses.iter_mut().for_each(describe);
    responses.sort_by_key(|response| response.status);
}

/// Says what poem-openapi leaves open.
fn describe(response: &mut MetaResponse) {
    if response.description.is_empty() {
        response.description = "Success";
    }
    for media in &mut response.content {
        // In a specification a media type stands without parameters.
        media.content_type = media.content_type.split(';').next().unwrap_or_default().trim_end();
    }
}

fn refine_ref(schema: &mut MetaSchemaRef) {
    if let MetaSchemaRef::Inline(schema) = schema {
        refine(schema);
    }
}

/// Makes a schema say what holds for all of ours: whole numbers fit into 63 bits, and are not negative where they are
/// unsigned.
fn refine(schema: &mut MetaSchema) {
    if schema.ty == "integer" && schema.format.is_some_and(|format| format.starts_with("uint")) {
        schema.format = Some(INT64);
        schema.minimum = schema.minimum.or(Some(0.0));
    }
    let parts = schema.any_of.iter_mut().chain(&mut schema.one_of).chain(&mut schema.all_of);
    parts.chain(schema.properties.iter_mut().map(|(_, property)| property)).for_each(refine_ref);
    schema.items.iter_mut().chain(&mut schema.additional_properties).for_each(|part| refine_ref(part));
}
