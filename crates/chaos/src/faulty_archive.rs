//! The archive as a port that fails, and that notices when an object is overwritten with other bytes.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashSet};
use std::rc::Rc;

use collector::content::ContentDigest;
use collector::failure::Failure;
use collector::feed::FeedId;
use collector::ports::{Archive, ArchiveIndex, ArchiveObject, ObjectMetadata};
use jiff::{SignedDuration, Timestamp};
use testkit::{CrashPoint, MemoryArchive, MemoryObject, StoredObject};

use crate::faults::{Faults, S3};
use crate::faulty_ports::Faulty;
use crate::time::SimulatedTime;

#[derive(Debug, Clone)]
pub(crate) struct Bucket {
    archive: MemoryArchive,
    time: SimulatedTime,
    written: Rc<RefCell<BTreeMap<String, Vec<u8>>>>,
    /// Keys that were overwritten with other bytes.
    pub(crate) changed_objects: Rc<RefCell<Vec<String>>>,
    pub(crate) overwrites: Rc<Cell<u64>>,
}

/// An upload, with a copy of its bytes for the comparison.
#[derive(Debug)]
pub(crate) struct FaultyObject {
    object: MemoryObject,
    bytes: Vec<u8>,
    bucket: Bucket,
    faults: Rc<Faults>,
    crash_point: CrashPoint,
}

impl Bucket {
    pub(crate) fn at(time: &SimulatedTime) -> Self {
        Self {
            archive: MemoryArchive::default(),
            time: time.clone(),
            written: Rc::default(),
            changed_objects: Rc::default(),
            overwrites: Rc::default(),
        }
    }

    pub(crate) fn objects(&self) -> BTreeMap<String, StoredObject> {
        self.archive.objects()
    }

    fn write(&self, key: &str, bytes: Vec<u8>) {
        if let Some(before) = self.written.borrow_mut().insert(key.to_owned(), bytes.clone()) {
            self.overwrites.set(self.overwrites.get() + 1);
            if before != bytes {
                self.changed_objects.borrow_mut().push(key.to_owned());
            }
        }
    }
}

impl Archive for Faulty<Bucket> {
    type Object = FaultyObject;

    async fn begin(&self) -> Result<FaultyObject, Failure> {
        let object = self.call(S3, "begin", self.port.archive.begin()).await?;
        let (bucket, faults, crash_point) = (self.port.clone(), Rc::clone(&self.faults), self.crash_point.clone());
        Ok(FaultyObject { object, bytes: Vec::new(), bucket, faults, crash_point })
    }
}

impl ArchiveObject for FaultyObject {
    async fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        if bytes.is_empty() {
            return Ok(());
        }
        self.bytes.extend_from_slice(bytes);
        let call = self.faults.inject(S3, "write", self.object.write(bytes));
        self.crash_point.around(call).await
    }

    async fn store(self, key: &str, metadata: &ObjectMetadata) -> Result<(), Failure> {
        // Longer than the visibility timeout: another fetcher may receive the message before this upload ends.
        if self.faults.happens("S3: slow upload", 0.002) {
            let minutes = self.faults.random.between("upload duration", 1, 40);
            self.bucket.time.advance(SignedDuration::from_mins(minutes));
        }
        let store = async {
            self.bucket.write(key, self.bytes);
            self.object.store(key, metadata).await
        };
        self.crash_point.around(self.faults.inject(S3, key, store)).await
    }
}

impl ArchiveIndex for Faulty<Bucket> {
    async fn archived(&self, feed: FeedId, hour: Timestamp) -> Result<HashSet<ContentDigest>, Failure> {
        self.call(S3, &format!("list {feed}"), self.port.archive.archived(feed, hour)).await
    }

    async fn store_report(&self, key: &str, json: Vec<u8>) -> Result<(), Failure> {
        self.call(S3, key, self.port.archive.store_report(key, json)).await
    }
}
