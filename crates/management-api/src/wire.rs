//! The JSON that Microsoft sends, read no further than is needed.

use collector::content::Content;
use collector::ports::ContentPage;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::Value;

use crate::clouds::Endpoints;

/// The response of the token endpoint.
#[derive(Deserialize)]
pub(crate) struct TokenResponse {
    pub(crate) access_token: String,
    /// Seconds; Microsoft sends a number, some emulations a string.
    pub(crate) expires_in: Value,
}

/// One row of `subscriptions/list`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Subscription {
    pub(crate) content_type: String,
    pub(crate) status: String,
}

/// Reads the rows of a listing. A row that still names its content, by id or by an address of ours, is repaired with
/// `window_start` as its time; one that does not is handed on as it stands. A field that is missing or not of its kind
/// must not cost the row, nor a row the others.
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
    /// How long Microsoft keeps content that does not say so.
    const KEPT: SignedDuration = SignedDuration::from_hours(7 * 24);
    let text = |field: &str| row.get(field)?.as_str();
    let listed_uri = text("contentUri").and_then(|uri| endpoints.require_same_origin(uri).ok());
    let id = text("contentId").filter(|id| !id.is_empty()).or_else(|| {
        let last_segment = listed_uri.as_ref()?.path_segments()?.next_back()?;
        (!last_segment.is_empty()).then_some(last_segment)
    })?;
    let id = id.to_owned();
    let uri = listed_uri.or_else(|| endpoints.blob(&id))?;
    let created = text("contentCreated").and_then(instant).unwrap_or(window_start);
    let expiration = text("contentExpiration").and_then(instant);
    let expiration = expiration.or_else(|| created.checked_add(KEPT).ok()).unwrap_or(Timestamp::MAX);
    Some(Content { id, uri, created, expiration })
}

/// A time of Microsoft's: UTC, whether or not it says so.
fn instant(text: &str) -> Option<Timestamp> {
    text.parse().or_else(|_| format!("{text}Z").parse()).ok()
}
