//! Content blobs: listed by Microsoft, stored in the archive.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use sha2::{Digest, Sha256};
use url::Url;

use crate::feed::FeedId;
use crate::window::Window;

/// One usable entry of a listing: a content blob that can be fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// Microsoft's id. The same records get another id when another window is listed.
    pub id: String,
    pub uri: Url,
    /// When Microsoft made it available: the time by which windows select contents.
    pub created: Timestamp,
    /// When it can no longer be fetched; not always seven days after `created`.
    pub expiration: Timestamp,
}

impl Content {
    /// The start of the UTC hour under which it is archived.
    #[must_use]
    pub fn hour(&self) -> Timestamp {
        hour_of(self.created)
    }

    #[must_use]
    pub fn digest(&self) -> ContentDigest {
        ContentDigest::of(&self.id)
    }
}

/// The first 128 bits of the SHA-256 of a content id: short enough to store thousands in one table row, and a better
/// file name than the id itself, which is long and contains `$`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ContentDigest(pub [u8; Self::BYTES]);

impl ContentDigest {
    pub const BYTES: usize = 16;

    const PLACEHOLDER_PREFIX: &str = "digest ";

    #[must_use]
    pub fn of(content_id: &str) -> Self {
        let mut digest = [0; Self::BYTES];
        for (short, full) in digest.iter_mut().zip(Sha256::digest(content_id.as_bytes())) {
            *short = full;
        }
        Self(digest)
    }

    /// Takes the place of the content id in losses and reports when only its digest is known.
    #[must_use]
    pub fn placeholder_id(self) -> String {
        format!("{}{self}", Self::PLACEHOLDER_PREFIX)
    }

    #[must_use]
    pub fn is_placeholder(name: &str) -> bool {
        name.starts_with(Self::PLACEHOLDER_PREFIX)
    }

    /// The digest of the content with this id, or the digest in this [placeholder](Self::placeholder_id).
    #[must_use]
    pub fn from_id_or_placeholder(name: &str) -> Self {
        let placeholder = name.strip_prefix(Self::PLACEHOLDER_PREFIX).and_then(|digest| digest.parse().ok());
        placeholder.unwrap_or_else(|| Self::of(name))
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a content digest: it must be 32 hexadecimal digits")]
pub struct InvalidDigest(String);

impl FromStr for ContentDigest {
    type Err = InvalidDigest;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // Checked first: `from_str_radix` would also accept a leading `+`.
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

/// The key of a content's object, below the archive's prefix. It depends on the content alone: a content that is
/// archived again meets its own object, and the first one stands.
#[must_use]
pub fn archive_key(feed: FeedId, content_id: &str, created: Timestamp) -> String {
    format!("{}/{}.json.gz", hour_prefix(feed, created), ContentDigest::of(content_id))
}

/// The digest in a key that [`archive_key`] made; `None` for any other key.
#[must_use]
pub fn digest_of_key(key: &str) -> Option<ContentDigest> {
    key.rsplit('/').next()?.strip_suffix(".json.gz")?.parse().ok()
}

/// The folder, below the archive's prefix, for what `feed` published in the UTC hour of `created`.
#[must_use]
pub fn hour_prefix(feed: FeedId, created: Timestamp) -> String {
    let FeedId { tenant_id, content_type } = feed;
    let utc = created.to_zoned(TimeZone::UTC);
    let (day, hour) = (utc.date(), utc.hour());
    format!("tenant={tenant_id}/content_type={content_type}/day={day}/hour={hour:02}")
}

/// The folder, below the archive's prefix, for malformed bodies of what `feed` published on the UTC day of `created`.
#[must_use]
pub fn malformed_prefix(feed: FeedId, created: Timestamp) -> String {
    let FeedId { tenant_id, content_type } = feed;
    let day = created.to_zoned(TimeZone::UTC).date();
    format!("malformed/tenant={tenant_id}/content_type={content_type}/day={day}")
}

/// The start of the UTC hour of `instant`.
#[must_use]
pub fn hour_of(instant: Timestamp) -> Timestamp {
    const HOUR: i64 = 3_600;
    Timestamp::from_second(instant.as_second().div_euclid(HOUR) * HOUR).unwrap_or(instant)
}

/// The complete result of listing one window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    pub window: Window,
    /// A set, because Microsoft may list a content on more than one page.
    pub digests: BTreeSet<ContentDigest>,
    /// The start of each UTC hour in which one of the contents was created: their objects are archived under these hours.
    /// They may lie outside the window, because Microsoft does not always keep to its bounds.
    pub hours: BTreeSet<Timestamp>,
    /// When the last page was read.
    pub listed_at: Timestamp,
}
