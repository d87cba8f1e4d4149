//! Responses of Microsoft's that people have reported, and others of their kinds, through the real client and the use cases.
//! docs/reliability.md has the table: what Microsoft sends, and what happens.

mod bodies;
mod clocks;
mod fixture;
mod subscriptions;
mod windows;
