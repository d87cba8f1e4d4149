//! What the archive holds, hour by hour.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use jiff::Timestamp;

use crate::content::ContentDigest;
use crate::failure::Failure;
use crate::feed::FeedId;
use crate::ports::ArchiveIndex;

type Hour = (FeedId, Timestamp);

/// The hours that were listed in a run, so that each is listed once.
#[derive(Default)]
pub(super) struct ArchivedHours(RefCell<HashMap<Hour, Rc<HashSet<ContentDigest>>>>);

impl ArchivedHours {
    /// Bounds the memory: a feed needs the two or three hours around its window. When there are more, all are forgotten.
    const MOST_HOURS: usize = 128;

    /// Whether the content has an object in one of these hours.
    pub(super) async fn contain(
        &self,
        archive: &impl ArchiveIndex,
        feed: FeedId,
        hours: impl IntoIterator<Item = &Timestamp>,
        digest: ContentDigest,
    ) -> Result<bool, Failure> {
        for hour in hours {
            if self.listed(archive, (feed, *hour)).await?.contains(&digest) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn listed(&self, archive: &impl ArchiveIndex, hour: Hour) -> Result<Rc<HashSet<ContentDigest>>, Failure> {
        if let Some(listed) = self.0.borrow().get(&hour) {
            return Ok(Rc::clone(listed));
        }
        let listed = Rc::new(archive.archived(hour.0, hour.1).await?);
        let mut hours = self.0.borrow_mut();
        if hours.len() == Self::MOST_HOURS {
            hours.clear();
        }
        hours.insert(hour, Rc::clone(&listed));
        Ok(listed)
    }
}
