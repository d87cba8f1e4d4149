//! The user metadata of an object. S3 takes it from HTTP headers.

use std::collections::HashMap;

use collector::content::ContentDigest;
use collector::ports::{BodyFault, ObjectMetadata};

/// S3's limit for all user metadata of an object: bytes of the names, without `x-amz-meta-`, and of the values.
const LIMIT: usize = 2_048;

const CONTENT_ID: &str = "content-id";

pub(super) fn user_metadata(metadata: &ObjectMetadata) -> HashMap<String, String> {
    let ObjectMetadata { content_id, content_type, content_created, tenant_id, records, malformed } = metadata;
    let mut all = HashMap::from([
        ("content-type".to_owned(), content_type.to_string()),
        ("content-created".to_owned(), content_created.to_string()),
        ("tenant-id".to_owned(), tenant_id.to_string()),
        ("records".to_owned(), records.to_string()),
    ]);
    if let Some(BodyFault { offset, reason }) = malformed {
        all.insert("malformed-offset".to_owned(), offset.to_string());
        all.insert("malformed-reason".to_owned(), reason.escape_default().to_string());
    }
    let used = CONTENT_ID.len() + all.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>();
    all.insert(CONTENT_ID.to_owned(), header_value(content_id, LIMIT.saturating_sub(used)));
    all
}

/// The content id itself where it can be a header value, else the whole id percent-encoded. An id that contains a
/// percent-encoded byte is encoded as well, so that decoding every value gives its id. In place of a value of more than
/// `limit` bytes: the digest that names the object.
fn header_value(content_id: &str, limit: usize) -> String {
    let encoded = if is_plain(content_id) { content_id.to_owned() } else { percent_encode(content_id) };
    if encoded.len() <= limit { encoded } else { ContentDigest::of(content_id).placeholder_id() }
}

/// HTTP drops blanks at the ends of a header value.
fn is_plain(text: &str) -> bool {
    let is_printable = text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
    let has_encoded_byte = text
        .as_bytes()
        .windows(3)
        .any(|bytes| matches!(bytes, [b'%', high, low] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit()));
    is_printable && text.trim() == text && !has_encoded_byte
}

/// All bytes but the unreserved characters of RFC 3986.
fn percent_encode(text: &str) -> String {
    let encode = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}
