//! Simulates the Office 365 Management Activity API and the token endpoint of Entra ID on one origin. It is written from
//! Microsoft's documented rules and from what the live service was observed to do, and it knows no client.
//!
//! ```no_run
//! use management_api_simulator::{Config, Fault, FaultKind, Match, Operation, Simulator, Tenant};
//!
//! # async fn example() -> std::io::Result<()> {
//! let microsoft = Simulator::start(Config::default()).await?;
//! let contoso = microsoft.add_tenant(Tenant::example(1).subscribed());
//! microsoft.publish(contoso, "Audit.Exchange", microsoft.now(), [r#"{"Id":"1"}"#]);
//! microsoft.inject(Fault::new(Match::operation(Operation::FetchContent), FaultKind::Unavailable));
//! // … run a client against `microsoft.url()` …
//! assert_eq!(microsoft.calls().of(Operation::FetchContent), 2);
//! microsoft.assert_clean();
//! # Ok(())
//! # }
//! ```
//!
//! Its principles:
//!
//! - **Content is published in slices**: some records and the time at which they became available (`created`). A listing
//!   groups the slices in its window into aggregates, and the id of an aggregate names its first and last slice. The same
//!   window always gives the same ids; a window that cuts an aggregate gives another id, with a part of the records.
//! - **Time is the simulator's own** ([`Clock`]), for tokens, windows, expiry, quotas and cool-downs alike. Only delays in
//!   the transmission (a stalled body) take real time.
//! - **Randomness is seeded**, except for the characters of a token.
//! - **It answers as tolerantly as Microsoft and judges strictly**: it serves what Microsoft serves, and records requests
//!   that do not conform to the protocol and scripted faults that were never injected; [`Simulator::verify`] returns them.
//!   Without [`Config::strict`], of the requests only those are recorded that Microsoft has no operation for.
//!
//! Modules, each of which only imports those before it: `clock`, `seeds`, `content_id` and `config`; `records` (what is
//! published); `http` (requests and responses); `faults`; `state` (everything the simulated service knows); `entra` and
//! `api` (the two services); `server`; `simulator` and `control` (the handle).

mod api;
mod clock;
mod config;
mod content_id;
mod control;
mod entra;
mod faults;
mod http;
mod records;
mod seeds;
mod server;
mod simulator;
mod state;

pub use clock::Clock;
pub use config::{Aggregation, BlobFormat, Config, Throttle, ThrottleWindow};
pub use control::publishing::{Publisher, Publishing};
pub use faults::error_form::ErrorForm;
pub use faults::kind::FaultKind;
pub use faults::random::RandomFaults;
pub use faults::record_defect::RecordDefect;
pub use faults::{Fault, Match};
pub use http::route::Operation;
pub use jiff::{SignedDuration, Timestamp};
pub use records::generate::Generate;
pub use records::slice::{Content, Generated, Slice};
pub use seeds::SeededRandom;
pub use simulator::Simulator;
pub use state::call_log::{Calls, SeenCall};
pub use state::published::{Published, PublishedRecord};
pub use state::subscription::SubscriptionAnomaly;
pub use state::tenant::{Cloud, Role, Secret, Tenant};

pub use uuid::Uuid;

/// The content types of the API.
pub const CONTENT_TYPES: [&str; 5] =
    ["Audit.AzureActiveDirectory", "Audit.Exchange", "Audit.SharePoint", "Audit.General", "DLP.All"];

/// The prefix of every access token, so that a search through logs finds a leaked one.
pub const TOKEN_PREFIX: &str = "simulated-access-token-";

/// The prefix of every secret of [`Tenant::example`], so that a search through logs finds a leaked one.
pub const SECRET_PREFIX: &str = "simulated-client-secret-";
