//! The decoder of every body that Microsoft and Entra send: strict about what it means, tolerant about how it is said.
//!
//! - A UTF-8 byte order mark before JSON is ignored, and so are unknown members. Optional members are optional, and names
//!   match in any case.
//! - A row that cannot be used costs only itself.
//! - gzip is recognised in any spelling of its name, in several members, and without being declared.
//! - Text that may be shown to a person is one short line without credentials.
//!
//! Everything except [`received`] is a function of bytes and headers, so that it can be tested without HTTP.

pub(crate) mod error_body;
pub(crate) mod gzip;
pub(crate) mod json;
pub(crate) mod listing;
pub(crate) mod received;
pub(crate) mod redact;
pub(crate) mod response_head;
pub(crate) mod subscriptions;
pub(crate) mod times;
pub(crate) mod token;
