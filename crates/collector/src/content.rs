//! Content blobs: what a listing names and the archive holds.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use sha2::{Digest, Sha256};
use url::Url;

use crate::feed::FeedId;
use crate::window::Window;

/// One entry of a listing: a content blob that can be fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// Microsoft's name of it, which depends on the window that was asked for.
    pub id: String,
    /// Where it is fetched from.
    pub uri: Url,
    /// When Microsoft made it available; what windows range over.
    pub created: Timestamp,
    /// When it can no longer be fetched; not always seven days after `created`.
    pub expiration: Timestamp,
}

impl Content {
    /// The digest of [`Content::id`].
    #[must_use]
    pub fn digest(&self) -> ContentDigest {
        ContentDigest::of(&self.id)
    }
}

/// The first 128 bits of the SHA-256 of a content id: short enough to keep thousands of them in one table row, and as a
/// name free of the `$` and the length of the id itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ContentDigest(pub [u8; Self::BYTES]);

impl ContentDigest {
    /// The length in bytes.
    pub const BYTES: usize = 16;

    /// What stands before the digest of a content whose id nobody knows any more.
    const PLACEHOLDER_PREFIX: &str = "digest ";

    /// The digest of a content id.
    #[must_use]
    pub fn of(content_id: &str) -> Self {
        let mut digest = [0; Self::BYTES];
        for (short, full) in digest.iter_mut().zip(Sha256::digest(content_id.as_bytes())) {
            *short = full;
        }
        Self(digest)
    }

    /// What stands for the content's id where nobody knows it any more.
    #[must_use]
    pub fn placeholder_id(self) -> String {
        format!("{}{self}", Self::PLACEHOLDER_PREFIX)
    }

    /// The digest of the content that is named so: by its id, or by what stands for it.
    #[must_use]
    pub fn from_id_or_placeholder(name: &str) -> Self {
        let placeholder = name.strip_prefix(Self::PLACEHOLDER_PREFIX).and_then(|digest| digest.parse().ok());
        placeholder.unwrap_or_else(|| Self::of(name))
    }
}

/// Text that is no digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no digest: 32 hexadecimal digits")]
pub struct InvalidDigest(String);

impl FromStr for ContentDigest {
    type Err = InvalidDigest;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_hexadecimal = text.len() == 2 * Self::BYTES && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let parsed = is_hexadecimal.then(|| u128::from_str_radix(text, 16).ok());
        parsed.flatten().map(|bits| Self(bits.to_be_bytes())).ok_or_else(|| InvalidDigest(text.to_owned()))
    }
}

impl fmt::Display for ContentDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The key of an object below the archive's prefix. The same content gets the same key whoever archives it and however
/// often, so that a repeat rewrites one object.
#[must_use]
pub fn archive_key(feed: FeedId, content_id: &str, created: Timestamp) -> String {
    format!("{}/{}.json.gz", hour_prefix(feed, created), ContentDigest::of(content_id))
}

/// The content whose object has this key; `None` for a key that is not of [`archive_key`]'s making.
#[must_use]
pub fn digest_of_key(key: &str) -> Option<ContentDigest> {
    key.rsplit('/').next()?.strip_suffix(".json.gz")?.parse().ok()
}

/// The folder below the archive's prefix of what `feed` published in the UTC hour of `created`.
#[must_use]
pub fn hour_prefix(feed: FeedId, created: Timestamp) -> String {
    let FeedId { tenant_id, content_type } = feed;
    let utc = created.to_zoned(TimeZone::UTC);
    let (day, hour) = (utc.date(), utc.hour());
    format!("tenant={tenant_id}/content_type={content_type}/day={day}/hour={hour:02}")
}

/// What one window was found to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// The window that was asked for.
    pub window: Window,
    /// The contents; Microsoft may name one on more than one page.
    pub digests: BTreeSet<ContentDigest>,
    /// When the last page had been read.
    pub listed_at: Timestamp,
}
