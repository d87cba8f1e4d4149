//! One feed looked at again, window by window.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::rc::Rc;

use futures::{StreamExt, pin_mut};
use jiff::{SignedDuration, Timestamp};

use super::completeness::{day_of, day_reports, days_of};
use super::{LateContent, Reconcile};
use crate::content::{Content, ContentDigest};
use crate::failure::Failure;
use crate::feed::FeedId;
use crate::loss::{KeptLoss, Loss, LossReason};
use crate::message::ContentMessage;
use crate::plan::PlanPolicy;
use crate::ports::{ArchiveIndex, Clock, DeadLetters, ManagementApi, Queue, State, Tenants, WindowLog};
use crate::tenant::Tenant;
use crate::window::Window;
use crate::window_record::{LookingBack, WindowRecord};

/// What is still to be looked at of one feed in this run, and what was found so far.
pub(super) struct FeedAudit {
    /// Where its report stands.
    pub(super) place: usize,
    tenant: Rc<Tenant>,
    pub(super) feed: FeedId,
    pub(super) windows: Vec<WindowRecord>,
    losses: Vec<Loss>,
    /// Places in `windows`.
    due: VecDeque<usize>,
    /// The days whose report is out of date.
    stale_days: BTreeSet<Timestamp>,
    /// What the archive holds, by hour: windows of one hour share one listing.
    hours: HashMap<Timestamp, HashSet<ContentDigest>>,
    pub(super) found: Found,
}

/// What is known of a feed at the start of a run.
pub(super) struct History {
    /// The beginning of the first day of which all windows are here.
    pub(super) since: Timestamp,
    pub(super) windows: Vec<WindowRecord>,
    pub(super) losses: Vec<KeptLoss>,
}

/// What a run found in one feed.
#[derive(Default)]
pub(super) struct Found {
    pub(super) windows_checked: u64,
    pub(super) late: Vec<LateContent>,
    pub(super) missing: u64,
    pub(super) lost: Vec<Loss>,
}

impl FeedAudit {
    pub(super) fn new(
        place: usize,
        tenant: Rc<Tenant>,
        feed: FeedId,
        history: History,
        now: Timestamp,
        looking_back: &LookingBack,
    ) -> Self {
        /// The one who noticed a loss is at work for that long at most, and then has told or never will.
        const TELLING: SignedDuration = SignedDuration::from_mins(15);
        /// What changed so lately may not stand in a report yet: the run that saw it may have been cut short.
        const LATELY: SignedDuration = SignedDuration::from_hours(3);
        let History { since, windows, losses } = history;
        let due = (0..windows.len()).filter(|place| looking_back.is_due(&windows[*place], now)).collect();
        let untold = losses.iter().filter(|kept| !kept.told && kept.noticed_at + TELLING <= now);
        let lost: Vec<Loss> = untold.map(|kept| kept.loss.clone()).collect();
        let lately_lost = losses.iter().filter(|kept| !kept.told || kept.noticed_at + LATELY > now);
        let lately_seen = windows.iter().filter(|record| record.looked_at.is_some_and(|at| at + LATELY > now));
        let stale_days = lately_lost
            .flat_map(|kept| days_of(kept.loss.from, kept.loss.to))
            .chain(lately_seen.map(|record| day_of(record.window.start())))
            .filter(|day| *day >= since)
            .collect();
        let found = Found { lost, ..Found::default() };
        let (losses, hours) = (losses.into_iter().map(|kept| kept.loss).collect(), HashMap::new());
        Self { place, tenant, feed, windows, losses, due, stale_days, hours, found }
    }

    pub(super) fn is_finished(&self) -> bool {
        self.due.is_empty() && self.stale_days.is_empty()
    }
}

impl<T, M, S, Q, A, L, C> Reconcile<T, M, S, Q, A, L, C>
where
    T: Tenants,
    M: ManagementApi,
    S: State + WindowLog,
    Q: Queue,
    A: ArchiveIndex,
    L: DeadLetters,
    C: Clock,
{
    /// Lists the window again while that is possible, queues what is new or has no object, and keeps what was found.
    /// When no window is left, writes the reports of the days concerned.
    pub(super) async fn look_at_next_window(&self, audit: &mut FeedAudit) -> Result<(), Failure> {
        let Some(place) = audit.due.pop_front() else { return self.store_reports(audit).await };
        let now = self.clock.now();
        let mut record = audit.windows[place].clone();
        let window = record.window;
        let listable = window.start() >= now - PlanPolicy::REACH + PlanPolicy::EDGE_MARGIN;
        let listed = if listable { self.list_again(audit, window).await? } else { BTreeMap::new() };

        let late: BTreeSet<ContentDigest> =
            listed.keys().copied().filter(|digest| !record.digests.contains(digest)).collect();
        let archived = self.archived(audit, window).await?;
        let known_lost: HashSet<ContentDigest> = audit.losses.iter().filter_map(lost_content).collect();
        record.digests.extend(&late);
        let open: Vec<ContentDigest> = record
            .digests
            .iter()
            .copied()
            .filter(|digest| !archived.contains(digest) && !known_lost.contains(digest))
            .collect();
        let messages: Vec<ContentMessage> = open
            .iter()
            .filter_map(|digest| listed.get(digest))
            .map(|content| ContentMessage::new(&audit.tenant.secret_id, audit.feed, window, content.clone()))
            .collect();
        self.queue.send(&messages).await?;

        let id_of = |digest: &ContentDigest| match (listed.get(digest), record.missing.get(digest)) {
            (Some(content), _) => content.id.clone(),
            (None, Some(id)) => id.clone(),
            (None, None) => format!("{NAMELESS}{digest}"),
        };
        let missing: BTreeMap<ContentDigest, String> = open.iter().map(|digest| (*digest, id_of(digest))).collect();
        let late_contents = late.iter().filter_map(|digest| listed.get(digest));
        let late_contents: Vec<LateContent> =
            late_contents.map(|content| LateContent::new(content, &record, now)).collect();
        let missing_before = missing.keys().filter(|digest| !late.contains(digest)).count() as u64;
        record.late += late.len() as u64;
        let is_lost = |digest: &&ContentDigest| known_lost.contains(digest) && !archived.contains(digest);
        record.lost = record.digests.iter().filter(is_lost).count() as u64;
        record.missing = missing;
        // What can no longer be listed may still be on its way: it is fetched until it expires.
        if now >= window.end() + PlanPolicy::REACH {
            self.give_up_missing(audit, &mut record).await?;
        }
        record.looked_at = Some(now);
        record.settled_at = record.missing.is_empty().then_some(now);
        self.state.keep_window(audit.feed, &record).await?;
        // Counted once it is on record: until then the next run finds it again.
        audit.found.late.extend(late_contents);
        audit.found.missing += missing_before;
        audit.windows[place] = record;
        audit.stale_days.insert(day_of(window.start()));
        audit.found.windows_checked += 1;
        Ok(())
    }

    /// What the window is found to hold now. Entries that name nothing are losses, as they were in the poller.
    async fn list_again(
        &self,
        audit: &mut FeedAudit,
        window: Window,
    ) -> Result<BTreeMap<ContentDigest, Content>, Failure> {
        let mut contents = BTreeMap::new();
        let mut unusable = Vec::new();
        let tenant = Rc::clone(&audit.tenant);
        let pages = self.management_api.list(&tenant, audit.feed.content_type, window);
        pin_mut!(pages);
        while let Some(page) = pages.next().await {
            let page = page.map_err(|failure| failure.during(format_args!("window {window}")))?;
            contents.extend(page.contents.into_iter().map(|content| (content.digest(), content)));
            unusable.extend(page.unusable);
        }
        for entry in unusable {
            let reason = LossReason::UnusableEntry;
            let loss = Loss { from: window.start(), to: window.end(), reason, content: Some(entry) };
            if !audit.losses.contains(&loss) {
                self.lose(audit, loss).await?;
            }
        }
        Ok(contents)
    }

    /// What the archive holds of the hours that the window touches.
    async fn archived(&self, audit: &mut FeedAudit, window: Window) -> Result<HashSet<ContentDigest>, Failure> {
        let mut archived = HashSet::new();
        for hour in hours_of(window) {
            if !audit.hours.contains_key(&hour) {
                let names = self.archive.archived(audit.feed, hour).await?;
                audit.hours.insert(hour, names);
            }
            archived.extend(audit.hours.get(&hour).into_iter().flatten().copied());
        }
        Ok(archived)
    }

    /// What can no longer be listed and has no object will never have one.
    async fn give_up_missing(&self, audit: &mut FeedAudit, record: &mut WindowRecord) -> Result<(), Failure> {
        for content in std::mem::take(&mut record.missing).into_values() {
            let (from, to) = (record.window.start(), record.window.end());
            let loss = Loss { from, to, reason: LossReason::ContentGone, content: Some(content) };
            self.lose(audit, loss).await?;
            record.lost += 1;
        }
        Ok(())
    }

    async fn lose(&self, audit: &mut FeedAudit, loss: Loss) -> Result<(), Failure> {
        self.state.keep_loss(audit.feed, &loss).await?;
        audit.losses.push(loss.clone());
        audit.found.lost.push(loss);
        Ok(())
    }

    pub(super) async fn store_reports(&self, audit: &mut FeedAudit) -> Result<(), Failure> {
        for report in day_reports(audit.feed, &audit.windows, &audit.losses, &audit.stale_days, self.clock.now()) {
            let json = serde_json::to_vec(&report).unwrap_or_default();
            self.archive.store_report(&report.key(), json).await?;
        }
        audit.stale_days.clear();
        Ok(())
    }
}

/// What stands before the digest of a lost content whose id nobody knows any more.
const NAMELESS: &str = "digest ";

fn lost_content(loss: &Loss) -> Option<ContentDigest> {
    let name = loss.content.as_deref()?;
    let nameless = name.strip_prefix(NAMELESS).and_then(|digest| digest.parse().ok());
    Some(nameless.unwrap_or_else(|| ContentDigest::of(name)))
}

fn hours_of(window: Window) -> impl Iterator<Item = Timestamp> {
    const HOUR: i64 = 3_600;
    let first = window.start().as_second().div_euclid(HOUR);
    let last = (window.end().as_second() - 1).div_euclid(HOUR);
    (first..=last).filter_map(|hour| Timestamp::from_second(hour * HOUR).ok())
}
