//! The contents of a rechecked window: those without an object are open, and late ones are queued.

use std::collections::{BTreeMap, HashSet};

use super::feed::FeedReconcile;
use super::{LateContent, Reconcile, Run};
use crate::content::{Content, ContentDigest};
use crate::failure::Failure;
use crate::open_content::{OpenContent, OpenKey};
use crate::ports::{Clock, Losses, OpenContents, Ports, Queue, Windows};
use crate::window_record::WindowRecord;

/// By digest.
pub(super) type Contents = BTreeMap<ContentDigest, Content>;

impl<P: Ports> Reconcile<P> {
    /// A content without an object is open. The poller has queued it, so it is not queued again before long.
    pub(super) async fn compare_with_archive(
        &self,
        run: &Run,
        feed: &mut FeedReconcile<'_>,
        record: &WindowRecord,
        listed: Option<&Contents>,
    ) -> Result<(), Failure> {
        feed.note_stale(record.window);
        let mut missing = Vec::new();
        for digest in record.digests.iter().copied() {
            if !run.hours.contain(&self.archive, feed.id, &record.hours, digest).await? {
                missing.push(digest);
            }
        }
        if missing.is_empty() {
            return Ok(());
        }
        let losses = self.losses.losses(feed.id, record.window.start(), record.window.end()).await?;
        let lost: HashSet<ContentDigest> = losses.iter().filter_map(|record| record.loss.content_digest()).collect();
        // What is open already keeps its attempts.
        let before_window = Some((record.window, ContentDigest([0; ContentDigest::BYTES])));
        let known = self.open_contents.open_contents(feed.id, before_window, record.digests.len()).await?;
        let known: HashSet<OpenKey> = known.iter().map(OpenContent::key).collect();
        let is_new = |digest: &ContentDigest| !lost.contains(digest) && !known.contains(&(record.window, *digest));
        let open = missing.into_iter().filter(is_new);
        let open: Vec<OpenContent> = open
            .map(|digest| {
                OpenContent::new(
                    record,
                    digest,
                    listed.and_then(|listed| listed.get(&digest)).cloned(),
                    record.listed_at,
                )
            })
            .collect();
        self.open_contents.put_open(feed.id, &open).await
    }

    /// Queues what no earlier listing of the window had named: everything, if the poller had passed it over. It is on
    /// record as open before.
    pub(super) async fn queue_late(
        &self,
        run: &Run,
        feed: &mut FeedReconcile<'_>,
        record: &mut WindowRecord,
        mut listed: Contents,
    ) -> Result<(), Failure> {
        listed.retain(|digest, _| !record.digests.contains(digest));
        if listed.is_empty() && !record.unlisted {
            return Ok(());
        }
        let now = self.clock.now();
        let late =
            listed.values().map(|content| OpenContent::new(record, content.digest(), Some(content.clone()), now));
        self.queue_open(feed, &late.collect::<Vec<_>>()).await?;
        let not_listed_at = feed.rechecks.last_listing(record);
        record.digests.extend(listed.keys());
        record.hours.extend(listed.values().map(Content::hour));
        record.late += listed.len() as u64;
        record.unlisted = false;
        self.windows.update_window(feed.id, record).await?;
        run.late.borrow_mut().extend(listed.keys().map(|digest| (feed.id, *digest)));
        // Counted once it is on record: until then the next run finds it again.
        feed.report.note_late(listed.values().map(|content| LateContent::new(content, not_listed_at, now)));
        feed.note_stale(record.window);
        Ok(())
    }

    pub(super) async fn queue_open(&self, feed: &FeedReconcile<'_>, open: &[OpenContent]) -> Result<(), Failure> {
        self.open_contents.put_open(feed.id, open).await?;
        let messages = open.iter().filter_map(|content| content.message(&feed.tenant.secret_id, feed.id));
        self.queue.send(&messages.collect::<Vec<_>>()).await
    }
}
