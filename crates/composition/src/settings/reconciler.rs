//! The reconciler's settings.

use collector::reconcile::ReconcilePolicy;
use collector::scheduler::RunLimits;
use jiff::SignedDuration;
use lambda_support::Environment;

use super::{ArchiveLocation, Common};

/// The default ages in minutes. Each costs a listing of every window. At the first, a fetcher has had time to archive what
/// the poller found, and most of what is published late is there; the next two find what is late by an hour or by an incident
/// of a day; after the last one, Microsoft lists a window for less than a day.
pub const RECHECK_AGES: [i64; 4] = [15, 180, 1_440, 8_640];

#[derive(Debug, Clone)]
pub struct ReconcilerSettings {
    pub common: Common,
    pub archive: ArchiveLocation,
    pub dead_letter_queue_url: Option<String>,
    pub policy: ReconcilePolicy,
}

impl ReconcilerSettings {
    pub fn read<L: Fn(&str) -> Option<String>>(environment: &mut Environment<L>) -> Self {
        Self {
            common: Common::read(environment),
            archive: ArchiveLocation::read(environment),
            dead_letter_queue_url: environment.optional_queue_url("DEAD_LETTER_QUEUE_URL"),
            policy: ReconcilePolicy {
                ages: environment.minutes("RECONCILE_AGES_MINUTES", &RECHECK_AGES.map(|age| age.to_string()).join(",")),
                limits: RunLimits { concurrency: 32, stop_before: SignedDuration::from_secs(30) },
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use lambda_support::InvalidEnvironment;

    use super::*;
    use crate::settings::test::read;

    fn with_ages(ages: Option<&'static str>) -> Result<ReconcilerSettings, InvalidEnvironment> {
        read(ReconcilerSettings::read, move |name| match name {
            "STATE_TABLE" => Some("state"),
            "FETCH_QUEUE_URL" => Some("http://127.0.0.1:4566/000000000000/fetch"),
            "ARCHIVE_BUCKET" => Some("archive"),
            "RECONCILE_AGES_MINUTES" => ages,
            _ => None,
        })
    }

    fn minutes(ages: Option<&'static str>) -> Vec<i64> {
        let settings = with_ages(ages).map_err(|invalid| invalid.problems).expect("a complete environment");
        settings.policy.ages.iter().map(SignedDuration::as_mins).collect()
    }

    #[test]
    fn rechecks_at_growing_ages() {
        assert_eq!(minutes(None), [15, 180, 1_440, 8_640]);
        assert_eq!(minutes(Some("0")), [0]);
        assert_eq!(minutes(Some("5, 10")), [5, 10]);
    }

    #[test]
    fn rejects_ages_that_are_not_minutes() {
        for ages in ["soon", "10,-1", "5;10", "10081"] {
            let problems = with_ages(Some(ages)).err().map(|invalid| invalid.problems).unwrap_or_default();
            assert_eq!(problems.len(), 1, "{ages}");
            assert!(problems[0].starts_with("RECONCILE_AGES_MINUTES"), "{problems:?}");
        }
    }
}
