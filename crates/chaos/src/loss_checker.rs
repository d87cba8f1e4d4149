//! What a content held that is reported lost: asked of Microsoft, at a time when it still was there.

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
use testkit::{FixedJitter, ManualClock};

use crate::invocations::AGES_MINUTES;
use crate::simulation::Life;

/// Records by the content that is reported lost with them.
pub(crate) type LostContents = BTreeMap<String, HashSet<Vec<u8>>>;

impl Life {
    /// The message of the content that a loss names, by its id or, where nobody knew the id any more, by its digest.
    pub(crate) fn content_of(&self, loss: &Loss) -> Option<ContentMessage> {
        self.collector.sqs.content(loss.content_digest()?)
    }

    pub(crate) async fn lost_contents(&self, losses: &[Loss]) -> LostContents {
        let gone = losses.iter().filter(|loss| loss.reason == LossReason::ContentGone);
        self.read(gone.filter_map(|loss| self.content_of(loss)).collect()).await
    }

    /// The records of all contents that were queued of windows that were not listed again.
    pub(crate) async fn listed_records(&self, feed: FeedId, losses: &[Loss]) -> HashSet<Vec<u8>> {
        let mut messages = self.collector.sqs.contents(feed);
        messages.retain(|message| {
            let inside = |loss: &Loss| loss.from <= message.window_start && message.window_end <= loss.to;
            losses.iter().any(|loss| loss.reason == LossReason::NotRechecked && inside(loss))
        });
        self.read(messages).await.into_values().flatten().collect()
    }

    /// What the contents held, by their ids.
    async fn read(&self, messages: Vec<ContentMessage>) -> LostContents {
        let mut contents = LostContents::new();
        if messages.is_empty() {
            return contents;
        }
        let before = self.began - SignedDuration::from_hours(240);
        let (clock, now) = (ManualClock::at(before), self.collector.time.now());
        let url = self.collector.url.clone();
        let overrides = RootOverrides { management_api: Some(url.clone()), token_authority: Some(url) };
        let settings = ClientSettings { overrides, read_timeout: Duration::from_secs(20), ..ClientSettings::default() };
        let client = Client::new(settings, clock, FixedJitter(0.0)).unwrap();
        let tenant = self.collector.tenants.one("m365/customer", Freshness::Fresh).await.unwrap();
        self.microsoft.set_now(before);
        for message in messages {
            let blob = client.open(&tenant, &message.content_uri).await.unwrap();
            pin_mut!(blob);
            let mut bytes = Vec::new();
            while let Some(more) = blob.try_next().await.unwrap() {
                bytes.extend_from_slice(&more);
            }
            let records: Vec<Box<RawValue>> = serde_json::from_slice(&bytes).unwrap();
            let records = records.iter().map(|record| record.get().as_bytes().to_vec()).collect();
            contents.insert(message.content_id, records);
        }
        self.microsoft.set_now(now);
        contents
    }

    /// Why a loss that was kept at `reported_at` should not have been, if so.
    pub(crate) fn premature(&self, feed: FeedId, loss: &Loss, reported_at: Timestamp) -> Option<String> {
        let skew = SignedDuration::from_mins(self.collector.shape.skew);
        let edge =
            reported_at - PlanPolicy::RETENTION + PlanPolicy::RETENTION_MARGIN + SignedDuration::from_mins(1) + skew;
        // The first poll in peace may still find something over the edge.
        let life_goes_on = self.peace.get().saturating_add(SignedDuration::from_mins(20)).unwrap_or(Timestamp::MAX);
        match loss.reason {
            LossReason::RetentionExpired if reported_at > life_goes_on => {
                Some("nothing kept the feed from being listed".to_owned())
            }
            LossReason::RetentionExpired if loss.from > edge || loss.to > edge + Window::LONGEST => {
                Some("the edge was not there yet".to_owned())
            }
            LossReason::NotRechecked => self.needless(feed, loss, reported_at, skew),
            LossReason::ContentGone if loss.from <= edge => None,
            LossReason::ContentGone => match self.content_of(loss) {
                None => Some("nobody listed this content".to_owned()),
                Some(message) if message.content_expiration > reported_at + skew => {
                    Some(format!("it expires at {}", message.content_expiration))
                }
                Some(_) => None,
            },
            LossReason::RetentionExpired | LossReason::SubscriptionDisabled => None,
            LossReason::MalformedEntry => Some("every entry was usable".to_owned()),
        }
    }

    /// Why a window of the span could still have been listed again, or had been, if so.
    fn needless(&self, feed: FeedId, loss: &Loss, reported_at: Timestamp, skew: SignedDuration) -> Option<String> {
        let (listed, looks) = (self.collector.table.listed.borrow(), self.collector.looks.borrow());
        let inside = |window: &Window| loss.from <= window.start() && window.end() <= loss.to;
        let mut windows = listed.iter().filter(|((of, window), _)| *of == feed && inside(window)).peekable();
        if windows.peek().is_none() {
            return Some("no window was there".to_owned());
        }
        windows.find_map(|((_, window), listed_at)| {
            let edge = PlanPolicy::listable_until(*window);
            if reported_at + skew < edge {
                return Some(format!("window {window} could be listed"));
            }
            // Four hours before the edge at the latest all looks have been taken by whoever had nothing left to do.
            let last_age = *listed_at + SignedDuration::from_mins(AGES_MINUTES[AGES_MINUTES.len() - 1]);
            let all_taken = last_age.min(edge - SignedDuration::from_hours(4)) + skew * 2;
            let whole = |(at, feeds): &&(Timestamp, Vec<FeedId>)| {
                all_taken < *at && *at < edge - skew * 2 && feeds.contains(&feed)
            };
            let (at, _) = looks.iter().find(whole)?;
            Some(format!("window {window}, listed at {listed_at}, was listed again at {at}"))
        })
    }
}
