//! The JSON that Microsoft sends, parsed only as far as it is needed.

use collector::content::Content;
use collector::ports::ContentPage;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::Value;

use crate::clouds::Endpoints;

#[derive(Deserialize)]
pub(crate) struct TokenResponse {
    pub(crate) access_token: String,
    /// In seconds. Microsoft sends a number, some emulations a string.
    pub(crate) expires_in: Value,
}

/// One row of `subscriptions/list`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Subscription {
    pub(crate) content_type: String,
    pub(crate) status: String,
}

/// Reads the rows of a listing. A row with an id or with an address on the tenant's own root is usable: whatever else
/// is missing or invalid in it is filled in, with `window_start` as its time. Any other row is returned as malformed,
/// word for word. So an invalid field never costs its row, and an invalid row never costs the others.
pub(crate) fn content_page(rows: Vec<Value>, endpoints: &Endpoints, window_start: Timestamp) -> ContentPage {
    let mut page = ContentPage::default();
    for row in rows {
        match content(&row, endpoints, window_start) {
            Some(content) => page.contents.push(content),
            None => page.malformed.push(row.to_string()),
        }
    }
    page
}

fn content(row: &Value, endpoints: &Endpoints, window_start: Timestamp) -> Option<Content> {
    /// How long Microsoft retains content, for rows without an expiration.
    const RETENTION: SignedDuration = SignedDuration::from_hours(7 * 24);
    let text = |field: &str| row.get(field)?.as_str();
    let listed_uri = text("contentUri").and_then(|uri| endpoints.require_same_origin(uri).ok());
    let id = text("contentId").filter(|id| !id.is_empty()).or_else(|| {
        // Microsoft's addresses end in the content id.
        let last_segment = listed_uri.as_ref()?.path_segments()?.next_back()?;
        (!last_segment.is_empty()).then_some(last_segment)
    })?;
    let id = id.to_owned();
    let uri = listed_uri.or_else(|| endpoints.blob(&id))?;
    let created = text("contentCreated").and_then(instant).unwrap_or(window_start);
    let expiration = text("contentExpiration").and_then(instant);
    let expiration = expiration.or_else(|| created.checked_add(RETENTION).ok()).unwrap_or(Timestamp::MAX);
    Some(Content { id, uri, created, expiration })
}

/// Microsoft's times are in UTC, with or without the `Z`.
fn instant(text: &str) -> Option<Timestamp> {
    text.parse().or_else(|_| format!("{text}Z").parse()).ok()
}
