//! A client of the Office 365 Management Activity API: the adapter behind [`collector::ports::ManagementApi`].
//!
//! It follows Microsoft's "Office 365 Management Activity API reference" and its troubleshooting page.

mod client;
mod clouds;
mod error;
mod listing;
mod operations;
mod request;
mod token;
mod wire;

pub use self::client::{Client, ClientSettings};
pub use self::clouds::{Endpoints, RootOverrides};
