//! A tenant, with the application that reads its audit log.

use std::fmt;

use jiff::Timestamp;
use serde_json::json;
use uuid::Uuid;

use crate::{CONTENT_TYPES, SECRET_PREFIX};

/// A tenant and the one application registered in it.
#[derive(Debug, Clone)]
pub struct Tenant {
    pub id: Uuid,
    pub client_id: String,
    /// The client secrets of the application; any that has not expired is accepted.
    pub secrets: Vec<Secret>,
    /// The application permissions with admin consent. A token keeps those of the time it was issued.
    pub roles: Vec<Role>,
    /// Determines which scope the token endpoint accepts.
    pub cloud: Cloud,
    /// Whether unified auditing is on. If off, the API responds that the tenant does not exist.
    pub auditing: bool,
    /// Content types whose subscription has always been on.
    pub subscriptions: Vec<String>,
}

impl Tenant {
    /// A tenant of the worldwide cloud with one secret, every permission, and no subscriptions.
    pub fn new(id: Uuid, client_id: impl Into<String>, client_secret: impl Into<String>) -> Self {
        Tenant {
            id,
            client_id: client_id.into(),
            secrets: vec![Secret::new(client_secret)],
            roles: vec![Role::Read, Role::ReadDlp],
            cloud: Cloud::Enterprise,
            auditing: true,
            subscriptions: Vec::new(),
        }
    }

    /// The `number`th example tenant, with its own client id and secret: number 1 is
    /// `00000001-0000-4000-8000-000000000000`.
    pub fn example(number: u32) -> Self {
        let id = Uuid::from_fields(number, 0, 0x4000, &[0x80, 0, 0, 0, 0, 0, 0, 0]);
        let client_id = Uuid::from_fields(number, 0xc11e, 0x4000, &[0x80, 0, 0, 0, 0, 0, 0, 0]);
        Tenant::new(id, client_id.to_string(), format!("{SECRET_PREFIX}{number}"))
    }

    /// All five subscriptions have always been on.
    pub fn subscribed(self) -> Self {
        self.subscribed_to(&CONTENT_TYPES)
    }

    /// Exactly these subscriptions have always been on.
    pub fn subscribed_to(mut self, content_types: &[&str]) -> Self {
        self.subscriptions = content_types.iter().map(|&name| name.to_owned()).collect();
        self
    }

    /// Replaces the permissions.
    pub fn with_roles(mut self, roles: impl Into<Vec<Role>>) -> Self {
        self.roles = roles.into();
        self
    }

    pub fn in_cloud(mut self, cloud: Cloud) -> Self {
        self.cloud = cloud;
        self
    }

    /// The credentials that an administrator would store for a collector: `{"tenant_id", "client_id", "client_secret",
    /// "cloud"}`, with the first secret.
    pub fn credentials_json(&self) -> String {
        json!({
            "tenant_id": self.id,
            "client_id": self.client_id,
            "client_secret": self.secrets.first().map(|secret| secret.value.as_str()),
            "cloud": self.cloud.name(),
        })
        .to_string()
    }
}

/// A client secret. Its `Debug` output does not contain the value.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    pub value: String,
    /// From then on it is rejected with AADSTS7000222; `None` is never.
    pub expires: Option<Timestamp>,
}

impl Secret {
    /// A secret that does not expire.
    pub fn new(value: impl Into<String>) -> Self {
        Secret { value: value.into(), expires: None }
    }

    /// The same secret, valid until `at`.
    pub fn expiring(mut self, at: Timestamp) -> Self {
        self.expires = Some(at);
        self
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secret").field("expires", &self.expires).finish_non_exhaustive()
    }
}

/// An application permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// `ActivityFeed.Read`: required for every request.
    Read,
    /// `ActivityFeed.ReadDlp`: required in addition for `DLP.All`.
    ReadDlp,
}

/// One of Microsoft's clouds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cloud {
    /// Worldwide.
    Enterprise,
    /// Government community cloud; also accepts the worldwide scope.
    Gcc,
    /// Government community cloud, high.
    GccHigh,
    /// Department of Defense.
    Dod,
}

impl Cloud {
    pub(crate) const ALL: [Cloud; 4] = [Cloud::Enterprise, Cloud::Gcc, Cloud::GccHigh, Cloud::Dod];

    /// `enterprise`, `gcc`, `gcc-high` or `dod`.
    pub fn name(self) -> &'static str {
        match self {
            Cloud::Enterprise => "enterprise",
            Cloud::Gcc => "gcc",
            Cloud::GccHigh => "gcc-high",
            Cloud::Dod => "dod",
        }
    }

    /// The resources whose `/.default` scope this cloud grants.
    pub(crate) fn resources(self) -> &'static [&'static str] {
        match self {
            Cloud::Enterprise => &["https://manage.office.com"],
            Cloud::Gcc => &["https://manage-gcc.office.com", "https://manage.office.com"],
            Cloud::GccHigh => &["https://manage.office365.us"],
            Cloud::Dod => &["https://manage.protection.apps.mil"],
        }
    }
}
