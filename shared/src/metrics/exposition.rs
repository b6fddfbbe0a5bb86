//! The recorder of this process, and its text.

use std::sync::Arc;

use ::metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use metrics_process::Collector;

use super::table::{self, BUILD_INFO, Kind, Metric, Part};

/// The commit that was built, where the build was told.
const COMMIT: &str = match option_env!("HFD_COMMIT") {
    Some(commit) => commit,
    None => "unknown",
};

/// What this process shows to Prometheus. A clone is the same.
#[derive(Clone)]
pub struct Exposition(Arc<Inner>);

struct Inner {
    recorder: PrometheusHandle,
    process: Collector,
}

/// The metrics of this process cannot be kept.
#[derive(Debug, thiserror::Error)]
#[error("cannot keep metrics: {0}")]
pub struct MetricsError(#[from] BuildError);

impl Exposition {
    /// The type of its text, as Prometheus calls it.
    pub const CONTENT_TYPE: &'static str = "text/plain; version=0.0.4; charset=utf-8";

    /// From now on this process keeps the metrics of these parts; every series that is known beforehand begins at 0, for
    /// Prometheus does not see the first increase of one that appears later.
    ///
    /// # Errors
    /// When this process keeps metrics already.
    pub fn install(parts: &[Part]) -> Result<Self, MetricsError> {
        let mut builder = PrometheusBuilder::new();
        for metric in table::ALL {
            if let Kind::Histogram(bounds) = metric.kind {
                builder = builder.set_buckets_for_metric(Matcher::Full(metric.name.to_owned()), bounds)?;
            }
        }
        let recorder = builder.install_recorder()?;
        table::ALL.iter().filter(|metric| metric.is_of(parts)).for_each(|metric| announce(metric));
        gauge!(BUILD_INFO.name, &[("version", env!("CARGO_PKG_VERSION")), ("commit", COMMIT)]).set(1.0);
        let process = Collector::default();
        process.describe();
        Ok(Self(Arc::new(Inner { recorder, process })))
    }

    /// All metrics as they are now, in the text format of Prometheus.
    pub fn render(&self) -> String {
        self.0.process.collect();
        self.0.recorder.render()
    }

    /// To be called every few seconds: what was recorded is added up, so that it does not pile up until somebody looks.
    pub(super) fn add_up(&self) {
        self.0.recorder.run_upkeep();
    }
}

/// Describes a metric and makes the series that are known.
fn announce(metric: &Metric) {
    match metric.kind {
        Kind::Counter => describe_counter!(metric.name, metric.unit, metric.help),
        Kind::Gauge => describe_gauge!(metric.name, metric.unit, metric.help),
        Kind::Histogram(_) => describe_histogram!(metric.name, metric.unit, metric.help),
    }
    for labels in metric.series() {
        match metric.kind {
            Kind::Counter => counter!(metric.name, labels).absolute(0),
            Kind::Gauge => gauge!(metric.name, labels).set(0.0),
            Kind::Histogram(_) => drop(histogram!(metric.name, labels)),
        }
    }
}
