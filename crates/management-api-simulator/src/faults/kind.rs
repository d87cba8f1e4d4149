use std::time::Duration;

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
}

/// The responses that a kind of fault can be applied to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    AnyResponse,
    /// A page of a successful listing.
    ListingPage,
    /// A page of a successful listing with at least one entry.
    ListingEntry,
}

impl FaultKind {
    pub(crate) fn target(&self) -> Target {
        match self {
            FaultKind::Error { .. }
            | FaultKind::Throttled { .. }
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
            FaultKind::ForeignContentUri { .. } | FaultKind::MissingContentUri | FaultKind::MissingContentId => {
                Target::ListingEntry
            }
        }
    }
}
