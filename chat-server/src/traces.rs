//! Floor 7: traces for a collector that speaks OpenTelemetry, where the configuration names one.
//!
//! 1. Only our own spans are told, and no events: the fields of our spans are numbers and words of
//!    closed lists, while an event may name somebody.
//! 2. Nobody waits for the collector. What does not fit into a bounded queue is dropped and counted.
//! 3. At the end what waits is sent, within a bound.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use async_trait::async_trait;
use opentelemetry::Context;
use opentelemetry::trace::TracerProvider;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, SdkTracerProvider, Span, SpanData, SpanExporter, SpanProcessor,
};
use tokio::runtime::Handle;
use tracing::{Subscriber, debug, info, warn};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{Layer, filter};

use crate::log;
use crate::metrics::{Traced, metrics};
use crate::outgoing::system_tls;

/// Spans that wait for the collector: some seconds of a busy server, a few megabytes.
const WAITING: usize = 4_096;

/// Spans in one export.
const BATCH: usize = 512;

/// How often they are sent when they are fewer.
const EVERY: Duration = Duration::from_secs(2);

/// How long one export may take, with its repetitions. The next ones wait for it, and then drop.
const TIMEOUT: Duration = Duration::from_secs(5);

/// What this server is called among others.
const SERVICE: &str = "chat-server";

/// The way to the collector; one in a process.
pub struct Traces {
    provider: SdkTracerProvider,
}

impl Traces {
    /// Prepares the way; nobody is called yet. Inside a runtime.
    ///
    /// # Errors
    /// If the address or a variable of OpenTelemetry cannot be used.
    pub fn new(endpoint: &str) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder()
            .user_agent(concat!("chat-server/", env!("CARGO_PKG_VERSION")))
            .timeout(TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .tls_backend_preconfigured(system_tls()?)
            .build()
            .context("cannot prepare calls to the collector of traces")?;
        let exporter = opentelemetry_otlp::SpanExporter::builder()
            .with_http()
            .with_http_client(OnRuntime { http, runtime: Handle::current() })
            .with_endpoint(endpoint)
            .with_timeout(TIMEOUT)
            .build()
            .context("traces cannot be exported; look at otlp_endpoint and the OTEL_ variables")?;
        let waiting = Arc::new(AtomicUsize::new(0));
        let config = BatchConfigBuilder::default()
            .with_max_queue_size(WAITING)
            .with_max_export_batch_size(BATCH)
            .with_scheduled_delay(EVERY)
            .build();
        let exporter = Counted { exporter, waiting: waiting.clone(), failing: AtomicBool::new(false) };
        let bounded = Bounded { processor: BatchSpanProcessor::new(exporter, config), waiting };
        let version = opentelemetry::KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
        let mut resource = Resource::builder().with_attribute(version);
        if std::env::var_os("OTEL_SERVICE_NAME").is_none() {
            resource = resource.with_service_name(SERVICE);
        }
        let provider =
            SdkTracerProvider::builder().with_span_processor(bounded).with_resource(resource.build()).build();
        Ok(Self { provider })
    }

    /// What hears of spans. A connection is none of them: it lasts for days, and each of its requests
    /// is a trace of its own.
    pub(crate) fn layer<S: Subscriber + for<'a> LookupSpan<'a>>(&self) -> impl Layer<S> + use<S> {
        tracing_opentelemetry::layer()
            .with_tracer(self.provider.tracer(SERVICE))
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false)
            .with_context_activation(false)
            .with_filter(filter::filter_fn(|meta| {
                meta.is_span() && log::is_ours(meta) && meta.name() != "connection"
            }))
    }

    /// Sends what waits, for so long at most.
    pub async fn end(self, bound: Duration) {
        let ended = tokio::task::spawn_blocking(move || self.provider.shutdown_with_timeout(bound));
        match ended.await {
            Ok(Ok(())) => {}
            Ok(Err(cause)) => warn!(%cause, "the last traces were not sent"),
            Err(cause) => debug!(%cause, "traces were not ended"),
        }
    }
}

/// Calls from the exporter's own thread, with the runtime that the client needs.
#[derive(Debug)]
struct OnRuntime {
    http: reqwest::Client,
    runtime: Handle,
}

#[async_trait]
impl HttpClient for OnRuntime {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let http = self.http.clone();
        self.runtime.spawn(async move { http.send_bytes(request).await }).await?
    }
}

/// Drops what does not fit, and counts it; the library would do the one and not the other.
#[derive(Debug)]
struct Bounded {
    processor: BatchSpanProcessor,
    /// Spans in the queue and in the export under way.
    waiting: Arc<AtomicUsize>,
}

impl SpanProcessor for Bounded {
    fn on_start(&self, span: &mut Span, context: &Context) {
        self.processor.on_start(span, context);
    }

    fn on_end(&self, span: SpanData) {
        if !span.span_context.is_sampled() {
            return;
        }
        if self.waiting.fetch_add(1, Ordering::Relaxed) < WAITING {
            self.processor.on_end(span);
        } else {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            metrics().trace_spans.add_one(Traced::Dropped);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.processor.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.processor.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.processor.set_resource(resource);
    }
}

/// Counts what was sent and what was not, and says so once when that changes.
#[derive(Debug)]
struct Counted {
    exporter: opentelemetry_otlp::SpanExporter,
    waiting: Arc<AtomicUsize>,
    failing: AtomicBool,
}

impl SpanExporter for Counted {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len();
        let exported = self.exporter.export(batch).await;
        self.waiting.fetch_sub(spans, Ordering::Relaxed);
        let was_failing = self.failing.swap(exported.is_err(), Ordering::Relaxed);
        match &exported {
            Ok(()) => {
                metrics().trace_spans.add(Traced::Sent, spans);
                if was_failing {
                    info!("the collector takes traces again");
                }
            }
            Err(cause) => {
                metrics().trace_spans.add(Traced::Failed, spans);
                if !was_failing {
                    warn!(%cause, "the collector takes no traces; they are lost until it does");
                }
            }
        }
        exported
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}
