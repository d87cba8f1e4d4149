//! Feeds: one content type of one tenant is one feed.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// An Entra tenant's GUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TenantId(pub Uuid);

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.hyphenated())
    }
}

/// The five content types of the Office 365 Management Activity API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ContentType {
    /// Entra sign-ins and directory changes.
    #[serde(rename = "Audit.AzureActiveDirectory")]
    AzureActiveDirectory,
    /// Mailboxes and Exchange administration.
    #[serde(rename = "Audit.Exchange")]
    Exchange,
    /// SharePoint and OneDrive.
    #[serde(rename = "Audit.SharePoint")]
    SharePoint,
    /// Every workload without its own content type: Teams, Defender, Power BI and others.
    #[serde(rename = "Audit.General")]
    General,
    /// Data-loss-prevention matches.
    #[serde(rename = "DLP.All")]
    Dlp,
}

impl ContentType {
    /// Also the default of a tenant whose secret does not set `content_types`.
    pub const ALL: [Self; 5] = [Self::AzureActiveDirectory, Self::Exchange, Self::SharePoint, Self::General, Self::Dlp];

    /// Microsoft's name for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AzureActiveDirectory => "Audit.AzureActiveDirectory",
            Self::Exchange => "Audit.Exchange",
            Self::SharePoint => "Audit.SharePoint",
            Self::General => "Audit.General",
            Self::Dlp => "DLP.All",
        }
    }
}

impl fmt::Display for ContentType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a content type; it must be one of Audit.AzureActiveDirectory, Audit.Exchange, Audit.SharePoint, \
     Audit.General, DLP.All"
)]
pub struct UnknownContentType(String);

impl FromStr for ContentType {
    type Err = UnknownContentType;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|known| known.as_str() == name).ok_or_else(|| UnknownContentType(name.to_owned()))
    }
}

/// One content type of one tenant. Each feed has its own cursor and subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FeedId {
    pub tenant_id: TenantId,
    pub content_type: ContentType,
}

impl fmt::Display for FeedId {
    /// `{tenant_id}#{content_type}`, the partition key of the state table.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.tenant_id, self.content_type)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a feed in the form {{tenant_id}}#{{content_type}}")]
pub struct InvalidFeedId(String);

impl FromStr for FeedId {
    type Err = InvalidFeedId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parse = || {
            let (tenant_id, content_type) = text.split_once('#')?;
            Some(Self { tenant_id: TenantId(tenant_id.parse().ok()?), content_type: content_type.parse().ok()? })
        };
        parse().ok_or_else(|| InvalidFeedId(text.to_owned()))
    }
}
