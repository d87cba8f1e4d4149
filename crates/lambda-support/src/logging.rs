//! Structured logs: one JSON object per line on standard output, which Lambda sends to CloudWatch Logs.

use collector::feed::FeedId;
use collector::loss::Loss;
use tracing_subscriber::EnvFilter;

/// Starts logging with the filter in `RUST_LOG`, or `info` if that is missing or invalid.
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

/// Logs shards whose runs stay away: nothing is collected from their tenants.
pub fn log_overdue_shards(shards: &[u64]) {
    if !shards.is_empty() {
        tracing::error!(
            ?shards,
            "these shards have had no run for twice as long as this one; check that the rule has a target for each of them"
        );
    }
}

/// Logs a loss at ERROR with everything that a person needs to follow it up. All functions log losses in this form.
pub fn log_loss(feed: FeedId, loss: &Loss) {
    let (tenant_id, content_type) = (feed.tenant_id.to_string(), feed.content_type.as_str());
    let (from, to, reason, content) = (&loss.from, &loss.to, loss.reason.as_str(), loss.content.as_deref());
    let advice = loss.reason.advice();
    tracing::error!(tenant_id, content_type, %from, %to, reason, content, "content is lost: {advice}");
}
