//! Where spans go: over [OTLP](https://opentelemetry.io/docs/specs/otlp/) by HTTP to a collector.

use std::env;

use opentelemetry::KeyValue;
use opentelemetry_otlp::{ExporterBuildError, SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::resource::{EnvResourceDetector, ResourceDetector, TelemetryResourceDetector};
use opentelemetry_sdk::trace::SdkTracerProvider;
use url::Url;

use crate::process::host_name;

/// Names the service in all traces; see the [SDK's variables](https://opentelemetry.io/docs/languages/sdk-configuration/general/).
const SERVICE_NAME: &str = "OTEL_SERVICE_NAME";

/// Why spans cannot be sent.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// Nothing can be sent there.
    #[error("invalid --otlp-endpoint {0}: expected an address such as http://collector:4318")]
    Endpoint(Url),
    /// The client cannot be made.
    #[error("no client for traces: {0}")]
    Client(#[from] ExporterBuildError),
}

/// Makes spans; without a collector they go nowhere. Sampling goes by the SDK's variables: all, unless a caller decided.
pub(super) fn provider(program: &'static str, collector: Option<&Url>) -> Result<SdkTracerProvider, ExportError> {
    let builder = SdkTracerProvider::builder().with_resource(resource(program));
    let Some(collector) = collector else { return Ok(builder.build()) };
    let exporter = SpanExporter::builder().with_http().with_endpoint(traces(collector)?).build()?;
    Ok(builder.with_batch_exporter(exporter).build())
}

/// The path for traces below the collector's address, as OTLP has it.
fn traces(collector: &Url) -> Result<Url, ExportError> {
    let mut url = collector.clone();
    let refused = || ExportError::Endpoint(collector.clone());
    if !matches!(url.scheme(), "http" | "https") {
        return Err(refused());
    }
    url.path_segments_mut().map_err(|()| refused())?.pop_if_empty().extend(["v1", "traces"]);
    Ok(url)
}

/// What the environment says of the service beats what we say.
fn resource(program: &'static str) -> Resource {
    let own = [
        KeyValue::new("service.name", program),
        KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
        KeyValue::new("service.instance.id", host_name()),
    ];
    let detectors: [Box<dyn ResourceDetector>; 2] =
        [Box::new(TelemetryResourceDetector), Box::new(EnvResourceDetector::new())];
    let given = env::var(SERVICE_NAME).ok().filter(|name| !name.is_empty());
    let given = given.map(|name| KeyValue::new("service.name", name));
    Resource::builder_empty().with_attributes(own).with_detectors(&detectors).with_attributes(given).build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traces_have_their_path_below_the_collectors_address() {
        for (collector, expected) in [
            ("http://collector:4318", "http://collector:4318/v1/traces"),
            ("https://collector/otlp/", "https://collector/otlp/v1/traces"),
        ] {
            assert_eq!(traces(&collector.parse().unwrap()).unwrap().as_str(), expected);
        }
        let error = traces(&"grpc://collector:4317".parse().unwrap()).unwrap_err();
        assert!(error.to_string().contains("http://collector:4318"), "{error}");
    }
}
