//! Checks that a loss was one: what the lost contents held, and whether a loss was recorded too early.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use collector::feed::FeedId;
use collector::loss::{Loss, LossReason};
use collector::message::ContentMessage;
use collector::plan::PlanPolicy;
use collector::ports::{Freshness, ManagementApi, Tenants};
use collector::window::Window;
use futures::{TryStreamExt, pin_mut};
use jiff::{SignedDuration, Timestamp};
use management_api::{Client, ClientSettings, RootOverrides};
use serde_json::value::RawValue;
use testkit::{FixedJitter, ManualClock, StateHistory};

use crate::profile::RECHECK_AGES_MINUTES;
use crate::simulation::Simulation;

/// By content id.
pub(crate) type RecordsByContent = BTreeMap<String, HashSet<Vec<u8>>>;

impl Simulation {
    fn message_for_lost_content(&self, loss: &Loss) -> Option<ContentMessage> {
        self.deployment.sent.message_for(loss.content_digest()?)
    }

    pub(crate) async fn lost_content_records(&self, losses: &[Loss]) -> RecordsByContent {
        let gone = losses.iter().filter(|loss| matches!(loss.reason, LossReason::ContentGone | LossReason::Malformed));
        self.read(gone.filter_map(|loss| self.message_for_lost_content(loss)).collect()).await
    }

    /// The records of all contents that were queued for windows that were not rechecked.
    pub(crate) async fn listed_records(&self, feed: FeedId, losses: &[Loss]) -> HashSet<Vec<u8>> {
        let mut messages = self.deployment.sent.messages_of(feed);
        messages.retain(|message| {
            let inside = |loss: &Loss| loss.from <= message.window_start && message.window_end <= loss.to;
            losses.iter().any(|loss| loss.reason == LossReason::Unchecked && inside(loss))
        });
        self.read(messages).await.into_values().flatten().collect()
    }

    /// Asks the simulator, with its clock set back to a time at which the contents had not expired.
    async fn read(&self, messages: Vec<ContentMessage>) -> RecordsByContent {
        let mut contents = RecordsByContent::new();
        if messages.is_empty() {
            return contents;
        }
        let before_expiry = self.started_at - SignedDuration::from_hours(240);
        let (clock, now) = (ManualClock::at(before_expiry), self.deployment.time.now());
        let url = self.deployment.url.clone();
        let overrides = RootOverrides { management_api: Some(url.clone()), token_authority: Some(url) };
        let settings = ClientSettings { overrides, read_timeout: Duration::from_secs(20), ..ClientSettings::default() };
        let client = Client::new(settings, clock, FixedJitter(0.0)).unwrap();
        let tenant = self.deployment.tenants.one("m365/customer", Freshness::Fresh).await.unwrap();
        self.microsoft.set_now(before_expiry);
        for message in messages {
            let blob = client.open(&tenant, &message.content_uri).await.unwrap();
            pin_mut!(blob);
            let mut bytes = Vec::new();
            while let Some(chunk) = blob.try_next().await.unwrap() {
                bytes.extend_from_slice(&chunk);
            }
            let records: Vec<Box<RawValue>> = serde_json::from_slice(&bytes).unwrap();
            let records = records.iter().map(|record| record.get().as_bytes().to_vec()).collect();
            contents.insert(message.content_id, records);
        }
        self.microsoft.set_now(now);
        contents
    }

    /// Why the loss should not have been recorded at `recorded_at`; `None` if it was a loss by then.
    pub(crate) fn why_premature(
        &self,
        history: &StateHistory,
        feed: FeedId,
        loss: &Loss,
        recorded_at: Timestamp,
    ) -> Option<String> {
        let skew = SignedDuration::from_mins(self.deployment.profile.max_skew_minutes);
        let retention_edge =
            recorded_at - PlanPolicy::RETENTION + PlanPolicy::RETENTION_MARGIN + SignedDuration::from_mins(1) + skew;
        // The first listing without faults may still find windows beyond the retention edge. It comes late if the subscription
        // must be started first: then it is left to the second poll, and before that the queue is emptied.
        let first_poll_done =
            self.faults_stopped_at.get().saturating_add(SignedDuration::from_hours(3)).unwrap_or(Timestamp::MAX);
        match loss.reason {
            LossReason::RetentionExpired if recorded_at > first_poll_done => {
                Some("nothing prevented the listing".to_owned())
            }
            LossReason::RetentionExpired
                if loss.from > retention_edge || loss.to > retention_edge + Window::LONGEST =>
            {
                Some("the retention had not ended".to_owned())
            }
            LossReason::Unchecked => self.why_recheckable(history, feed, loss, recorded_at, skew),
            LossReason::ContentGone | LossReason::Malformed if loss.from <= retention_edge => None,
            LossReason::ContentGone | LossReason::Malformed => match self.message_for_lost_content(loss) {
                None => Some("no listing named this content".to_owned()),
                Some(message) if message.content_expiration > recorded_at + skew => {
                    Some(format!("it expires at {}", message.content_expiration))
                }
                Some(_) => None,
            },
            LossReason::RetentionExpired | LossReason::SubscriptionDisabled => None,
            LossReason::MalformedEntry => Some("no entry was malformed".to_owned()),
        }
    }

    /// Why a window of the loss could still have been rechecked, or had been; `None` if none could.
    fn why_recheckable(
        &self,
        history: &StateHistory,
        feed: FeedId,
        loss: &Loss,
        recorded_at: Timestamp,
        skew: SignedDuration,
    ) -> Option<String> {
        let completed_reconciles = self.deployment.completed_reconciles.borrow();
        let inside = |window: &Window| loss.from <= window.start() && window.end() <= loss.to;
        let mut windows =
            history.committed_at.iter().filter(|((of, window), _)| *of == feed && inside(window)).peekable();
        if windows.peek().is_none() {
            return Some("it contains no window".to_owned());
        }
        windows.find_map(|((_, window), committed_at)| {
            let listable_until = PlanPolicy::listable_until(*window);
            if recorded_at + skew < listable_until {
                return Some(format!("window {window} could still be listed"));
            }
            // The last recheck is due at the last age, or four hours before the window can no longer be listed. A
            // reconciler that had nothing left to do in this feed after that instant has made it.
            let last_age =
                *committed_at + SignedDuration::from_mins(RECHECK_AGES_MINUTES[RECHECK_AGES_MINUTES.len() - 1]);
            let last_recheck_due = last_age.min(listable_until - SignedDuration::from_hours(4)) + skew * 2;
            let last_recheck_due = last_recheck_due.max(*committed_at);
            // A run reaches a window within its time, nine minutes.
            let covers_last_recheck = |(at, feeds): &&(Timestamp, Vec<FeedId>)| {
                let ended_before = *at + SignedDuration::from_mins(10) + skew * 2;
                last_recheck_due < *at && ended_before < listable_until && feeds.contains(&feed)
            };
            let (at, _) = completed_reconciles.iter().find(covers_last_recheck)?;
            Some(format!("window {window}, committed at {committed_at}, was rechecked at {at}"))
        })
    }
}
