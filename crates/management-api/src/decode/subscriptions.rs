//! The rows of `subscriptions/list`.

use collector::feed::ContentType;
use serde_json::Value;

use crate::decode::json::{Row, text};

/// The content types whose subscription is enabled, each once. Unusable rows and unknown content types are ignored.
///
/// A row without a status counts as enabled, because the listing decides: if the subscription is disabled, the listing
/// says so, and the subscription is started then.
pub(crate) fn enabled(rows: &[Row]) -> Vec<ContentType> {
    let mut enabled = Vec::new();
    for row in rows.iter().flatten() {
        let is_enabled = text(row, "status").is_none_or(|status| status.trim().eq_ignore_ascii_case("enabled"));
        if let Some(content_type) = content_type(row)
            && is_enabled
            && !enabled.contains(&content_type)
        {
            enabled.push(content_type);
        }
    }
    enabled
}

fn content_type(row: &Value) -> Option<ContentType> {
    let name = text(row, "contentType")?.trim();
    ContentType::ALL.into_iter().find(|known| known.as_str().eq_ignore_ascii_case(name))
}
