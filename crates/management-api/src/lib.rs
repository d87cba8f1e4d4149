//! Microsoft's side: the Office 365 Management Activity API as an adapter of [`audit_feed::ports::ManagementApi`].
//!
//! Source of the rules: Microsoft's "Office 365 Management Activity API reference" and its troubleshooting page.

mod call;
mod client;
mod endpoints;
mod error;
mod pages;
mod token;
mod wire;

pub use self::client::{Client, ClientSettings};
pub use self::endpoints::{Endpoints, RootOverrides};
