//! A stateful stand-in for Microsoft: the Office 365 Management Activity API and the token endpoint of Entra ID on one
//! origin, written from Microsoft's documented rules and from what was seen live, and from no client.
//!
//! ```no_run
//! use management_api_simulator::{Config, Fault, Match, Operation, Simulator, Tenant, FaultKind};
//!
//! # async fn story() -> std::io::Result<()> {
//! let microsoft = Simulator::start(Config::default()).await?;
//! let contoso = microsoft.add_tenant(Tenant::example(1).subscribed());
//! microsoft.publish(contoso, "Audit.Exchange", microsoft.now(), [r#"{"Id":"1"}"#]);
//! microsoft.inject(Fault::new(Match::operation(Operation::FetchContent), FaultKind::Unavailable));
//! // … let a client loose on `microsoft.url()` …
//! assert_eq!(microsoft.calls().of(Operation::FetchContent), 2);
//! microsoft.assert_clean();
//! # Ok(())
//! # }
//! ```
//!
//! The rules of the house:
//!
//! - **What is published are slices**: some records and the instant they were made available (`created`). A listing
//!   gathers the slices inside the asked window into aggregates, and an aggregate's id names its first and last slice:
//!   the same window gives the same ids, a window that cuts an aggregate gives another id with a part of the records.
//! - **Time is the simulator's own** ([`Clock`]), for tokens, windows, expiry, quotas and cool-downs alike. Only delays
//!   on the wire (a stalled body) take real time.
//! - **Randomness is seeded**, but for the characters of a token.
//! - **It is strict**: calls that Microsoft does not know, and scripted faults that nothing ran into, are kept and
//!   handed out by [`Simulator::verify`].

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
pub use faults::kind::FaultKind;
pub use faults::random::RandomFaults;
pub use faults::{Fault, Match};
pub use http::route::Operation;
pub use jiff::Timestamp;
pub use records::generate::Generate;
pub use records::slice::{Content, Generated, Slice};
pub use simulator::Simulator;
pub use state::call_log::{Calls, SeenCall};
pub use state::published::{Published, PublishedRecord};
pub use state::tenant::{Cloud, Role, Secret, Tenant};

pub use uuid::Uuid;

/// The five content types of the API.
pub const CONTENT_TYPES: [&str; 5] =
    ["Audit.AzureActiveDirectory", "Audit.Exchange", "Audit.SharePoint", "Audit.General", "DLP.All"];

/// How every access token begins, so that a search through logs finds a leaked one.
pub const TOKEN_PREFIX: &str = "simulated-access-token-";

/// How every secret of [`Tenant::example`] begins, so that a search through logs finds a leaked one.
pub const SECRET_PREFIX: &str = "simulated-client-secret-";
