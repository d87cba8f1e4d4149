//! The handle's publishing side: slices, folders of records, made-up records, and a feed that never ends.

use std::{collections::BTreeMap, io, path::Path, time::Duration};

use bytes::Bytes;
use jiff::Timestamp;
use tokio::task::AbortHandle;
use uuid::Uuid;

use crate::{
    records::{folder, generate, generate::Generate, slice::Slice},
    simulator::Simulator,
};

/// A feed that goes on: see [`Simulator::keep_publishing`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Publishing {
    /// Shapes the records.
    pub seed: u64,
    /// The real time between two rounds.
    pub every: Duration,
    /// Records in one round, over all content types.
    pub records: usize,
}

/// A feed that goes on until this is dropped.
#[derive(Debug)]
pub struct Publisher {
    task: AbortHandle,
}

impl Drop for Publisher {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Simulator {
    /// Publishes records, each a JSON object as it shall travel, made available together at `created` (which may lie in
    /// the past or in the future).
    ///
    /// Whether they can ever be fetched is decided here and now: only if the subscription is on. For a `created` in the
    /// future it is decided then. What comes into a time that was listed before stands alone, under a content id of its
    /// own: ids handed out stay what they are.
    #[track_caller]
    pub fn publish<R: Into<Bytes>>(
        &self,
        tenant: Uuid,
        content_type: &str,
        created: Timestamp,
        records: impl IntoIterator<Item = R>,
    ) {
        self.publish_slice(tenant, content_type, Slice::new(created, records));
    }

    /// Publishes a slice with all that can be said about it.
    #[track_caller]
    pub fn publish_slice(&self, tenant: Uuid, content_type: &str, slice: Slice) {
        self.publish_slices(tenant, content_type, vec![slice]);
    }

    #[track_caller]
    fn publish_slices(&self, tenant: Uuid, content_type: &str, slices: Vec<Slice>) {
        let mut state = self.shared.state();
        let (now, config) = (state.now(), state.config.clone());
        let feed = state.tenant(tenant).feed(content_type);
        for slice in slices {
            feed.publish(slice, &config, now);
        }
    }

    /// Publishes made-up records of all five content types.
    #[track_caller]
    pub fn generate(&self, tenant: Uuid, settings: &Generate) {
        for (content_type, slices) in generate::slices(tenant, settings) {
            self.publish_slices(tenant, content_type, slices);
        }
    }

    /// Publishes what lies in a folder: files `{ContentType}.jsonl` and `{ContentType}.jsonl.gz`, one record a line, in
    /// their order, in slices of 1 to 40 records spread evenly over the `span` that ends at `until`. Returns how many
    /// records of which content type.
    ///
    /// # Errors
    ///
    /// If the folder or a file cannot be read, a file's name is no content type, or there is no such file; the message
    /// names the path.
    #[track_caller]
    pub fn load_folder(
        &self,
        tenant: Uuid,
        path: impl AsRef<Path>,
        span: Duration,
        until: Timestamp,
        seed: u64,
    ) -> io::Result<BTreeMap<String, usize>> {
        let mut counts = BTreeMap::new();
        for (content_type, records) in folder::read_records(path.as_ref())? {
            *counts.entry(content_type.to_owned()).or_default() += records.len();
            let slices = generate::spread(records, content_type, seed, span, until);
            self.publish_slices(tenant, content_type, slices);
        }
        Ok(counts)
    }

    /// Publishes made-up records again and again, each round at the simulator's time, from a task on the current
    /// runtime. It ends when the [`Publisher`] is dropped; until then the server lives on as well.
    #[track_caller]
    pub fn keep_publishing(&self, tenant: Uuid, settings: Publishing) -> Publisher {
        let simulator = self.clone();
        simulator.shared.state().tenant(tenant);
        let task = tokio::spawn(async move {
            for round in 0_u64.. {
                tokio::time::sleep(settings.every).await;
                let seed = settings.seed.wrapping_add(round);
                let now = simulator.now();
                simulator.generate(tenant, &Generate::new(seed, settings.records, Duration::from_millis(1), now));
            }
        });
        Publisher { task: task.abort_handle() }
    }
}
