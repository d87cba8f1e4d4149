//! What every implementation of a port promises, the one in memory and the real one alike.

pub mod archive;
pub mod quota;
pub mod state;
pub mod tenants;
