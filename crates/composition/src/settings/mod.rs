//! The settings of each function, read from its environment.

mod common;
mod fetcher;
mod poller;
mod reconciler;
#[cfg(test)]
mod test;

pub use self::common::{ArchiveLocation, Common};
pub use self::fetcher::FetcherSettings;
pub use self::poller::PollerSettings;
pub use self::reconciler::{RECHECK_AGES, ReconcilerSettings};
