//! How Microsoft behaves here.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use crate::clock::Clock;

/// How the simulator behaves. Every field can be changed while it runs ([`crate::Simulator::configure`]), except
/// `listen` and `clock` (see [`crate::Simulator::set_clock`]).
#[derive(Debug, Clone)]
pub struct Config {
    /// Where to listen; by default an ephemeral port of 127.0.0.1.
    pub listen: SocketAddr,
    /// The time to begin with.
    pub clock: Clock,
    /// Shapes the order of listings.
    pub seed: u64,
    /// How long an access token is good for; default 3,599 s. Tokens already out keep theirs.
    pub token_lifetime: Duration,
    /// Most entries on one page of a listing; default 200.
    pub page_size: usize,
    /// Before every n-th page with entries comes an empty one; with 1 the very first page is empty. Default: none.
    pub empty_page_every: Option<usize>,
    /// What becomes one aggregate. A change holds for what is published from then on.
    pub aggregation: Aggregation,
    /// `contentExpiration` - `contentCreated`, where a slice does not say otherwise; default 7 days.
    pub content_lifetime: Duration,
    /// How blobs travel.
    pub blobs: BlobFormat,
    /// The quota of requests.
    pub throttle: Throttle,
    /// The least time between two starts of one subscription; default 15 minutes.
    pub start_cool_down: Duration,
    /// How far before the *first* start of a subscription content reaches back; default zero. (22 h was seen live.)
    pub reach_back: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            clock: Clock::Real,
            seed: 0,
            token_lifetime: Duration::from_secs(3_599),
            page_size: 200,
            empty_page_every: None,
            aggregation: Aggregation::default(),
            content_lifetime: Duration::from_secs(7 * 24 * 3_600),
            blobs: BlobFormat::default(),
            throttle: Throttle::default(),
            start_cool_down: Duration::from_secs(15 * 60),
            reach_back: Duration::ZERO,
        }
    }
}

/// Which neighbouring slices become one aggregate, that is, one content id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Aggregation {
    /// A slice joins the one before it when at most this much later; default 60 s.
    pub gap: Duration,
    /// Most slices in one aggregate; default 10. With 1 every slice has an id of its own in every window.
    pub at_most: usize,
}

impl Default for Aggregation {
    fn default() -> Self {
        Aggregation { gap: Duration::from_secs(60), at_most: 10 }
    }
}

/// How blobs travel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlobFormat {
    /// Default `application/octet-stream`, as seen live.
    pub content_type: String,
    /// Compress when the request accepts gzip (the body is then chunked); default true.
    pub gzip: bool,
    /// Without gzip: chunked instead of a `Content-Length`; default false.
    pub chunked: bool,
    /// White space between the records (never inside one); default false.
    pub spaced: bool,
}

impl Default for BlobFormat {
    fn default() -> Self {
        BlobFormat { content_type: "application/octet-stream".to_owned(), gzip: true, chunked: false, spaced: false }
    }
}

/// The quota of requests to the API (the token endpoint has none), for each tenant and `PublisherIdentifier`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Throttle {
    /// Default 2,000, Microsoft's baseline; `None`: no limit.
    pub requests_per_minute: Option<usize>,
    /// Which minute.
    pub window: ThrottleWindow,
    /// The status of a refusal: 403 as documented (default), or 429.
    pub status: u16,
    /// Sent as `Retry-After` in whole seconds; default: not sent.
    pub retry_after: Option<Duration>,
}

impl Default for Throttle {
    fn default() -> Self {
        Throttle { requests_per_minute: Some(2_000), window: ThrottleWindow::Sliding, status: 403, retry_after: None }
    }
}

/// Which minute a quota counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ThrottleWindow {
    /// The 60 s before the request.
    Sliding,
    /// The minute of the clock.
    Fixed,
}
