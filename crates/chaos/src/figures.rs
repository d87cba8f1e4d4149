//! What a campaign counts.

use std::collections::BTreeMap;
use std::fmt;

/// Counts by name.
pub(crate) type Tally = BTreeMap<&'static str, u64>;

/// The figures of one seed, or of many.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Figures {
    pub(crate) seeds: u64,
    pub(crate) simulated_hours: u64,
    pub(crate) polls: u64,
    pub(crate) fetches: u64,
    pub(crate) looks_back: u64,
    pub(crate) windows: u64,
    pub(crate) published: u64,
    pub(crate) archived: u64,
    pub(crate) lost_and_reported: u64,
    pub(crate) lost_unreported: u64,
    pub(crate) hidden_and_reported: u64,
    pub(crate) hidden_unreported: u64,
    pub(crate) reported_but_archived: u64,
    pub(crate) objects: u64,
    pub(crate) rewritten: u64,
    pub(crate) altered: u64,
    pub(crate) duplicated_objects: u64,
    pub(crate) duplicated_records: u64,
    pub(crate) duplicated_by_unstable_bounds: u64,
    pub(crate) surplus: u64,
    pub(crate) losses: Tally,
    pub(crate) injected: Tally,
}

impl Figures {
    pub(crate) fn add(&mut self, other: &Self) {
        let theirs = other.rows();
        for ((_, mine), (_, their)) in self.rows_mut().into_iter().zip(theirs) {
            *mine += their;
        }
        for (sum, tally) in [(&mut self.losses, &other.losses), (&mut self.injected, &other.injected)] {
            for (name, count) in tally {
                *sum.entry(name).or_default() += count;
            }
        }
    }

    fn rows(&self) -> Vec<(&'static str, u64)> {
        self.clone().rows_mut().into_iter().map(|(name, count)| (name, *count)).collect()
    }

    fn rows_mut(&mut self) -> [(&'static str, &mut u64); 20] {
        [
            ("seeds run", &mut self.seeds),
            ("simulated hours", &mut self.simulated_hours),
            ("polls", &mut self.polls),
            ("deliveries to a fetcher", &mut self.fetches),
            ("looks back", &mut self.looks_back),
            ("windows listed", &mut self.windows),
            ("records published", &mut self.published),
            ("records archived", &mut self.archived),
            ("records lost and reported", &mut self.lost_and_reported),
            ("records LOST UNREPORTED", &mut self.lost_unreported),
            ("records hidden by a stopped subscription, reported", &mut self.hidden_and_reported),
            ("records hidden by a stopped subscription, UNREPORTED", &mut self.hidden_unreported),
            ("records reported lost that are archived", &mut self.reported_but_archived),
            ("objects", &mut self.objects),
            ("objects written again, the same bytes", &mut self.rewritten),
            ("objects written again with OTHER BYTES", &mut self.altered),
            ("DUPLICATED OBJECTS of one content", &mut self.duplicated_objects),
            ("records in TWO OBJECTS", &mut self.duplicated_records),
            (
                "records in two objects: windows cut by the 7-day edge or by a fast clock",
                &mut self.duplicated_by_unstable_bounds,
            ),
            ("records NEVER PUBLISHED", &mut self.surplus),
        ]
    }
}

impl fmt::Display for Figures {
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
