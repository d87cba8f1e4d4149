//! Puts the collector together: reads the settings from the environment, and builds the ports over AWS and Microsoft's
//! API. Shared by the functions, the scenarios and tools.

mod aws_ports;
pub mod settings;
mod start;

pub use self::aws_ports::{AwsPorts, Wiring};
pub use self::start::start;
