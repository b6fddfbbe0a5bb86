//! The endpoints behind their middleware, and the specification.

use std::net::SocketAddr;
use std::sync::Arc;

use poem::endpoint::BoxEndpoint;
use poem::middleware::CatchPanic;
use poem::{EndpointExt as _, IntoEndpoint as _, Response};
use poem_openapi::OpenApiService;

use crate::document::Guarded;
use crate::error::respond;
use crate::middleware::{
    Authenticate, BodyLimit, CheckHost, CheckTarget, Cors, Credentials, Deadline, finish, panicked,
};
use crate::routes::{Context, DocsApi, DownloadApi, HealthApi, JobsApi, PlanApi, ProbesApi, SettingsApi};
use crate::state::{ApiState, VERSION};
use crate::ws::{Feed, WebSocketApi};

pub(crate) type Apis = (ProbesApi, HealthApi, DocsApi, DownloadApi, PlanApi, JobsApi, SettingsApi, WebSocketApi);

/// The specification of the API, OpenAPI 3.0, as YAML. It names no server: paths are relative to where it is served.
pub fn openapi_yaml() -> String {
    service(None).spec_yaml()
}

/// The same as JSON.
pub fn openapi_json() -> String {
    service(None).spec()
}

/// An interactive page of the specification: HTML that loads nothing.
pub(crate) fn openapi_page() -> String {
    service(None).swagger_ui_html()
}

fn service(apis: Option<Apis>) -> OpenApiService<Guarded<Apis>, ()> {
    OpenApiService::new(Guarded(apis), "HFDownloader", VERSION).description(
        "Downloads Hugging Face models and datasets into a cache that a whole cluster shares.\n\n\
         Every response carries `X-Request-Id`: the one of the request, or a random one. Every error is an `Error`.",
    )
}

/// All routes behind the middleware; what is named last sees a request first.
pub(crate) fn endpoint(state: Arc<ApiState>, feed: Feed, address: SocketAddr) -> BoxEndpoint<'static, Response> {
    let access = state.config.access.clone();
    let probes = ProbesApi(state.readiness.clone());
    let context = Context::new(state);
    let apis = (
        probes,
        HealthApi,
        DocsApi,
        DownloadApi(context.clone()),
        PlanApi(context.clone()),
        JobsApi(context.clone()),
        SettingsApi(context),
        WebSocketApi(feed),
    );
    service(Some(apis))
        .into_endpoint()
        .with(Deadline::default())
        .with(BodyLimit)
        .with(CheckTarget)
        .with(Authenticate(Arc::new(Credentials::new(&access))))
        .catch_all_error(|error| async move { respond(&error) })
        .with(CatchPanic::new().with_handler(panicked))
        .map_to_response()
        .with(Cors(access.origins.as_slice().into()))
        .with(CheckHost::new(&access, address))
        .around(finish)
        .boxed()
}
