//! Logging and counting of requests for registries.

use std::{
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use axum::body::Body;
use http::{Method, Response};
use http_body_util::BodyExt as _;
use prometheus_client::metrics::counter::Counter;

use crate::{
    connections::RequestPermit,
    metrics::{CacheLabels, Metrics, RequestLabels},
    proxy::X_CACHE,
    upstream::Upstream,
};

/// The context of a request, as far as it is known.
#[derive(Clone, Debug, Default)]
pub(crate) struct LogContext<'a> {
    pub(crate) upstream: Option<&'a Upstream>,
    pub(crate) kind: &'static str,
    pub(crate) repository: String,
}

impl LogContext<'_> {
    /// The name of the registry, or an empty one where none is known.
    pub(crate) fn registry(&self) -> &str {
        self.upstream.map_or("", |upstream| &upstream.name)
    }

    /// Counts a request whose response begins after `took`, and returns the counter of the bytes that its registry sends.
    pub(crate) fn count(
        &self,
        metrics: &Metrics,
        method: &Method,
        response: &Response<Body>,
        took: Duration,
    ) -> Counter<u64, AtomicU64> {
        let method = match *method {
            Method::GET => "GET",
            Method::HEAD => "HEAD",
            Method::POST => "POST",
            Method::PUT => "PUT",
            Method::PATCH => "PATCH",
            Method::DELETE => "DELETE",
            _ => "other",
        };
        let registry = self.registry().to_owned();
        let status = response.status().as_u16();
        metrics.requests.get_or_create(&RequestLabels { registry, kind: self.kind, method, status }).inc();
        let of_none;
        let of_registry = match self.upstream {
            Some(upstream) => upstream.metrics(metrics),
            None => {
                of_none = metrics.of_registry("");
                &of_none
            }
        };
        of_registry.seconds.observe(took.as_secs_f64());
        if let Some(result) = response.headers().get(X_CACHE) {
            let result = if result == "hit" { "hit" } else { "miss" };
            metrics.cache.get_or_create(&CacheLabels { registry: self.registry().to_owned(), result }).inc();
        }
        of_registry.sent.clone()
    }
}

/// Counts a response as running until its body is sent, and the bytes of it in `sent`. `permit` ends with it.
pub(crate) fn count_sent(
    metrics: &Arc<Metrics>,
    sent: Counter<u64, AtomicU64>,
    permit: Option<RequestPermit>,
    response: Response<Body>,
) -> Response<Body> {
    let running = InFlight::begin(Arc::clone(metrics), permit);
    response.map(|body| {
        if http_body::Body::size_hint(&body).exact() == Some(0) {
            return body;
        }
        Body::new(body.map_frame(move |frame| {
            let _running = &running;
            sent.inc_by(frame.data_ref().map_or(0, |data| data.len() as u64));
            frame
        }))
    })
}

/// A response that is being sent.
struct InFlight {
    metrics: Arc<Metrics>,
    _permit: Option<RequestPermit>,
}

impl InFlight {
    fn begin(metrics: Arc<Metrics>, permit: Option<RequestPermit>) -> Self {
        metrics.running.inc();
        Self { metrics, _permit: permit }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.metrics.running.dec();
    }
}
