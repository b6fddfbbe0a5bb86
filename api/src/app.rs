//! The endpoints behind their middleware, and the specification.

use std::any::Any;
use std::sync::Arc;
use std::time::Instant;

use poem::endpoint::BoxEndpoint;
use poem::http::{HeaderValue, Method, StatusCode, header};
use poem::middleware::CatchPanic;
use poem::{Endpoint, EndpointExt as _, IntoEndpoint as _, IntoResponse as _, Request, Response};
use poem_openapi::{OpenApi as _, OpenApiService};

use crate::auth::Authenticate;
use crate::body_limit::BodyLimit;
use crate::document::{Guarded, polish};
use crate::error::{ApiError, respond};
use crate::feed::Feed;
use crate::routes::{
    CacheApi, CacheWorkApi, Context, DownloadApi, HealthApi, JobStepsApi, JobsApi, PlanApi, ProbesApi, SettingsApi,
};
use crate::sse::EventsApi;
use crate::state::{ApiState, VERSION};
use crate::ws::WebSocketApi;

type Apis = (
    ProbesApi,
    HealthApi,
    DownloadApi,
    PlanApi,
    JobsApi,
    JobStepsApi,
    CacheApi,
    CacheWorkApi,
    SettingsApi,
    WebSocketApi,
    EventsApi,
);

/// The specification of the API, OpenAPI 3.0, as YAML. It names no server: paths are relative to where it is served.
pub fn openapi_yaml() -> Result<String, serde_yaml::Error> {
    let mut document = serde_yaml::from_str(&service(None).spec_yaml())?;
    polish(&mut document);
    serde_yaml::to_string(&document)
}

fn service(apis: Option<Apis>) -> OpenApiService<Guarded<Apis>, ()> {
    OpenApiService::new(Guarded(apis), "HFDownloader", VERSION)
        .description("Downloads Hugging Face models and datasets into a cache that a whole cluster shares.")
}

/// All routes behind the middleware; what is named last sees a request first.
pub(crate) fn endpoint(state: Arc<ApiState>, feed: Feed) -> BoxEndpoint<'static, Response> {
    let auth = state.config.auth.clone();
    let probes = ProbesApi(state.readiness.clone());
    let context = Context::new(state);
    let apis = (
        probes,
        HealthApi,
        DownloadApi(context.clone()),
        PlanApi(context.clone()),
        JobsApi(context.clone()),
        JobStepsApi(context.clone()),
        CacheApi(context.clone()),
        CacheWorkApi(context.clone()),
        SettingsApi(context),
        WebSocketApi(feed.clone()),
        EventsApi(feed),
    );
    service(Some(apis))
        .into_endpoint()
        .with(BodyLimit)
        .with(Authenticate(auth))
        .catch_all_error(|error| async move { respond(&error) })
        .around(finish)
        .with(CatchPanic::new().with_handler(panicked))
        .map_to_response()
        .boxed()
}

/// Adds what every response carries, and the line in the log.
async fn finish(inner: Arc<impl Endpoint<Output = Response>>, request: Request) -> poem::Result<Response> {
    let begun = Instant::now();
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let mut response = inner.call(request).await?;
    let status = response.status();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if status == StatusCode::METHOD_NOT_ALLOWED
        && let Ok(methods) = HeaderValue::from_str(&methods_of(&path))
    {
        headers.insert(header::ALLOW, methods);
    }
    let elapsed_ms = begun.elapsed().as_millis();
    tracing::debug!(%method, path, status = status.as_u16(), elapsed_ms, "request answered");
    Ok(response)
}

/// The methods that a path knows, for `Allow`.
fn methods_of(path: &str) -> String {
    let apis = Guarded::<Apis>::meta();
    let known = apis.iter().flat_map(|api| &api.paths).filter(|known| is_path(&known.path, path));
    // As the router does it: of `/api/cache/prune` and `/api/cache/{name}` the first.
    let exact = |path: &str| path.split('/').map(|part| !part.starts_with('{')).collect::<Vec<_>>();
    let methods: Vec<&str> = known
        .max_by_key(|known| exact(&known.path))
        .into_iter()
        .flat_map(|known| &known.operations)
        .flat_map(|operation| match operation.method {
            Method::GET => vec!["GET", "HEAD"],
            ref method => vec![method.as_str()],
        })
        .collect();
    methods.join(", ")
}

fn is_path(pattern: &str, path: &str) -> bool {
    let (pattern, path) = (pattern.split('/'), path.split('/'));
    pattern.clone().count() == path.clone().count()
        && pattern.zip(path).all(|(wanted, given)| wanted.starts_with('{') || wanted == given)
}

#[expect(clippy::needless_pass_by_value, reason = "poem hands the payload over by value")]
fn panicked(payload: Box<dyn Any + Send + 'static>) -> Response {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no text");
    tracing::error!(panic = text, "a handler panicked");
    ApiError::internal().to_response().into_response()
}

#[cfg(test)]
mod tests {
    use poem::handler;
    use poem::test::TestClient;

    use super::*;

    #[handler]
    fn panicking() {
        panic!("secret");
    }

    #[tokio::test]
    async fn a_panic_is_a_500_with_a_body_that_keeps_its_text() {
        let client = TestClient::new(panicking.with(CatchPanic::new().with_handler(panicked)));
        let response = client.get("/").send().await;
        response.assert_status(StatusCode::INTERNAL_SERVER_ERROR);
        let body = response.json().await;
        body.value().object().get("error").assert_string("Internal error");
        body.value().object().get("details").assert_string("the server failed; its log says why");
    }

    #[test]
    fn each_path_knows_its_methods() {
        assert_eq!(methods_of("/api/jobs/a1b2c3d4e5f6"), "GET, HEAD, DELETE");
        assert_eq!(methods_of("/api/jobs/x/pause"), "POST");
        assert_eq!(methods_of("/api/cache/prune"), "POST");
        assert_eq!(methods_of("/nowhere"), "");
    }
}
