//! Settings that several functions share.

use lambda_support::{Environment, MetricsLog};
use url::Url;

/// The settings that every function has.
#[derive(Debug, Clone)]
pub struct Common {
    pub tenant_secret_prefix: String,
    pub state_table: String,
    pub fetch_queue_url: String,
    /// Microsoft's limit for one tenant.
    pub requests_per_minute: u32,
    /// Replaces Microsoft's root of every cloud, for local runs.
    pub management_api: Option<Url>,
    /// Replaces Microsoft's token authority of every cloud, for local runs.
    pub token_authority: Option<Url>,
    pub metrics: MetricsLog,
    /// S3 is a local replacement that supports path-style addresses only.
    pub path_style: bool,
}

impl Common {
    pub(super) fn read<L: Fn(&str) -> Option<String>>(environment: &mut Environment<L>) -> Self {
        Self {
            tenant_secret_prefix: environment.or("TENANT_SECRET_PREFIX", "m365/"),
            state_table: environment.required("STATE_TABLE", "m365-audit-state"),
            fetch_queue_url: environment.queue_url("FETCH_QUEUE_URL"),
            requests_per_minute: environment.number("REQUESTS_PER_MINUTE", 60..=1_000_000, 2_000),
            management_api: environment.root_url("MANAGEMENT_API_URL"),
            token_authority: environment.root_url("TOKEN_AUTHORITY_URL"),
            metrics: MetricsLog::new(environment.optional("STACK_NAME")),
            path_style: ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"]
                .iter()
                .any(|name| environment.optional(name).is_some()),
        }
    }
}

/// Where the objects are stored.
#[derive(Debug, Clone)]
pub struct ArchiveLocation {
    pub bucket: String,
    pub prefix: String,
}

impl ArchiveLocation {
    pub(super) fn read<L: Fn(&str) -> Option<String>>(environment: &mut Environment<L>) -> Self {
        let bucket = environment.required("ARCHIVE_BUCKET", "contoso-m365-audit");
        let is_allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-');
        if !bucket.is_empty() && !(3..=63).contains(&bucket.len()) || !bucket.chars().all(is_allowed) {
            environment.problem("ARCHIVE_BUCKET", "is not a valid bucket name", "contoso-m365-audit");
        }
        let prefix = environment.or("ARCHIVE_PREFIX", "m365");
        if prefix.starts_with('/') || prefix.ends_with('/') || prefix.contains("//") {
            environment.problem(
                "ARCHIVE_PREFIX",
                "must not begin or end with a slash, or contain two in a row",
                "m365",
            );
        }
        Self { bucket, prefix }
    }
}
