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
    /// How often something failed since something went well.
    failures_in_a_row: usize,
    /// Up to where nothing was left to do when the run began.
    looked_back_until: Option<Timestamp>,
    /// The start of the first loss that nobody may have been told of.
    first_untold: Option<Timestamp>,
    pub(super) found: Found,
}

/// What is known of a feed at the start of a run.
pub(super) struct History {
    /// Up to where nothing was left to do.
    pub(super) looked_back_until: Option<Timestamp>,
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
    /// Where that many windows fail one after the other, the feed is left to the next run.
    const MOST_FAILURES_IN_A_ROW: usize = 3;

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
        let History { looked_back_until, since, windows, losses } = history;
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
        let first_untold = losses.iter().filter(|kept| !kept.told).map(|kept| kept.loss.from).min();
        let found = Found { lost, ..Found::default() };
        let (losses, hours) = (losses.into_iter().map(|kept| kept.loss).collect(), HashMap::new());
        Self {
            place,
            tenant,
            feed,
            windows,
            losses,
            due,
            stale_days,
            hours,
            failures_in_a_row: 0,
            looked_back_until,
            first_untold,
            found,
        }
    }

    /// Whether nothing is left to do in this run.
    pub(super) fn is_finished(&self) -> bool {
        self.due.is_empty() && self.stale_days.is_empty()
    }

    /// Whether it would be in vain to go on in this run.
    pub(super) fn is_given_up(&self) -> bool {
        self.failures_in_a_row >= Self::MOST_FAILURES_IN_A_ROW
    }

    /// A window that failed waits for the next run. Its neighbours may fail as well, in every run: this one goes on
    /// elsewhere, and the next one elsewhere again, so that they hold up no other for long.
    fn note_failure(&mut self, now: Timestamp) {
        const HOUR: i64 = 3_600;
        self.failures_in_a_row += 1;
        if !self.due.is_empty() {
            let hour = now.as_second().div_euclid(HOUR).unsigned_abs() as usize;
            self.due.rotate_left(hour % self.due.len());
        }
    }

    /// Up to where nothing is left to find out and nobody left to tell.
    fn done_until(&self, looking_back: &LookingBack) -> Option<Timestamp> {
        let open = self.windows.iter().find(|record| !looking_back.is_done_with(record));
        let open = open.map(|record| record.window.start());
        let end = open.or_else(|| self.windows.last().map(|record| record.window.end()))?;
        let untold = self.found.lost.iter().map(|loss| loss.from).chain(self.first_untold);
        Some(untold.fold(end, Timestamp::min))
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
    /// Looks at the next window. When none is left, writes the reports of the days concerned and how far it got.
    pub(super) async fn go_on(&self, audit: &mut FeedAudit) -> Result<(), Failure> {
        let done = match audit.due.pop_front() {
            Some(place) => self.look_at(audit, place).await,
            None => self.close(audit).await,
        };
        match &done {
            Ok(()) => audit.failures_in_a_row = 0,
            Err(_) => audit.note_failure(self.clock.now()),
        }
        done
    }

    /// Lists the window again while that is possible, queues what is new or has no object, and keeps what was found.
    async fn look_at(&self, audit: &mut FeedAudit, place: usize) -> Result<(), Failure> {
        let now = self.clock.now();
        let mut record = audit.windows[place].clone();
        let window = record.window;
        let listable = now <= PlanPolicy::listable_until(window);
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
        if !listable && self.policy.looking_back.may_have_missed_late_content(&record) {
            self.tell_not_listed_again(audit, window).await?;
        }
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

    /// Windows that follow each other are one loss: an outage is told once, and not once a window.
    async fn tell_not_listed_again(&self, audit: &mut FeedAudit, window: Window) -> Result<(), Failure> {
        let reason = LossReason::NotListedAgain;
        let before = audit.losses.iter().find(|loss| loss.reason == reason && loss.to == window.start());
        let from = before.map_or(window.start(), |loss| loss.from);
        self.lose(audit, Loss { from, to: window.end(), reason, content: None }).await
    }

    async fn lose(&self, audit: &mut FeedAudit, loss: Loss) -> Result<(), Failure> {
        self.state.keep_loss(audit.feed, &loss).await?;
        for losses in [&mut audit.losses, &mut audit.found.lost] {
            losses.retain(|known| !known.is_same(&loss));
            losses.push(loss.clone());
        }
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

    async fn close(&self, audit: &mut FeedAudit) -> Result<(), Failure> {
        self.store_reports(audit).await?;
        match audit.done_until(&self.policy.looking_back) {
            Some(until) if audit.looked_back_until.is_none_or(|before| before < until) => {
                self.state.keep_looked_back_until(audit.feed, until).await
            }
            Some(_) | None => Ok(()),
        }
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
