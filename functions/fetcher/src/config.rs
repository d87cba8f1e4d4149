//! The fetcher's environment.

use audit_feed::quota::QuotaPolicy;
use lambda_shell::{BadEnvironment, Environment, MetricsLog};
use management_api::{ClientSettings, RootOverrides};

/// What the fetcher needs to know.
pub(crate) struct Config {
    pub(crate) tenant_secret_prefix: String,
    pub(crate) state_table: String,
    pub(crate) fetch_queue_url: String,
    pub(crate) archive_bucket: String,
    pub(crate) archive_prefix: String,
    pub(crate) client: ClientSettings,
    pub(crate) quota: QuotaPolicy,
    pub(crate) metrics: MetricsLog,
    pub(crate) path_style: bool,
}

impl Config {
    pub(crate) fn read(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, BadEnvironment> {
        let mut environment = Environment::new(lookup);
        let (management_api, token_authority) = environment.root_urls();
        let (archive_bucket, archive_prefix) = environment.archive();
        let config = Self {
            tenant_secret_prefix: environment.or("TENANT_SECRET_PREFIX", "m365/"),
            state_table: environment.required("STATE_TABLE", "m365-audit-state"),
            fetch_queue_url: environment.queue_url("FETCH_QUEUE_URL"),
            archive_bucket,
            archive_prefix,
            client: ClientSettings {
                overrides: RootOverrides { management_api, token_authority },
                ..ClientSettings::default()
            },
            quota: QuotaPolicy::under(environment.number("REQUESTS_PER_MINUTE", 60..=1_000_000, 2_000)),
            metrics: environment.metrics(),
            path_style: environment.has_local_aws(),
        };
        environment.finish(config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_every_problem_at_once() {
        let bad = Config::read(|name| match name {
            "ARCHIVE_PREFIX" => Some("/m365/".into()),
            "TOKEN_AUTHORITY_URL" => Some("login".into()),
            "RUST_LOG" => Some("=,=".into()),
            _ => None,
        });
        let problems = bad.err().map(|bad| bad.problems).unwrap_or_default();
        let named: Vec<&str> = problems.iter().filter_map(|problem| problem.split(' ').next()).collect();
        assert_eq!(
            named,
            ["TOKEN_AUTHORITY_URL", "ARCHIVE_BUCKET", "ARCHIVE_PREFIX", "STATE_TABLE", "FETCH_QUEUE_URL", "RUST_LOG"]
        );
    }
}
