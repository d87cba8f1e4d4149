//! One feed: every record that was published, against what is archived and what was told.

use std::collections::{HashMap, HashSet};

use collector::feed::FeedId;
use collector::loss::{Loss, LossReason};
use jiff::{SignedDuration, Timestamp};
use management_api_simulator::Published;

use crate::checker::Judgement;
use crate::loss_checker::LostContents;
use crate::simulation::Life;

/// What one feed has to show.
pub(crate) struct Evidence {
    pub(crate) feed: FeedId,
    /// The start of its first window.
    pub(crate) begun: Timestamp,
    /// When that was recorded: what a subscription hid before, nobody waited for.
    pub(crate) polled_since: Timestamp,
    pub(crate) losses: Vec<Loss>,
    pub(crate) gone: LostContents,
    /// Records that some listing named, of windows that were not listed again: these are not what came late.
    pub(crate) listed: HashSet<Vec<u8>>,
    /// Records, and in how many objects each is.
    pub(crate) archived: HashMap<Vec<u8>, u64>,
}

impl Judgement {
    /// Weighs every record that was published against what the archive holds and what was told.
    pub(crate) fn weigh(&mut self, life: &Life, mut evidence: Evidence) {
        let slices = life.microsoft.published(life.customer).remove(evidence.feed.content_type.as_str());
        let slices = slices.unwrap_or_default();
        for slice in &slices {
            let known = slice.created >= evidence.begun;
            for record in slice.content.iter() {
                let times = if slice.obtainable { evidence.archived.remove(record.as_ref()).unwrap_or(0) } else { 0 };
                if times > 1 {
                    self.count_duplicate(life, &evidence, slice);
                }
                let told = evidence.gone.values().any(|records| records.contains(record.as_ref()));
                self.figures.reported_but_archived += u64::from(told && times > 0);
                if !known {
                    continue;
                }
                if slice.obtainable {
                    self.figures.published += 1;
                    self.figures.archived += times.min(1);
                    if times == 0 {
                        self.count_missing(&evidence, slice, record.as_ref(), told);
                    }
                } else if evidence.polled_since <= slice.created {
                    self.count_hidden(life, &evidence, slice);
                }
            }
        }
        let surplus: u64 = evidence.archived.values().sum();
        if surplus > 0 {
            self.figures.surplus += surplus;
            self.problems.push(format!("{}: {surplus} records were never published", evidence.feed));
        }
    }

    fn count_missing(&mut self, evidence: &Evidence, slice: &Published, record: &[u8], told: bool) {
        let is_told = |loss: &Loss| match loss.reason {
            LossReason::RetentionExpired => covers(loss, slice.created),
            LossReason::NotRechecked => covers(loss, slice.created) && !evidence.listed.contains(record),
            LossReason::SubscriptionDisabled | LossReason::MalformedEntry | LossReason::ContentGone => false,
        };
        if told || evidence.losses.iter().any(is_told) {
            self.figures.lost_and_reported += 1;
        } else {
            self.figures.lost_unreported += 1;
            let (created, visible) = (slice.created, slice.visible_at);
            self.problems.push(format!("{}: a record of {created}, visible at {visible}, is missing", evidence.feed));
        }
    }

    /// The bounds of such a gap are told by the collector's clock.
    fn count_hidden(&mut self, life: &Life, evidence: &Evidence, slice: &Published) {
        let slack = SignedDuration::from_mins(2 * life.collector.shape.skew);
        let reasons = [LossReason::RetentionExpired, LossReason::SubscriptionDisabled];
        let covers = |loss: &Loss| {
            reasons.contains(&loss.reason) && loss.from - slack <= slice.created && slice.created < loss.to + slack
        };
        if evidence.losses.iter().any(covers) {
            self.figures.hidden_and_reported += 1;
        } else {
            self.figures.hidden_unreported += 1;
            let (feed, created) = (evidence.feed, slice.created);
            self.problems.push(format!("{feed}: nobody was told that the subscription hid a record of {created}"));
        }
    }

    /// Windows cut what Microsoft aggregates: at the edge where the collector had to begin anew, and where a clock ahead
    /// of Microsoft's asked for a window that was not over yet.
    fn count_duplicate(&mut self, life: &Life, evidence: &Evidence, slice: &Published) {
        let fell_off = evidence.losses.iter().any(|loss| loss.reason == LossReason::RetentionExpired);
        if fell_off || life.collector.shape.skew > 0 {
            self.figures.duplicated_by_unstable_bounds += 1;
        } else {
            self.figures.duplicated_records += 1;
            self.problems.push(format!("{}: a record of {} is in two objects", evidence.feed, slice.created));
        }
    }
}

fn covers(loss: &Loss, created: Timestamp) -> bool {
    loss.from <= created && created < loss.to
}
