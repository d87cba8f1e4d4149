//! The reconciler's environment.

use collector::reconcile::ReconcilePolicy;
use collector::scheduler::RunLimits;
use collector::window_record::RecheckSchedule;
use jiff::SignedDuration;
use lambda_support::{Common, Environment, InvalidEnvironment};
use management_api::ClientSettings;

/// What the reconciler needs to know.
pub(crate) struct Config {
    pub(crate) common: Common,
    pub(crate) dead_letter_queue_url: Option<String>,
    pub(crate) archive_bucket: String,
    pub(crate) archive_prefix: String,
    pub(crate) client: ClientSettings,
    pub(crate) policy: ReconcilePolicy,
}

impl Config {
    pub(crate) fn read(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, InvalidEnvironment> {
        let mut environment = Environment::new(lookup);
        let common = environment.common();
        let (archive_bucket, archive_prefix) = environment.archive();
        let ages = environment.minutes("RECONCILE_AGES_MINUTES", "15,60,180,720,1440,4320,8640");
        let config = Self {
            dead_letter_queue_url: environment.optional_queue_url("DEAD_LETTER_QUEUE_URL"),
            archive_bucket,
            archive_prefix,
            client: ClientSettings::with_roots(common.management_api.clone(), common.token_authority.clone()),
            policy: ReconcilePolicy {
                recheck_schedule: RecheckSchedule { ages },
                limits: RunLimits { concurrency: 16, stop_before: SignedDuration::from_secs(30) },
            },
            common,
        };
        environment.finish(config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(ages: Option<&str>) -> Result<Config, InvalidEnvironment> {
        Config::read(|name| match name {
            "STATE_TABLE" => Some("state".into()),
            "FETCH_QUEUE_URL" => Some("http://127.0.0.1:4566/000000000000/fetch".into()),
            "ARCHIVE_BUCKET" => Some("archive".into()),
            "RECONCILE_AGES_MINUTES" => ages.map(str::to_owned),
            _ => None,
        })
    }

    fn minutes(ages: Option<&str>) -> Vec<i64> {
        let config = read(ages).map_err(|bad| bad.problems).expect("a complete environment");
        config.policy.recheck_schedule.ages.iter().map(SignedDuration::as_mins).collect()
    }

    #[test]
    fn looks_back_at_growing_ages() {
        assert_eq!(minutes(None), [15, 60, 180, 720, 1_440, 4_320, 8_640]);
        assert_eq!(minutes(Some("0")), [0]);
        assert_eq!(minutes(Some("5, 10")), [5, 10]);
    }

    #[test]
    fn ages_that_are_no_minutes_are_refused() {
        for ages in ["soon", "10,-1", "5;10", "10081"] {
            let problems = read(Some(ages)).err().map(|bad| bad.problems).unwrap_or_default();
            assert_eq!(problems.len(), 1, "{ages}");
            assert!(problems[0].starts_with("RECONCILE_AGES_MINUTES"), "{problems:?}");
        }
    }
}
