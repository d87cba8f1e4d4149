//! Compares every record that was published in one feed with the archive and with the reported losses.

use std::collections::HashSet;

use collector::feed::FeedId;
use collector::loss::{Loss, LossReason};
use collector::window::Window;
use jiff::{SignedDuration, Timestamp};
use management_api_simulator::Published;
use testkit::ArchivedRecords;

use crate::check_result::CheckResult;
use crate::loss_checker::RecordsByContent;
use crate::simulation::Simulation;

pub(crate) struct FeedObservations {
    pub(crate) feed: FeedId,
    pub(crate) first_window_start: Timestamp,
    /// When the first window was recorded. Content that a disabled subscription withheld before then is not a loss.
    pub(crate) polled_since: Timestamp,
    pub(crate) losses: Vec<Loss>,
    /// Windows that were replaced by their first halves.
    pub(crate) halved: Vec<Window>,
    /// The records of contents that are reported as lost.
    pub(crate) lost_contents: RecordsByContent,
    /// Records that a listing named, in windows that were not rechecked. A loss of late content does not excuse these.
    pub(crate) listed: HashSet<Vec<u8>>,
    /// The number of objects that hold each record.
    pub(crate) archived: ArchivedRecords,
}

impl CheckResult {
    pub(crate) fn check_feed(&mut self, simulation: &Simulation, mut observed: FeedObservations) {
        let slices = simulation.microsoft.published(simulation.tenant_id).remove(observed.feed.content_type.as_str());
        let slices = slices.unwrap_or_default();
        for slice in &slices {
            let in_range = slice.created >= observed.first_window_start;
            for record in slice.content.iter() {
                let copies = if slice.obtainable { observed.archived.take_all(record.as_ref()) } else { 0 };
                if copies > 1 {
                    self.count_duplicate(simulation, &observed, slice);
                }
                let reported = observed.lost_contents.values().any(|records| records.contains(record.as_ref()));
                self.figures.reported_lost_but_archived += u64::from(reported && copies > 0);
                if !in_range {
                    continue;
                }
                if slice.obtainable {
                    self.figures.published += 1;
                    self.figures.archived += copies.min(1);
                    if copies == 0 {
                        self.count_missing(&observed, slice, record.as_ref(), reported);
                    }
                } else if observed.polled_since <= slice.created {
                    self.count_lost_to_disabled_subscription(simulation, &observed, slice);
                }
            }
        }
        let never_published: u64 = observed.archived.left();
        if never_published > 0 {
            self.figures.never_published += never_published;
            self.problems.push(format!("{}: {never_published} records were never published", observed.feed));
        }
    }

    fn count_missing(&mut self, observed: &FeedObservations, slice: &Published, record: &[u8], reported_by_id: bool) {
        let covered_by = |loss: &Loss| match loss.reason {
            LossReason::RetentionExpired => covers(loss, slice.created),
            LossReason::Unchecked => covers(loss, slice.created) && !observed.listed.contains(record),
            LossReason::SubscriptionDisabled
            | LossReason::MalformedEntry
            | LossReason::ContentGone
            | LossReason::Malformed => false,
        };
        if reported_by_id || observed.losses.iter().any(covered_by) {
            self.figures.lost_and_reported += 1;
        } else {
            self.figures.lost_unreported += 1;
            let (created, visible) = (slice.created, slice.visible_at);
            self.problems.push(format!("{}: a record of {created}, visible at {visible}, is missing", observed.feed));
        }
    }

    /// The bounds of such a gap come from the collector's clock, which may be wrong at both ends.
    fn count_lost_to_disabled_subscription(
        &mut self,
        simulation: &Simulation,
        observed: &FeedObservations,
        slice: &Published,
    ) {
        let tolerance = SignedDuration::from_mins(2 * simulation.deployment.profile.max_skew_minutes);
        let reasons = [LossReason::RetentionExpired, LossReason::SubscriptionDisabled];
        let covers = |loss: &Loss| {
            reasons.contains(&loss.reason)
                && loss.from - tolerance <= slice.created
                && slice.created < loss.to + tolerance
        };
        if observed.losses.iter().any(covers) {
            self.figures.lost_to_disabled_subscription_and_reported += 1;
        } else {
            self.figures.lost_to_disabled_subscription_unreported += 1;
            let (feed, created) = (observed.feed, slice.created);
            self.problems
                .push(format!("{feed}: the loss of a record of {created} to a disabled subscription is not reported"));
        }
    }

    /// A content holds the part of an aggregate that lies in the requested window. Overlapping or moved bounds therefore
    /// put one record into two contents. Three causes excuse that: a window that was halved, a feed that had to start
    /// again at the retention edge, and a clock ahead of Microsoft's, which lists a window before its end.
    fn count_duplicate(&mut self, simulation: &Simulation, observed: &FeedObservations, slice: &Published) {
        let expired = observed.losses.iter().any(|loss| loss.reason == LossReason::RetentionExpired);
        let is_halved =
            observed.halved.iter().any(|window| window.start() <= slice.created && slice.created < window.end());
        if is_halved || expired || simulation.deployment.profile.max_skew_minutes > 0 {
            self.figures.duplicated_by_unstable_bounds += 1;
        } else {
            self.figures.duplicated_records += 1;
            self.problems.push(format!("{}: a record of {} is in two objects", observed.feed, slice.created));
        }
    }
}

fn covers(loss: &Loss, created: Timestamp) -> bool {
    loss.from <= created && created < loss.to
}
