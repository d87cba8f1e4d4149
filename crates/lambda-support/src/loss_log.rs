//! The one form in which a loss is told.

use collector::feed::FeedId;
use collector::loss::Loss;

/// Logs a loss at ERROR with all that a person needs to follow it up.
pub fn log_loss(feed: FeedId, loss: &Loss) {
    let (tenant_id, content_type) = (feed.tenant_id.to_string(), feed.content_type.as_str());
    let (from, to, reason, content) = (&loss.from, &loss.to, loss.reason.as_str(), loss.content.as_deref());
    let advice = loss.reason.advice();
    tracing::error!(tenant_id, content_type, %from, %to, reason, content, "content is lost: {advice}");
}
