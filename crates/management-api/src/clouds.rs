//! The addresses of each cloud, and the rule which of them may receive a token.

use collector::failure::{Failure, FailureKind};
use collector::tenant::{Cloud, Tenant};
use url::Url;

/// Replaces the roots of every cloud, so that the collector can run against a simulator.
#[derive(Debug, Clone, Default)]
pub struct RootOverrides {
    /// The API's root (`MANAGEMENT_API_URL`).
    pub management_api: Option<Url>,
    /// The token authority (`TOKEN_AUTHORITY_URL`).
    pub token_authority: Option<Url>,
}

/// The addresses of one tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints {
    root: String,
    feed: String,
    /// The token endpoint.
    pub token: String,
    /// The scope of the tokens.
    pub scope: String,
}

impl Endpoints {
    #[must_use]
    pub fn of(tenant: &Tenant, overrides: &RootOverrides) -> Self {
        let (root, authority, scope) = cloud_endpoints(tenant.cloud);
        let root = overrides.management_api.as_ref().map_or(root, Url::as_str).trim_end_matches('/');
        let authority = overrides.token_authority.as_ref().map_or(authority, Url::as_str).trim_end_matches('/');
        Self {
            feed: format!("{root}/api/v1.0/{}/activity/feed", tenant.id),
            root: root.to_owned(),
            token: format!("{authority}/{}/oauth2/v2.0/token", tenant.id),
            scope: tenant.token_scope.clone().unwrap_or_else(|| scope.to_owned()),
        }
    }

    /// The address of an operation such as `subscriptions/list`. `query` must be URL-encoded; it may be empty.
    #[must_use]
    pub fn operation(&self, operation: &str, query: &str) -> String {
        let separator = if query.is_empty() { "" } else { "?" };
        format!("{}/{operation}{separator}{query}", self.feed)
    }

    /// The address of a content blob, for entries of a listing that lack a usable one.
    #[must_use]
    pub fn blob(&self, content_id: &str) -> Option<Url> {
        let mut address = Url::parse(&self.feed).ok()?;
        address.path_segments_mut().ok()?.extend(["audit", content_id]);
        Some(address)
    }

    /// Parses `address` and checks that the bearer token may be sent there. Addresses come from listings and queue
    /// messages; a forged one must not get to see the token.
    ///
    /// # Errors
    /// [`FailureKind::InvalidMessage`] for any origin other than that of the tenant's API root.
    pub fn require_same_origin(&self, address: &str) -> Result<Url, Failure> {
        let root_origin = Url::parse(&self.root).ok().map(|root| root.origin());
        match Url::parse(address) {
            Ok(url) if Some(url.origin()) == root_origin => Ok(url),
            Ok(_) | Err(_) => {
                let problem = format!(
                    "{address} is not on {}, the only origin that may receive this tenant's token; nothing was sent",
                    self.root
                );
                Err(Failure::new(FailureKind::InvalidMessage, problem))
            }
        }
    }
}

/// API root, token authority and scope, from Microsoft's reference.
fn cloud_endpoints(cloud: Cloud) -> (&'static str, &'static str, &'static str) {
    match cloud {
        Cloud::Enterprise => {
            ("https://manage.office.com", "https://login.microsoftonline.com", "https://manage.office.com/.default")
        }
        Cloud::Gcc => {
            ("https://manage-gcc.office.com", "https://login.microsoftonline.com", "https://manage.office.com/.default")
        }
        Cloud::GccHigh => {
            ("https://manage.office365.us", "https://login.microsoftonline.us", "https://manage.office365.us/.default")
        }
        Cloud::Dod => (
            "https://manage.protection.apps.mil",
            "https://login.microsoftonline.us",
            "https://manage.protection.apps.mil/.default",
        ),
    }
}
