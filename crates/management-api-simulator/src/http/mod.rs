pub(crate) mod body;
pub(crate) mod connection;
pub(crate) mod delivery;
pub(crate) mod errors;
pub(crate) mod request;
pub(crate) mod response;
pub(crate) mod route;
