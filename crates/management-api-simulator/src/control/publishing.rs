//! Publishing: slices, folders of records, generated records, and a continuous feed.

use std::{collections::BTreeMap, io, path::Path, time::Duration};

use bytes::Bytes;
use jiff::Timestamp;
use tokio::task::AbortHandle;
use uuid::Uuid;

use crate::{
    records::{folder, generate, generate::Generate, slice::Slice},
    simulator::Simulator,
};

/// The settings of a continuous feed; see [`Simulator::keep_publishing`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Publishing {
    /// Seeds the records.
    pub seed: u64,
    /// The time between two rounds, in real time rather than the simulator's.
    pub every: Duration,
    /// Records in one round, over all content types.
    pub records: usize,
}

/// Stops a continuous feed when dropped.
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
    /// Publishes records as one slice. Each is a JSON object and is sent byte for byte. `created` may be in the past or
    /// in the future.
    ///
    /// Whether the records can ever be fetched depends on the subscription at this moment, or at `created` if that is
    /// in the future. Records that are published into a window that was already listed become an aggregate of their
    /// own, since content ids that were handed out never change.
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

    /// Publishes a slice, with all its options.
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

    /// Publishes generated records of all five content types.
    #[track_caller]
    pub fn generate(&self, tenant: Uuid, settings: &Generate) {
        for (content_type, slices) in generate::slices(tenant, settings) {
            self.publish_slices(tenant, content_type, slices);
        }
    }

    /// Publishes the records in the files `{ContentType}.jsonl` and `{ContentType}.jsonl.gz` of a folder, one record
    /// per line. They keep their order and are divided into slices of 1 to 40 records, spread evenly over the `span`
    /// that ends at `until`. Returns the number of records by content type.
    ///
    /// # Errors
    ///
    /// If the folder or a file cannot be read, if the name of a `.jsonl` file is not a content type, or if there is no
    /// such file; the message contains the path.
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

    /// Publishes generated records periodically, at the simulator's time, from a task on the current runtime. The task
    /// ends when the [`Publisher`] is dropped; until then it keeps the server alive.
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
