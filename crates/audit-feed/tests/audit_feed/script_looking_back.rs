//! The ports of the one who looks back, following a script.

use std::collections::HashSet;

use audit_feed::content::ContentDigest;
use audit_feed::failure::Failure;
use audit_feed::feed::FeedId;
use audit_feed::loss::KeptLoss;
use audit_feed::ports::{ArchiveIndex, DeadLetters, LookBackProgress, WindowLog};
use audit_feed::window_record::WindowRecord;
use jiff::Timestamp;

use crate::script::{Act, Event, Scripted, wait};

impl<S: WindowLog, F: Fn(Event<'_>) -> Act> WindowLog for Scripted<S, F> {
    async fn windows(&self, feed: FeedId, since: Timestamp) -> Result<Vec<WindowRecord>, Failure> {
        wait((self.script)(Event::Windows(feed))).await?;
        self.port.windows(feed, since).await
    }

    async fn keep_window(&self, feed: FeedId, record: &WindowRecord) -> Result<(), Failure> {
        wait((self.script)(Event::KeepWindow)).await?;
        self.port.keep_window(feed, record).await
    }

    async fn losses(&self, feed: FeedId) -> Result<Vec<KeptLoss>, Failure> {
        wait((self.script)(Event::Losses)).await?;
        self.port.losses(feed).await
    }

    async fn progress(&self, feed: FeedId) -> Result<LookBackProgress, Failure> {
        wait((self.script)(Event::Progress)).await?;
        self.port.progress(feed).await
    }

    async fn keep_progress(&self, feed: FeedId, progress: LookBackProgress) -> Result<(), Failure> {
        wait((self.script)(Event::KeepProgress)).await?;
        self.port.keep_progress(feed, progress).await
    }
}

impl<A: ArchiveIndex, F: Fn(Event<'_>) -> Act> ArchiveIndex for Scripted<A, F> {
    async fn archived(&self, feed: FeedId, hour: Timestamp) -> Result<HashSet<ContentDigest>, Failure> {
        wait((self.script)(Event::Archived)).await?;
        self.port.archived(feed, hour).await
    }

    async fn store_report(&self, key: &str, json: Vec<u8>) -> Result<(), Failure> {
        wait((self.script)(Event::StoreReport)).await?;
        self.port.store_report(key, json).await
    }
}

impl<L: DeadLetters, F: Fn(Event<'_>) -> Act> DeadLetters for Scripted<L, F> {
    type Receipt = L::Receipt;

    async fn receive(&self) -> Result<Vec<(L::Receipt, String)>, Failure> {
        wait((self.script)(Event::Receive)).await?;
        self.port.receive().await
    }

    async fn remove(&self, receipt: L::Receipt) -> Result<(), Failure> {
        wait((self.script)(Event::Remove)).await?;
        self.port.remove(receipt).await
    }
}
