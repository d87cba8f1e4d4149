//! The recheck of one window.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::rc::Rc;

use futures::{StreamExt, pin_mut};
use jiff::Timestamp;

use super::completeness::{day_of, day_reports};
use super::feed::FeedReconcile;
use super::{LateContent, Reconcile};
use crate::content::{Content, ContentDigest};
use crate::failure::Failure;
use crate::loss::{Loss, LossReason};
use crate::message::ContentMessage;
use crate::plan::PlanPolicy;
use crate::ports::{ArchiveIndex, Clock, Losses, MalformedBodies, ManagementApi, Ports, Queue, Windows};
use crate::window::Window;
use crate::window_record::WindowRecord;

impl<P: Ports> Reconcile<P> {
    /// Rechecks the next window. When none is left, writes the reports of the days concerned; also before the first one, if
    /// an earlier run was cut short before its reports.
    pub(super) async fn recheck_next(&self, feed: &mut FeedReconcile<'_>) {
        match feed.next() {
            None => {
                if let Err(failure) = self.store_reports(feed).await {
                    feed.report.error.get_or_insert(failure);
                }
            }
            Some(index) => match self.recheck_window(feed, index).await {
                Ok(()) => feed.note_success(),
                Err(failure) => {
                    feed.note_failure(failure, self.clock.now());
                    if feed.is_given_up() {
                        // What was found so far is reported all the same; what fails here too, the next run repeats.
                        let _ = self.store_reports(feed).await;
                    }
                }
            },
        }
        feed.report.windows_open = feed.windows_open();
        feed.report.more_to_do = !feed.is_finished() && !feed.is_given_up();
    }

    /// Lists the window again while that is possible, queues what is new or has no object, and records what was found.
    async fn recheck_window(&self, feed: &mut FeedReconcile<'_>, index: usize) -> Result<(), Failure> {
        let now = self.clock.now();
        let mut record = feed.windows[index].clone();
        let window = record.window;
        // Microsoft decides by its own clock whether it still lists the window.
        let microsoft_now = now + self.management_api.clock_offset();
        let listable = microsoft_now <= PlanPolicy::listable_until(window);
        let listed = if listable { self.list_again(feed, window).await? } else { BTreeMap::new() };

        let late: BTreeSet<ContentDigest> =
            listed.keys().copied().filter(|digest| !record.digests.contains(digest)).collect();
        record.digests.extend(&late);
        record.hours.extend(listed.values().map(Content::hour));
        let archived = self.archived(feed, &record).await?;
        let open: Vec<ContentDigest> = record
            .digests
            .iter()
            .copied()
            .filter(|digest| !archived.contains(digest) && !feed.lost_contents.contains(digest))
            .collect();
        let messages: Vec<ContentMessage> = open
            .iter()
            .filter_map(|digest| listed.get(digest))
            .map(|content| ContentMessage::new(&feed.tenant.secret_id, feed.id, window, content.clone()))
            .collect();
        self.queue.send(&messages).await?;

        let id_of = |digest: &ContentDigest| match (listed.get(digest), record.missing.get(digest)) {
            (Some(content), _) => content.id.clone(),
            (None, Some(id)) => id.clone(),
            (None, None) => digest.placeholder_id(),
        };
        let missing: BTreeMap<ContentDigest, String> = open.iter().map(|digest| (*digest, id_of(digest))).collect();
        let late_contents = late.iter().filter_map(|digest| listed.get(digest));
        let late_contents: Vec<LateContent> =
            late_contents.map(|content| LateContent::new(content, &record, now)).collect();
        let missing_before = missing.keys().filter(|digest| !late.contains(digest)).count() as u64;
        record.late += late.len() as u64;
        let is_lost = |digest: &&ContentDigest| feed.lost_contents.contains(digest) && !archived.contains(digest);
        record.lost = record.digests.iter().filter(is_lost).count() as u64;
        record.missing = missing;
        // What can no longer be listed may still be on its way: it is fetched until it expires.
        if now >= window.end() + PlanPolicy::RETENTION {
            self.give_up_missing(feed, &mut record).await?;
        }
        record.checked_at = Some(now);
        if listable {
            record.relisted_at = record.checked_at;
        }
        record.settled_at = record.missing.is_empty().then_some(now);
        self.windows.update_window(feed.id, &record).await?;
        // Counted once it is on record: until then the next run finds it again.
        feed.report.late.extend(late_contents);
        feed.report.missing += missing_before;
        feed.windows[index] = record;
        feed.stale_days.insert(day_of(window.start()));
        feed.report.windows_checked += 1;
        Ok(())
    }

    /// What the window is found to hold now. Entries that name nothing are losses, as they were in the poller.
    async fn list_again(
        &self,
        feed: &mut FeedReconcile<'_>,
        window: Window,
    ) -> Result<BTreeMap<ContentDigest, Content>, Failure> {
        let mut contents = BTreeMap::new();
        let mut malformed = Vec::new();
        let tenant = Rc::clone(&feed.tenant);
        let pages = self.management_api.list(&tenant, feed.id.content_type, window);
        pin_mut!(pages);
        while let Some(page) = pages.next().await {
            let page = page.map_err(|failure| failure.context(format_args!("window {window}")))?;
            contents.extend(page.contents.into_iter().map(|content| (content.digest(), content)));
            malformed.extend(page.malformed);
        }
        for entry in malformed {
            let reason = LossReason::MalformedEntry;
            let loss =
                Loss { from: window.start(), to: window.end(), reason, content: Some(entry), objects: Vec::new() };
            if !feed.losses.contains(&loss) {
                self.lose(feed, loss).await?;
            }
        }
        Ok(contents)
    }

    /// What the archive holds of the hours under which the window's contents are archived.
    async fn archived(
        &self,
        feed: &mut FeedReconcile<'_>,
        record: &WindowRecord,
    ) -> Result<HashSet<ContentDigest>, Failure> {
        let mut archived = HashSet::new();
        for hour in record.hours.iter().copied() {
            if !feed.hours.contains_key(&hour) {
                let names = self.archive.archived(feed.id, hour).await?;
                feed.hours.insert(hour, names);
            }
            archived.extend(feed.hours.get(&hour).into_iter().flatten().copied());
        }
        Ok(archived)
    }

    /// What has expired and has no object will never have one.
    async fn give_up_missing(&self, feed: &mut FeedReconcile<'_>, record: &mut WindowRecord) -> Result<(), Failure> {
        let days: BTreeSet<Timestamp> = record.hours.iter().map(|hour| day_of(*hour)).collect();
        for (digest, content) in std::mem::take(&mut record.missing) {
            let mut malformed = Vec::new();
            for day in &days {
                malformed.extend(self.archive.malformed(feed.id, digest, *day).await?);
            }
            let window = (record.window.start(), record.window.end());
            self.lose(feed, Loss::of_content(window, content, malformed)).await?;
            record.lost += 1;
        }
        Ok(())
    }

    async fn lose(&self, feed: &mut FeedReconcile<'_>, loss: Loss) -> Result<(), Failure> {
        self.losses.record_loss(feed.id, &loss).await?;
        feed.lost_contents.extend(loss.content_digest());
        feed.losses.push(loss.clone());
        feed.report.lost.push(loss);
        Ok(())
    }

    /// Writes the reports of the days concerned. Those that cannot be stored are left to the next run.
    pub(super) async fn store_reports(&self, feed: &mut FeedReconcile<'_>) -> Result<(), Failure> {
        let days = std::mem::take(&mut feed.stale_days);
        let now = self.clock.now();
        let mut stored = Ok(());
        for report in day_reports(feed.id, &feed.windows, &feed.losses, &days, now) {
            let json = serde_json::to_vec(&report).unwrap_or_default();
            stored = stored.and(self.archive.store_report(&report.key(), json).await);
        }
        feed.reports_failed |= stored.is_err();
        stored?;
        if !feed.reports_failed {
            feed.progress.reported_at = Some(now);
            self.windows.save_progress(feed.id, feed.progress).await?;
        }
        Ok(())
    }
}
