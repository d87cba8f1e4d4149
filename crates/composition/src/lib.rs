//! The collector, put together: settings from the environment, and from them the ports over AWS and Microsoft. Used by the
//! functions, the scenarios and tools.

mod aws_ports;
pub mod settings;
mod start;

pub use self::aws_ports::{AwsPorts, Wiring};
pub use self::start::start;
