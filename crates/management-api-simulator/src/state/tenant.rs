//! A customer of Microsoft, with the application that reads its audit log.

use std::fmt;

use jiff::Timestamp;
use serde_json::json;
use uuid::Uuid;

use crate::{CONTENT_TYPES, SECRET_PREFIX};

/// A tenant and the one application registered in it.
#[derive(Debug, Clone)]
pub struct Tenant {
    /// The tenant's GUID.
    pub id: Uuid,
    /// The application's client id.
    pub client_id: String,
    /// The application's secrets: any that has not expired is accepted.
    pub secrets: Vec<Secret>,
    /// The application permissions with admin consent. A token carries those of the instant it was issued.
    pub roles: Vec<Role>,
    /// Which cloud's scope the token endpoint accepts.
    pub cloud: Cloud,
    /// Whether unified auditing is on; off, the API claims that the tenant does not exist.
    pub auditing: bool,
    /// Content types whose subscription has always been on.
    pub subscriptions: Vec<String>,
}

impl Tenant {
    /// A tenant of the worldwide cloud with one secret and every permission, without subscriptions.
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

    /// The `number`th example tenant: number 1 is `00000001-0000-4000-8000-000000000000`, with a client id and a secret
    /// of its own.
    pub fn example(number: u32) -> Self {
        let id = Uuid::from_fields(number, 0, 0x4000, &[0x80, 0, 0, 0, 0, 0, 0, 0]);
        let client_id = Uuid::from_fields(number, 0xc11e, 0x4000, &[0x80, 0, 0, 0, 0, 0, 0, 0]);
        Tenant::new(id, client_id.to_string(), format!("{SECRET_PREFIX}{number}"))
    }

    /// With all five subscriptions on since ever.
    pub fn subscribed(self) -> Self {
        self.subscribed_to(&CONTENT_TYPES)
    }

    /// With these subscriptions on since ever.
    pub fn subscribed_to(mut self, content_types: &[&str]) -> Self {
        self.subscriptions = content_types.iter().map(|&name| name.to_owned()).collect();
        self
    }

    /// With exactly these permissions.
    pub fn with_roles(mut self, roles: impl Into<Vec<Role>>) -> Self {
        self.roles = roles.into();
        self
    }

    /// In another cloud.
    pub fn in_cloud(mut self, cloud: Cloud) -> Self {
        self.cloud = cloud;
        self
    }

    /// What an administrator of this tenant would hand to a collector:
    /// `{"tenant_id", "client_id", "client_secret", "cloud"}`, with the first secret.
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

/// A client secret. Its `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    /// The secret itself.
    pub value: String,
    /// From when on it is answered with AADSTS7000222; `None`: never.
    pub expires: Option<Timestamp>,
}

impl Secret {
    /// A secret that does not expire.
    pub fn new(value: impl Into<String>) -> Self {
        Secret { value: value.into(), expires: None }
    }

    /// The same secret, good until `at`.
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
    /// `ActivityFeed.Read`: needed for every call.
    Read,
    /// `ActivityFeed.ReadDlp`: needed besides for `DLP.All`.
    ReadDlp,
}

/// One of Microsoft's clouds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cloud {
    /// Worldwide.
    Enterprise,
    /// Government community cloud; accepts the worldwide scope as well.
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
