//! The archive in memory.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex};

use collector::content::{ContentDigest, digest_of_key, hour_prefix, malformed_prefix};
use collector::failure::Failure;
use collector::feed::FeedId;
use collector::ports::{Archive, ArchiveIndex, ArchiveObject, MalformedBodies, ObjectMetadata};
use jiff::Timestamp;

/// An archive. Clones are the same archive.
#[derive(Debug, Clone, Default)]
pub struct MemoryArchive(Arc<Mutex<Stored>>);

#[derive(Debug, Default)]
struct Stored {
    objects: BTreeMap<String, StoredObject>,
    reports: BTreeMap<String, Vec<u8>>,
    overwrites: u64,
    changed: Vec<String>,
}

/// An object as it was stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredObject {
    /// Gzip.
    pub bytes: Vec<u8>,
    /// What it says of itself.
    pub metadata: ObjectMetadata,
}

/// An object on its way.
#[derive(Debug)]
pub struct MemoryObject {
    archive: MemoryArchive,
    bytes: Vec<u8>,
}

impl MemoryArchive {
    /// All objects by their key.
    #[must_use]
    pub fn objects(&self) -> BTreeMap<String, StoredObject> {
        self.0.lock().unwrap().objects.clone()
    }

    /// How often an object was stored under a key that was taken. The first object stands.
    #[must_use]
    pub fn overwrites(&self) -> u64 {
        self.0.lock().unwrap().overwrites
    }

    /// The keys under which a later object had other bytes than the first, which stands: one entry for each later object.
    #[must_use]
    pub fn changed(&self) -> Vec<String> {
        self.0.lock().unwrap().changed.clone()
    }

    /// All reports by their key.
    #[must_use]
    pub fn reports(&self) -> BTreeMap<String, Vec<u8>> {
        self.0.lock().unwrap().reports.clone()
    }
}

impl Archive for MemoryArchive {
    type Object = MemoryObject;

    async fn begin(&self) -> Result<MemoryObject, Failure> {
        Ok(MemoryObject { archive: self.clone(), bytes: Vec::new() })
    }
}

impl MalformedBodies for MemoryArchive {
    async fn malformed(&self, feed: FeedId, content: ContentDigest, day: Timestamp) -> Result<Vec<String>, Failure> {
        let prefix = format!("{}/{content}.", malformed_prefix(feed, day));
        Ok(self.0.lock().unwrap().objects.keys().filter(|key| key.starts_with(&prefix)).cloned().collect())
    }
}

impl ArchiveIndex for MemoryArchive {
    async fn archived(&self, feed: FeedId, hour: Timestamp) -> Result<HashSet<ContentDigest>, Failure> {
        let folder = format!("{}/", hour_prefix(feed, hour));
        let stored = self.0.lock().unwrap();
        let inside = stored.objects.range(folder.clone()..).take_while(|(key, _)| key.starts_with(&folder));
        Ok(inside.filter_map(|(key, _)| digest_of_key(key)).collect())
    }

    async fn store_report(&self, key: &str, json: Vec<u8>) -> Result<(), Failure> {
        self.0.lock().unwrap().reports.insert(key.to_owned(), json);
        Ok(())
    }
}

impl ArchiveObject for MemoryObject {
    async fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    async fn store(self, key: &str, metadata: &ObjectMetadata) -> Result<(), Failure> {
        let object = StoredObject { bytes: self.bytes, metadata: metadata.clone() };
        let mut stored = self.archive.0.lock().unwrap();
        let Some(first) = stored.objects.get(key) else {
            stored.objects.insert(key.to_owned(), object);
            return Ok(());
        };
        let is_changed = first.bytes != object.bytes;
        stored.overwrites += 1;
        if is_changed {
            stored.changed.push(key.to_owned());
        }
        Ok(())
    }
}
