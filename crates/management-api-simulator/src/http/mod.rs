pub(crate) mod body;
pub(crate) mod connection;
pub(crate) mod delivery;
pub(crate) mod request;
pub(crate) mod response;
