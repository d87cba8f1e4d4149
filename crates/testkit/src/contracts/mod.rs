//! Contract suites: what every implementation of a port must do, the one in memory and the real one alike.

pub mod archive;
pub mod cursors;
pub mod leases;
pub mod losses;
pub mod open_contents;
pub mod queue;
pub mod rate_limit;
pub mod state;
pub mod tenants;
pub mod windows;
