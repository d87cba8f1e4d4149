//! The fetcher's environment.

use collector::rate_limit::RateLimitPolicy;
use lambda_support::{Common, Environment, InvalidEnvironment};
use management_api::ClientSettings;

/// What the fetcher needs to know.
pub(crate) struct Config {
    pub(crate) common: Common,
    pub(crate) archive_bucket: String,
    pub(crate) archive_prefix: String,
    pub(crate) client: ClientSettings,
    pub(crate) rate_limit: RateLimitPolicy,
}

impl Config {
    pub(crate) fn read(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, InvalidEnvironment> {
        let mut environment = Environment::new(lookup);
        let common = environment.common();
        let (archive_bucket, archive_prefix) = environment.archive();
        let config = Self {
            archive_bucket,
            archive_prefix,
            client: ClientSettings::with_roots(common.management_api.clone(), common.token_authority.clone()),
            rate_limit: RateLimitPolicy::under(environment.number("REQUESTS_PER_MINUTE", 60..=1_000_000, 2_000)),
            common,
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
            ["STATE_TABLE", "FETCH_QUEUE_URL", "TOKEN_AUTHORITY_URL", "ARCHIVE_BUCKET", "ARCHIVE_PREFIX", "RUST_LOG"]
        );
    }
}
