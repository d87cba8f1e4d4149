//! The ports of the one who looks back, following a script.

use std::collections::HashSet;

use collector::content::ContentDigest;
use collector::failure::Failure;
use collector::feed::FeedId;
use collector::loss::LossRecord;
use collector::ports::{ArchiveIndex, DeadLetters, ReconcileProgress, WindowLog};
use collector::window_record::WindowRecord;
use jiff::Timestamp;

use crate::scripted_ports::{Act, Event, Scripted, wait};

impl<S: WindowLog, F: Fn(Event<'_>) -> Act> WindowLog for Scripted<S, F> {
    async fn windows(&self, feed: FeedId, since: Timestamp) -> Result<Vec<WindowRecord>, Failure> {
        wait((self.script)(Event::Windows(feed))).await?;
        self.port.windows(feed, since).await
    }

    async fn update_window(&self, feed: FeedId, record: &WindowRecord) -> Result<(), Failure> {
        wait((self.script)(Event::UpdateWindow)).await?;
        self.port.update_window(feed, record).await
    }

    async fn losses(&self, feed: FeedId) -> Result<Vec<LossRecord>, Failure> {
        wait((self.script)(Event::Losses)).await?;
        self.port.losses(feed).await
    }

    async fn progress(&self, feed: FeedId) -> Result<ReconcileProgress, Failure> {
        wait((self.script)(Event::Progress)).await?;
        self.port.progress(feed).await
    }

    async fn save_progress(&self, feed: FeedId, progress: ReconcileProgress) -> Result<(), Failure> {
        wait((self.script)(Event::SaveProgress)).await?;
        self.port.save_progress(feed, progress).await
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
