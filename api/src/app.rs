//! The endpoints behind their middleware, and the specification.

use std::net::SocketAddr;
use std::sync::Arc;

use poem::endpoint::BoxEndpoint;
use poem::middleware::CatchPanic;
use poem::{EndpointExt as _, IntoEndpoint as _, Response};
use poem_openapi::OpenApiService;

use crate::document::{Guarded, polish};
use crate::error::respond;
use crate::feed::Feed;
use crate::middleware::{
    Authenticate, BodyLimit, CheckHost, CheckTarget, Cors, Credentials, Deadline, Scrape, announce, finish, measure,
    panicked,
};
use crate::page::Page;
use crate::routes::{
    AnalyzeApi, CacheApi, CacheWorkApi, ClusterApi, Context, DocsApi, DownloadApi, HealthApi, JobStepsApi, JobsApi,
    PlanApi, ProbesApi, SettingsApi,
};
use crate::sse::EventsApi;
use crate::state::{ApiState, VERSION};
use crate::ws::WebSocketApi;

pub(crate) type Apis = (
    ProbesApi,
    HealthApi,
    DocsApi,
    DownloadApi,
    PlanApi,
    AnalyzeApi,
    JobsApi,
    JobStepsApi,
    CacheApi,
    CacheWorkApi,
    ClusterApi,
    SettingsApi,
    WebSocketApi,
    EventsApi,
);

/// The specification of the API, OpenAPI 3.0, as YAML. It names no server: paths are relative to where it is served.
pub fn openapi_yaml() -> Result<String, serde_yaml::Error> {
    serde_yaml::to_string(&document()?)
}

/// The same as JSON.
pub fn openapi_json() -> Result<String, serde_yaml::Error> {
    serde_json::to_string_pretty(&document()?).map_err(serde::ser::Error::custom)
}

/// An interactive page of the specification: HTML that loads nothing.
pub(crate) fn openapi_page() -> Result<String, serde_yaml::Error> {
    let service = service(None);
    Ok(service.swagger_ui_html().replacen(&service.spec(), &openapi_json()?, 1))
}

fn document() -> Result<serde_yaml::Value, serde_yaml::Error> {
    let mut document = serde_yaml::from_str(&service(None).spec_yaml())?;
    polish(&mut document);
    Ok(document)
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
    let scrape = Scrape(state.metrics.clone());
    let context = Context::new(state);
    announce();
    let apis = (
        probes,
        HealthApi,
        DocsApi,
        DownloadApi(context.clone()),
        PlanApi(context.clone()),
        AnalyzeApi(context.clone()),
        JobsApi(context.clone()),
        JobStepsApi(context.clone()),
        CacheApi(context.clone()),
        CacheWorkApi(context.clone()),
        ClusterApi(context.clone()),
        SettingsApi(context),
        WebSocketApi(feed.clone()),
        EventsApi(feed),
    );
    service(Some(apis))
        .into_endpoint()
        .with(Deadline::default())
        .with(BodyLimit)
        .with(CheckTarget)
        .with(scrape)
        .with(Page)
        .with(Authenticate(Arc::new(Credentials::new(&access))))
        .catch_all_error(|error| async move { respond(&error) })
        .with(CatchPanic::new().with_handler(panicked))
        .map_to_response()
        .with(Cors::new(&access))
        .with(CheckHost::new(&access, address))
        .around(measure)
        .around(finish)
        .boxed()
}
