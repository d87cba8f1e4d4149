//! The figures that a campaign prints.

use std::collections::BTreeMap;
use std::fmt;

/// By name.
pub(crate) type Counts = BTreeMap<&'static str, u64>;

/// Of one seed, or the sum over many.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct CampaignFigures {
    pub(crate) seeds: u64,
    pub(crate) simulated_hours: u64,
    pub(crate) polls: u64,
    pub(crate) deliveries: u64,
    pub(crate) reconciler_runs: u64,
    pub(crate) windows: u64,
    pub(crate) windows_halved: u64,
    pub(crate) windows_passed_over: u64,
    pub(crate) published: u64,
    pub(crate) archived: u64,
    pub(crate) lost_and_reported: u64,
    pub(crate) lost_unreported: u64,
    pub(crate) lost_to_disabled_subscription_and_reported: u64,
    pub(crate) lost_to_disabled_subscription_unreported: u64,
    pub(crate) reported_lost_but_archived: u64,
    pub(crate) objects: u64,
    pub(crate) overwrites: u64,
    pub(crate) changed_objects: u64,
    pub(crate) duplicated_objects: u64,
    pub(crate) duplicated_records: u64,
    pub(crate) duplicated_by_unstable_bounds: u64,
    pub(crate) never_published: u64,
    pub(crate) losses: Counts,
    pub(crate) injected: Counts,
}

impl CampaignFigures {
    pub(crate) fn add(&mut self, other: &Self) {
        for ((_, sum), (_, count)) in self.rows_mut().into_iter().zip(other.rows()) {
            *sum += count;
        }
        for (sums, counts) in [(&mut self.losses, &other.losses), (&mut self.injected, &other.injected)] {
            for (name, count) in counts {
                *sums.entry(name).or_default() += count;
            }
        }
    }

    fn rows(&self) -> Vec<(&'static str, u64)> {
        self.clone().rows_mut().into_iter().map(|(name, count)| (name, *count)).collect()
    }

    fn rows_mut(&mut self) -> [(&'static str, &mut u64); 22] {
        [
            ("seeds run", &mut self.seeds),
            ("simulated hours", &mut self.simulated_hours),
            ("polls", &mut self.polls),
            ("message deliveries to the fetcher", &mut self.deliveries),
            ("reconciler runs", &mut self.reconciler_runs),
            ("windows listed", &mut self.windows),
            ("recorded windows halved", &mut self.windows_halved),
            ("windows passed over", &mut self.windows_passed_over),
            ("records published", &mut self.published),
            ("records archived", &mut self.archived),
            ("records lost and reported", &mut self.lost_and_reported),
            ("records LOST AND NOT REPORTED", &mut self.lost_unreported),
            (
                "records lost to a disabled subscription and reported",
                &mut self.lost_to_disabled_subscription_and_reported,
            ),
            (
                "records lost to a disabled subscription and NOT REPORTED",
                &mut self.lost_to_disabled_subscription_unreported,
            ),
            ("records reported as lost, but archived", &mut self.reported_lost_but_archived),
            ("objects stored", &mut self.objects),
            ("object overwrites", &mut self.overwrites),
            ("object overwrites with OTHER BYTES", &mut self.changed_objects),
            ("contents stored in TWO OBJECTS", &mut self.duplicated_objects),
            ("records in TWO OBJECTS, unexplained", &mut self.duplicated_records),
            (
                "records in two objects, from windows halved, cut at the retention edge, or by a fast clock",
                &mut self.duplicated_by_unstable_bounds,
            ),
            ("archived records that were NEVER PUBLISHED", &mut self.never_published),
        ]
    }
}

impl fmt::Display for CampaignFigures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, count) in self.rows() {
            writeln!(f, "{count:>10}  {name}")?;
        }
        writeln!(f, "\n{:>10}  losses reported, of which", self.losses.values().sum::<u64>())?;
        for (name, count) in &self.losses {
            writeln!(f, "{count:>10}    {name}")?;
        }
        writeln!(f, "\n{:>10}  faults injected, of which", self.injected.values().sum::<u64>())?;
        for (name, count) in &self.injected {
            writeln!(f, "{count:>10}    {name}")?;
        }
        Ok(())
    }
}
