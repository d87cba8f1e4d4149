//! The kinds of fault.

use std::time::Duration;

/// What goes wrong. Sizes are bytes of the body as it travels, after compression, if not said otherwise.
#[derive(Debug, Clone, PartialEq)]
pub enum FaultKind {
    /// This status and error code instead of the answer, in the shape of the service asked: `{"error":{code,message}}`
    /// of the API, or Entra's (then the code is `AADSTS…`).
    Error {
        /// The HTTP status.
        status: u16,
        /// Such as `AF50000` or `AADSTS90033`.
        code: String,
    },
    /// Too many requests: `AF429` with this status, or AADSTS90055 with 429 from the token endpoint.
    Throttled {
        /// 403 as documented, or 429.
        status: u16,
        /// Sent in whole seconds.
        retry_after: Option<Duration>,
    },
    /// 503 with a page of HTML instead of the answer.
    Unavailable,
    /// 502 without a body instead of the answer.
    BadGateway,
    /// 200 with `{"error":{code,message}}` instead of the answer.
    ErrorInside200 {
        /// Such as `AF50000`.
        code: String,
    },
    /// 401 instead of the answer, although the token is good; from the token endpoint AADSTS7000215.
    Unauthorized,
    /// Just this instead of the answer.
    Answer {
        /// The HTTP status.
        status: u16,
        /// The `Content-Type`.
        content_type: String,
        /// The body.
        body: String,
    },
    /// The request is carried out, and the connection ends without an answer.
    Drop,
    /// The request is carried out, and the connection ends after so many bytes of the body, at the latest before its
    /// last one: `Content-Length` is not kept, a chunked body lacks its end.
    CutBody {
        /// Bytes of the body that still travel.
        after: u64,
    },
    /// The JSON text ends after so many bytes (before compression), at the latest before its last one, while HTTP is in
    /// perfect order.
    Truncate {
        /// Bytes of the text that are left.
        after: u64,
    },
    /// Nothing at all for so long, then the answer.
    StallHead(Duration),
    /// The head at once, the first byte of the body only after so long.
    SlowFirstByte(Duration),
    /// A pause in the middle of the body, at the latest before its last byte.
    StallBody {
        /// Bytes of the body that travel before it.
        after: u64,
        /// How long nothing comes.
        pause: Duration,
    },
    /// `NextPageUri` names the page it comes with. Meets listings that are answered; a loop needs at least two
    /// ([`crate::Fault::times`]).
    RepeatNextPage,
    /// `NextPageUri` on this origin (`https://host`). Meets listings that are answered.
    ForeignNextPage {
        /// Scheme and host.
        origin: String,
    },
    /// The first `contentUri` of a page on this origin. Meets listings that hold an entry.
    ForeignContentUri {
        /// Scheme and host.
        origin: String,
    },
    /// The first entry of a page lacks `contentUri`. Meets listings that hold an entry.
    MissingContentUri,
    /// The first entry of a page lacks `contentId`. Meets listings that hold an entry.
    MissingContentId,
}

/// When a fault meets its call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    /// Whatever the answer.
    AnyResponse,
    /// On a page of a listing.
    ListingPage,
    /// On a page of a listing that holds an entry.
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
