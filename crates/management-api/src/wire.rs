//! The JSON that Microsoft sends, read no further than is needed.

use audit_feed::content::Content;
use audit_feed::ports::ContentPage;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::Value;

use crate::endpoints::Endpoints;

/// The answer of the token endpoint.
#[derive(Deserialize)]
pub(crate) struct TokenAnswer {
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

/// One row of `subscriptions/content`. Any field may be missing in a broken row, which must not cost the others.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    content_id: Option<String>,
    content_uri: Option<String>,
    content_created: Option<String>,
    content_expiration: Option<String>,
}

/// Reads the rows of a listing. A row that still names its content, by id or by an address of ours, is repaired with
/// `window_start` as its time; one that does not is handed on as it stands.
pub(crate) fn content_page(rows: Vec<Value>, endpoints: &Endpoints, window_start: Timestamp) -> ContentPage {
    let mut page = ContentPage::default();
    for row in rows {
        match content(&row, endpoints, window_start) {
            Some(content) => page.contents.push(content),
            None => page.unusable.push(row.to_string()),
        }
    }
    page
}

fn content(row: &Value, endpoints: &Endpoints, window_start: Timestamp) -> Option<Content> {
    /// How long Microsoft keeps content that does not say so.
    const KEPT: SignedDuration = SignedDuration::from_hours(7 * 24);
    let entry = Entry::deserialize(row).ok()?;
    let listed_uri = entry.content_uri.and_then(|uri| endpoints.own(&uri).ok());
    let id = entry.content_id.filter(|id| !id.is_empty()).or_else(|| {
        let last_segment = listed_uri.as_ref()?.path_segments()?.next_back()?;
        (!last_segment.is_empty()).then(|| last_segment.to_owned())
    })?;
    let uri = listed_uri.or_else(|| endpoints.blob(&id))?;
    let created = entry.content_created.as_deref().and_then(instant).unwrap_or(window_start);
    let expiration = entry.content_expiration.as_deref().and_then(instant).unwrap_or(created + KEPT);
    Some(Content { id, uri, created, expiration })
}

/// A time of Microsoft's: UTC, whether or not it says so.
fn instant(text: &str) -> Option<Timestamp> {
    text.parse().or_else(|_| format!("{text}Z").parse()).ok()
}
