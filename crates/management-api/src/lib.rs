//! A client of the Office 365 Management Activity API: the adapter behind [`collector::ports::ManagementApi`].
//!
//! It follows Microsoft's "Office 365 Management Activity API reference" and its troubleshooting page.

mod client;
mod clock_offset;
mod clouds;
mod decode;
mod error;
#[doc(hidden)]
pub mod fuzzing;
mod listing;
mod operations;
mod request;
mod token;

pub use self::client::{Client, ClientSettings};
pub use self::clouds::{Endpoints, RootOverrides};
