//! The poller's environment.

use collector::plan::PlanPolicy;
use collector::poll::PollPolicy;
use collector::scheduler::RunLimits;
use jiff::SignedDuration;
use lambda_support::{Common, Environment, InvalidEnvironment};
use management_api::ClientSettings;

/// What the poller needs to know.
pub(crate) struct Config {
    pub(crate) common: Common,
    pub(crate) client: ClientSettings,
    pub(crate) policy: PollPolicy,
}

impl Config {
    pub(crate) fn read(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, InvalidEnvironment> {
        let mut environment = Environment::new(lookup);
        let common = environment.common();
        let config = Self {
            client: ClientSettings::with_roots(common.management_api.clone(), common.token_authority.clone()),
            policy: PollPolicy {
                plan: PlanPolicy::with_backfill_hours(environment.number("BACKFILL_HOURS", 0..=168, 168)),
                limits: RunLimits { concurrency: 16, stop_before: SignedDuration::from_secs(15) },
            },
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
            "BACKFILL_HOURS" => Some("200".into()),
            "MANAGEMENT_API_URL" => Some("http://manage.example.com".into()),
            _ => None,
        });
        let problems = bad.err().map(|bad| bad.problems).unwrap_or_default();
        let named: Vec<&str> = problems.iter().filter_map(|problem| problem.split(' ').next()).collect();
        assert_eq!(named, ["STATE_TABLE", "FETCH_QUEUE_URL", "MANAGEMENT_API_URL", "BACKFILL_HOURS"]);
    }

    #[test]
    fn needs_the_table_and_the_queue_only() {
        let config = Config::read(|name| match name {
            "STATE_TABLE" => Some("state".into()),
            "FETCH_QUEUE_URL" => Some("http://127.0.0.1:4566/000000000000/fetch".into()),
            _ => None,
        });
        let config = config.map_err(|bad| bad.problems).expect("a complete environment");
        assert_eq!(config.common.tenant_secret_prefix, "m365/");
        assert_eq!(config.policy.plan.backfill, SignedDuration::from_hours(168));
        assert_eq!(config.client.overrides.management_api, None);
    }
}
