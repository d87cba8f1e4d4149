//! How the simulated service behaves.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use crate::clock::Clock;

/// The behaviour of the simulator. Every field can be changed at run time ([`crate::Simulator::configure`]), except
/// `listen` and `clock` (see [`crate::Simulator::set_clock`]).
#[derive(Debug, Clone)]
pub struct Config {
    /// The address to listen on; by default a free port of 127.0.0.1.
    pub listen: SocketAddr,
    /// The initial clock. Every response carries its time as `Date`: with [`Clock::Offset`], Microsoft's clock differs
    /// from the client's.
    pub clock: Clock,
    /// Record every deviation from the documented protocol as a violation, such as a request without
    /// `PublisherIdentifier`, which Microsoft serves from a shared quota. If false, only requests that Microsoft has no
    /// operation for are recorded. Responses are the same either way. Default true, for tests of one's own client.
    pub strict: bool,
    /// Seeds the order of the entries in a listing.
    pub seed: u64,
    /// The lifetime of new access tokens; default 3,599 s. Tokens that were issued before a change keep theirs.
    pub token_lifetime: Duration,
    /// The maximum number of entries on a page of a listing; default 200.
    pub page_size: usize,
    /// Inserts an empty page before every n-th page that has entries; with 1 the very first page is empty. Default:
    /// none.
    pub empty_page_every: Option<usize>,
    /// How slices are grouped into aggregates. A change applies to slices that are published afterwards.
    pub aggregation: Aggregation,
    /// The time from `contentCreated` to `contentExpiration` of slices that set no expiration; default 7 days.
    pub content_lifetime: Duration,
    /// The format of blob responses.
    pub blobs: BlobFormat,
    /// The request quota.
    pub throttle: Throttle,
    /// The minimum time between two starts of one subscription; default 15 minutes. A start within it is refused with the
    /// status of `throttle` and a message that contains the rest of the time, such as `retry again after 14m 56s`.
    pub start_cool_down: Duration,
    /// How long a start that was answered with 200 has no effect; default zero. Until then the list of subscriptions does
    /// not change and listings are refused with AF20023. Afterwards all content since the start is listed, and what
    /// `reach_back` adds.
    pub start_delay: Duration,
    /// Content that became available up to this long before the *first* start of a subscription can be fetched; default
    /// zero. (22 h was observed in the live service.)
    pub reach_back: Duration,
    /// Listings include content that became available exactly at the end of the window; default false.
    pub inclusive_end: bool,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            clock: Clock::Real,
            strict: true,
            seed: 0,
            token_lifetime: Duration::from_secs(3_599),
            page_size: 200,
            empty_page_every: None,
            aggregation: Aggregation::default(),
            content_lifetime: Duration::from_secs(7 * 24 * 3_600),
            blobs: BlobFormat::default(),
            throttle: Throttle::default(),
            start_cool_down: Duration::from_secs(15 * 60),
            start_delay: Duration::ZERO,
            reach_back: Duration::ZERO,
            inclusive_end: false,
        }
    }
}

/// Which adjacent slices are grouped into one aggregate, that is, one content id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Aggregation {
    /// The maximum time between a slice and the one before it in the same aggregate; default 60 s.
    pub gap: Duration,
    /// The maximum number of slices in an aggregate; default 10. With 1, every slice has its own content id in every
    /// window.
    pub at_most: usize,
}

impl Default for Aggregation {
    fn default() -> Self {
        Aggregation { gap: Duration::from_secs(60), at_most: 10 }
    }
}

/// The format of blob responses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlobFormat {
    /// Default `application/octet-stream`, as the live service sends.
    pub content_type: String,
    /// Compress if the request accepts gzip (the body is then chunked); default true.
    pub gzip: bool,
    /// Send uncompressed bodies chunked instead of with a `Content-Length`; default false.
    pub chunked: bool,
    /// Add white space between the records (never inside one); default false.
    pub spaced: bool,
}

impl Default for BlobFormat {
    fn default() -> Self {
        BlobFormat { content_type: "application/octet-stream".to_owned(), gzip: true, chunked: false, spaced: false }
    }
}

/// The request quota of the API, separate for each tenant and `PublisherIdentifier`. All requests without one share a
/// single quota, whatever their tenant. The token endpoint has none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Throttle {
    /// Default 2,000, Microsoft's baseline; `None` is no limit.
    pub requests_per_minute: Option<usize>,
    pub window: ThrottleWindow,
    /// The status of throttled responses: 403 as documented (default), or 429.
    pub status: u16,
    /// The value of `Retry-After`, sent in whole seconds; default: not sent.
    pub retry_after: Option<Duration>,
}

impl Default for Throttle {
    fn default() -> Self {
        Throttle { requests_per_minute: Some(2_000), window: ThrottleWindow::Sliding, status: 403, retry_after: None }
    }
}

/// How the minute of a quota is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ThrottleWindow {
    /// The 60 s before the request.
    Sliding,
    /// The current minute of the clock.
    Fixed,
}
