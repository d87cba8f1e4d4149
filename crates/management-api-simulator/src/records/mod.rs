pub(crate) mod fields;
pub(crate) mod folder;
pub(crate) mod generate;
pub(crate) mod record;
pub(crate) mod sized;
pub(crate) mod slice;
