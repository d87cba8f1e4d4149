//! Content ids. They name an aggregate by its first and last slice.

use jiff::Timestamp;

use crate::CONTENT_TYPES;

/// The position of a slice in its feed: its creation time, and its number among the slices of the same millisecond.
pub(crate) type SliceKey = (Timestamp, u32);

/// `{first}${last}$audit_exchange$Audit_Exchange$na0030`
pub(crate) fn content_id(first: SliceKey, last: SliceKey, content_type: &str) -> String {
    let name = content_type.replace('.', "_");
    format!("{}${}${}${name}$na0030", stamp(first), stamp(last), name.to_ascii_lowercase())
}

/// 17 digits for the time, and one more to distinguish slices of the same millisecond.
fn stamp((created, number): SliceKey) -> String {
    let digits = created.strftime("%Y%m%d%H%M%S%3f");
    if number == 0 { digits.to_string() } else { format!("{digits}{number}") }
}

/// The content type that the third part of an id names.
pub(crate) fn content_type_of(content_id: &str) -> Option<&'static str> {
    let named = content_id.split('$').nth(2)?;
    CONTENT_TYPES.into_iter().find(|content_type| content_type.replace('.', "_").eq_ignore_ascii_case(named))
}
