//! The rows of a listing.

use collector::content::Content;
use collector::ports::ContentPage;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::clouds::Endpoints;
use crate::decode::json::{Row, text};
use crate::decode::times::instant;

/// A row with an id or with an address on the tenant's own root is usable: whatever else is missing or invalid in it is
/// filled in, with `window_start` as its time. Any other row is returned as malformed, word for word. So an invalid field
/// never costs its row, and an invalid row never costs the others.
pub(crate) fn content_page(rows: Vec<Row>, endpoints: &Endpoints, window_start: Timestamp) -> ContentPage {
    let mut page = ContentPage::default();
    for row in rows {
        match row.map(|row| content(&row, endpoints, window_start).ok_or(row)) {
            Ok(Ok(content)) => page.contents.push(content),
            Ok(Err(row)) => page.malformed.push(row.to_string()),
            Err(invalid) => page.malformed.push(invalid),
        }
    }
    page
}

fn content(row: &Value, endpoints: &Endpoints, window_start: Timestamp) -> Option<Content> {
    /// How long Microsoft retains content, for rows without an expiration.
    const RETENTION: SignedDuration = SignedDuration::from_hours(7 * 24);
    let listed_uri = text(row, "contentUri").and_then(|uri| endpoints.require_same_origin(uri).ok());
    let id = text(row, "contentId").or_else(|| {
        // Microsoft's addresses end in the content id.
        let last_segment = listed_uri.as_ref()?.path_segments()?.next_back()?;
        (!last_segment.is_empty()).then_some(last_segment)
    })?;
    let id = id.to_owned();
    let uri = listed_uri.or_else(|| endpoints.blob(&id))?;
    let created = text(row, "contentCreated").and_then(instant).unwrap_or(window_start);
    let expiration = text(row, "contentExpiration").and_then(instant);
    let expiration = expiration.or_else(|| created.checked_add(RETENTION).ok()).unwrap_or(Timestamp::MAX);
    Some(Content { id, uri, created, expiration })
}
