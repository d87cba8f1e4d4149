//! What can go wrong, and which responses each kind of fault applies to.

use std::time::Duration;

use jiff::Timestamp;

use crate::faults::{error_form::ErrorForm, record_defect::RecordDefect};

/// What goes wrong. Sizes are bytes of the body as it is transmitted, after compression, unless stated otherwise.
#[derive(Debug, Clone, PartialEq)]
pub enum FaultKind {
    /// An error response in the format of the service: `{"error":{code,message}}` from the API, or Entra's format from
    /// the token endpoint (with `AADSTS…` as the code).
    Error {
        status: u16,
        /// Such as `AF50000` or `AADSTS90033`.
        code: String,
    },
    /// A throttled response: `AF429` with this status, or AADSTS90055 with 429 from the token endpoint.
    Throttled {
        /// 403 as documented, or 429.
        status: u16,
        /// Sent in whole seconds.
        retry_after: Option<Duration>,
    },
    /// A throttled response without `Retry-After`: the wait is only in its message, such as `retry again after 14m 56s`.
    ThrottledInText {
        /// 403 or 429.
        status: u16,
        wait: Duration,
    },
    /// 404 without an error code.
    NotFound,
    /// 200 with `[]` instead of a blob or a listing.
    EmptyArray,
    /// 503 with an HTML page.
    Unavailable,
    /// 502 without a body.
    BadGateway,
    /// 200 with `{"error":{code,message}}`.
    ErrorInside200 {
        /// Such as `AF50000`.
        code: String,
    },
    /// 401 although the token is valid; from the token endpoint AADSTS7000215.
    Unauthorized,
    /// An arbitrary response.
    Answer { status: u16, content_type: String, body: String },
    /// The request is processed, and the connection closes without a response.
    Drop,
    /// The request is processed, and the connection closes after this many bytes of the body, at the latest before the
    /// last one. The body is shorter than its `Content-Length`, or lacks the final chunk.
    CutBody {
        /// Bytes of the body that are still sent.
        after: u64,
    },
    /// The JSON text is cut off after this many bytes (before compression), at the latest before the last one, in a
    /// complete and valid HTTP response.
    Truncate {
        /// Bytes of the text that remain.
        after: u64,
    },
    /// Nothing is sent for this long, then the whole response.
    StallHead(Duration),
    /// The head is sent at once, the first byte of the body only after this long.
    SlowFirstByte(Duration),
    /// A pause within the body, at the latest before its last byte.
    StallBody {
        /// Bytes of the body that are sent before the pause.
        after: u64,
        pause: Duration,
    },
    /// `NextPageUri` points to the page that carries it. Applies to successful listings; a loop needs at least two
    /// injections ([`crate::Fault::times`]).
    RepeatNextPage,
    /// `NextPageUri` points to another origin. Applies to successful listings.
    ForeignNextPage {
        /// Scheme and host, such as `https://host`.
        origin: String,
    },
    /// The first `contentUri` of a page points to another origin. Applies to listings with at least one entry.
    ForeignContentUri {
        /// Scheme and host, such as `https://host`.
        origin: String,
    },
    /// The first entry of a page lacks `contentUri`. Applies to listings with at least one entry.
    MissingContentUri,
    /// The first entry of a page lacks `contentId`. Applies to listings with at least one entry.
    MissingContentId,
    /// The first entry of a page bears this `contentCreated`, such as the end of the window or a time outside of it.
    /// Applies to listings with at least one entry.
    EntryCreated { at: Timestamp },
    /// Rows that are not entries stand before and after the real ones; see [`FaultKind::broken_rows`]. Applies to
    /// successful listings and lists of subscriptions.
    BrokenRows {
        /// The JSON text of each row.
        rows: Vec<String>,
    },
    /// The fields with these names are left out, at every level. Applies to JSON bodies, also of errors and tokens, that
    /// have at least one of them, and never to blobs.
    MissingFields { names: Vec<String> },
    /// One record is malformed, the others stay whole. Applies to blobs with at least one record.
    BrokenRecord {
        /// Its position in the blob, from 0; the last record if there are fewer.
        position: usize,
        defect: RecordDefect,
    },
    /// The body of an error takes another form. Applies to responses with a status of 400 or above, also to those of other
    /// faults.
    ErrorBody(ErrorForm),
    /// The body begins with a UTF-8 byte order mark. Applies to every response with a body, also to those of other faults.
    ByteOrderMark,
    /// The body is compressed with gzip, whatever the request accepts. Applies to every response with a body, also to those
    /// of other faults, and keeps it in memory.
    ContentCoding {
        /// The value of `Content-Encoding`, such as `gzip`, `x-gzip` or `GZIP`.
        name: String,
        /// The number of gzip members that the body consists of.
        members: usize,
    },
    /// A header is set to this value, such as an unreadable `Date`. Applies to every response, also to those of other
    /// faults.
    Header { name: String, value: String },
}

/// Examples for [`FaultKind::BrokenRows`].
const BROKEN_ROWS: [&str; 8] = [
    "null",
    "true",
    "17",
    r#""text""#,
    "[]",
    "{}",
    r#"{"contentType":"Audit.Exchange","contentId":17,"contentUri":{}}"#,
    r#"{"contentType":null,"status":[],"contentId":null,"contentCreated":"yesterday"}"#,
];

/// The responses that a kind of fault can be applied to. A request gets at most one fault for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    AnyResponse,
    /// A page of a successful listing.
    ListingPage,
    /// A page of a successful listing with at least one entry.
    ListingEntry,
    /// A successful response with a JSON array of rows.
    Rows,
    /// A JSON body with named fields.
    Fields,
    /// A blob with at least one record.
    Records,
    /// An error.
    Error,
    /// A response with a body, before compression.
    Text,
    /// A response with a body.
    Encoding,
    /// The head of any response.
    Head,
}

impl Target {
    /// Those that depend on the response, in the order in which their faults are applied.
    pub(crate) const OF_RESPONSE: [Target; 9] = [
        Target::ListingPage,
        Target::ListingEntry,
        Target::Rows,
        Target::Fields,
        Target::Records,
        Target::Error,
        Target::Text,
        Target::Encoding,
        Target::Head,
    ];
}

impl FaultKind {
    /// Rows of every JSON type, and entries whose fields have the wrong one.
    pub fn broken_rows() -> Self {
        FaultKind::BrokenRows { rows: BROKEN_ROWS.map(str::to_owned).to_vec() }
    }

    pub(crate) fn target(&self) -> Target {
        match self {
            FaultKind::Error { .. }
            | FaultKind::Throttled { .. }
            | FaultKind::ThrottledInText { .. }
            | FaultKind::NotFound
            | FaultKind::EmptyArray
            | FaultKind::Unavailable
            | FaultKind::BadGateway
            | FaultKind::ErrorInside200 { .. }
            | FaultKind::Unauthorized
            | FaultKind::Answer { .. }
            | FaultKind::Drop
            | FaultKind::CutBody { .. }
            | FaultKind::Truncate { .. }
            | FaultKind::StallHead(_)
            | FaultKind::SlowFirstByte(_)
            | FaultKind::StallBody { .. } => Target::AnyResponse,
            FaultKind::RepeatNextPage | FaultKind::ForeignNextPage { .. } => Target::ListingPage,
            FaultKind::ForeignContentUri { .. }
            | FaultKind::MissingContentUri
            | FaultKind::MissingContentId
            | FaultKind::EntryCreated { .. } => Target::ListingEntry,
            FaultKind::BrokenRows { .. } => Target::Rows,
            FaultKind::MissingFields { .. } => Target::Fields,
            FaultKind::BrokenRecord { .. } => Target::Records,
            FaultKind::ErrorBody(_) => Target::Error,
            FaultKind::ByteOrderMark => Target::Text,
            FaultKind::ContentCoding { .. } => Target::Encoding,
            FaultKind::Header { .. } => Target::Head,
        }
    }
}
