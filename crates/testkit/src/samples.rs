//! Sample values for tests.

use collector::content::Content;
use collector::feed::{ContentType, FeedId, TenantId};
use collector::message::ContentMessage;
use collector::tenant::{Cloud, Secret, Tenant};
use collector::window::Window;
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

/// The tenant of most tests.
pub const TENANT: TenantId = TenantId(Uuid::from_u128(0x1111_1111_2222_3333_4444_5555_5555_5555));

/// Parses an instant in the form of RFC 3339.
#[must_use]
pub fn at(instant: &str) -> Timestamp {
    instant.parse().unwrap()
}

#[must_use]
pub fn window(start: &str, end: &str) -> Window {
    Window::new(at(start), at(end)).unwrap()
}

/// A tenant that collects `content_types`.
#[must_use]
pub fn tenant(id: TenantId, content_types: &[ContentType]) -> Tenant {
    Tenant {
        secret_id: format!("m365/{id}"),
        id,
        client_id: "00000000-aaaa-bbbb-cccc-000000000001".to_owned(),
        client_secret: Secret::new("the-first-secret"),
        cloud: Cloud::Enterprise,
        content_types: content_types.to_vec(),
        publisher_id: id.0,
        token_scope: None,
    }
}

/// The Exchange feed of [`TENANT`].
#[must_use]
pub fn feed() -> FeedId {
    FeedId { tenant_id: TENANT, content_type: ContentType::Exchange }
}

/// A content that was created at `created` and expires 168 hours later.
#[must_use]
pub fn content(id: &str, created: &str) -> Content {
    let uri = format!("https://manage.office.com/api/v1.0/{TENANT}/activity/feed/audit/{id}");
    let created = at(created);
    Content {
        id: id.to_owned(),
        uri: uri.parse().unwrap(),
        created,
        expiration: created + SignedDuration::from_hours(168),
    }
}

/// The message for a content blob of [`feed`].
#[must_use]
pub fn message(id: &str, created: &str) -> ContentMessage {
    let content = content(id, created);
    let start = Timestamp::from_second(content.created.as_second()).unwrap();
    let window = Window::new(start, start + SignedDuration::from_mins(5)).unwrap();
    ContentMessage::new(&format!("m365/{TENANT}"), feed(), window, content)
}

/// The body of a blob with these records.
#[must_use]
pub fn blob(records: &[&str]) -> String {
    format!("[{}]", records.join(","))
}
