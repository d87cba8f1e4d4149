//! Dividing the tenants between several runs of one function.

use sha2::{Digest, Sha256};

/// One of `count` equal parts of all tenants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    index: u64,
    count: u64,
}

/// A shard that does not exist.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no shard {index} of {count}; the shards of n are 0 to n-1, as in {{\"shard\": 0, \"shards\": 4}}")]
pub struct InvalidShard {
    index: u64,
    count: u64,
}

impl Shard {
    /// All tenants.
    pub const WHOLE: Self = Self { index: 0, count: 1 };

    /// # Errors
    /// [`InvalidShard`] unless `index` is below `count`.
    pub fn new(index: u64, count: u64) -> Result<Self, InvalidShard> {
        if index < count { Ok(Self { index, count }) } else { Err(InvalidShard { index, count }) }
    }

    /// Counted from 0.
    #[must_use]
    pub fn index(self) -> u64 {
        self.index
    }

    #[must_use]
    pub fn count(self) -> u64 {
        self.count
    }

    pub(crate) fn is_whole(self) -> bool {
        self.count == 1
    }

    /// Whether what has this identity belongs to this shard; the same on every machine and in every version.
    pub(crate) fn holds(self, identity: &[u8]) -> bool {
        let mut hash = [0; 8];
        for (short, full) in hash.iter_mut().zip(Sha256::digest(identity)) {
            *short = full;
        }
        u64::from_be_bytes(hash) % self.count == self.index
    }
}
