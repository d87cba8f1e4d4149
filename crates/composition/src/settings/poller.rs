//! The poller's settings.

use collector::plan::PlanPolicy;
use collector::poll::PollPolicy;
use collector::scheduler::RunLimits;
use jiff::SignedDuration;
use lambda_support::Environment;

use super::Common;

#[derive(Debug, Clone)]
pub struct PollerSettings {
    pub common: Common,
    pub policy: PollPolicy,
}

impl PollerSettings {
    pub fn read<L: Fn(&str) -> Option<String>>(environment: &mut Environment<L>) -> Self {
        Self {
            common: Common::read(environment),
            policy: PollPolicy {
                plan: PlanPolicy::with_backfill_hours(environment.number("BACKFILL_HOURS", 0..=168, 168)),
                limits: RunLimits { concurrency: 32, stop_before: SignedDuration::from_secs(15) },
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::test::{named_problems, read};

    #[test]
    fn names_every_problem_at_once() {
        let problems = named_problems(read(PollerSettings::read, |name| match name {
            "BACKFILL_HOURS" => Some("200"),
            "MANAGEMENT_API_URL" => Some("http://manage.example.com"),
            _ => None,
        }));
        assert_eq!(problems, ["STATE_TABLE", "FETCH_QUEUE_URL", "MANAGEMENT_API_URL", "BACKFILL_HOURS"]);
    }

    #[test]
    fn needs_the_table_and_the_queue_only() {
        let settings = read(PollerSettings::read, |name| match name {
            "STATE_TABLE" => Some("state"),
            "FETCH_QUEUE_URL" => Some("http://127.0.0.1:4566/000000000000/fetch"),
            _ => None,
        });
        let settings = settings.map_err(|invalid| invalid.problems).expect("a complete environment");
        assert_eq!(settings.common.tenant_secret_prefix, "m365/");
        assert_eq!(settings.policy.plan.backfill, SignedDuration::from_hours(168));
        assert_eq!(settings.common.management_api, None);
    }
}
