//! Structured logs: one JSON object a line on standard output, where Lambda takes it to CloudWatch Logs.

use tracing_subscriber::EnvFilter;

/// Starts logging with the filter in `RUST_LOG`, `info` where that is missing or unusable.
pub fn start_logging() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_target(false)
        .with_env_filter(filter)
        .init();
}
