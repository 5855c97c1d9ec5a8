//! Metrics for Prometheus.

use std::{
    fmt,
    sync::{Arc, atomic::AtomicU64},
};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric, text},
    metrics::{
        MetricType,
        counter::{ConstCounter, Counter},
        family::Family,
        gauge::{ConstGauge, Gauge},
        histogram::{Histogram, exponential_buckets},
    },
    registry::Registry,
};

use crate::{connections::Connections, limits::Reason};

/// The labels of a request: registries are those of the configuration, so there are few.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct RequestLabels {
    pub(crate) registry: String,
    pub(crate) kind: &'static str,
    pub(crate) method: &'static str,
    pub(crate) status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct RegistryLabels {
    pub(crate) registry: String,
}

/// The labels of an answer that the cache can have.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct CacheLabels {
    pub(crate) registry: String,
    pub(crate) result: &'static str,
}

/// The counts of the table of connections, read when the metrics are.
#[derive(Debug)]
struct OfConnections(Arc<Connections>);

impl Collector for OfConnections {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let open = i64::try_from(self.0.open()).unwrap_or(i64::MAX);
        let open = ConstGauge::new(open);
        open.encode(encoder.encode_descriptor(
            "connections",
            "Open connections",
            None,
            open.metric_type(),
        )?)?;
        let (closed, refused) = self.0.closed();
        let name = "connections_closed";
        let mut family = encoder.encode_descriptor(
            name,
            "Connections closed by the gateway",
            None,
            MetricType::Counter,
        )?;
        let reasons = Reason::ALL.map(Reason::name).into_iter().zip(closed).chain([("refused", refused)]);
        for (reason, count) in reasons {
            let counter = ConstCounter::new(count);
            counter.encode(family.encode_family(&[("reason", reason)])?)?;
        }
        Ok(())
    }
}

/// The metrics of the answers of one registry, kept with it so that requests need not look them up.
#[derive(Debug)]
pub(crate) struct RegistryMetrics {
    /// Bytes of bodies sent to callers.
    pub(crate) sent: Counter<u64, AtomicU64>,
    /// The time until an answer began.
    pub(crate) seconds: Histogram,
}

type Seconds = Family<RegistryLabels, Histogram, fn() -> Histogram>;

/// Everything that is counted, from the start of the program on.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    pub(crate) requests: Family<RequestLabels, Counter>,
    sent: Family<RegistryLabels, Counter<u64, AtomicU64>>,
    pub(crate) cache: Family<CacheLabels, Counter>,
    pub(crate) running: Gauge,
    pub(crate) reloads: Counter,
    pub(crate) accept_errors: Counter,
    seconds: Seconds,
}

impl Metrics {
    pub(crate) fn new(connections: &Arc<Connections>) -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("tallyman_gateway"),
            requests: Family::default(),
            sent: Family::default(),
            cache: Family::default(),
            running: Gauge::default(),
            reloads: Counter::default(),
            accept_errors: Counter::default(),
            seconds: Family::new_with_constructor(|| Histogram::new(exponential_buckets(0.001, 2.0, 15))),
        };
        let registry = &mut metrics.registry;
        registry.register("requests", "Requests for registries, answered", metrics.requests.clone());
        registry.register("sent_bytes", "Bytes of bodies sent to callers", metrics.sent.clone());
        registry.register("cache_lookups", "Content looked up in the cache", metrics.cache.clone());
        registry.register("running", "Answers for registries that are being sent", metrics.running.clone());
        registry.register("reloads", "Configurations read anew", metrics.reloads.clone());
        registry.register("answer_seconds", "Time until an answer began", metrics.seconds.clone());
        registry.register(
            "accept_errors",
            "Connections that could not be accepted, as for want of file descriptors",
            metrics.accept_errors.clone(),
        );
        registry.register_collector(Box::new(OfConnections(Arc::clone(connections))));
        metrics
    }

    /// Returns the metrics of a registry.
    pub(crate) fn of_registry(&self, registry: &str) -> RegistryMetrics {
        let labels = RegistryLabels { registry: registry.to_owned() };
        RegistryMetrics {
            sent: self.sent.get_or_create(&labels).clone(),
            seconds: self.seconds.get_or_create(&labels).clone(),
        }
    }

    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        text::encode(&mut text, &self.registry).expect("strings can be written to");
        text
    }
}
