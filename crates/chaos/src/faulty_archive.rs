//! The archive: a bucket that fails, and that notices when an object is replaced by another.

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
use crate::faulty_ports::Frail;
use crate::time::Time;

/// The bucket.
#[derive(Debug, Clone)]
pub(crate) struct Bucket {
    kept: MemoryArchive,
    time: Time,
    written: Rc<RefCell<BTreeMap<String, Vec<u8>>>>,
    /// Keys that were written again with other bytes.
    pub(crate) altered: Rc<RefCell<Vec<String>>>,
    /// Objects written again.
    pub(crate) rewritten: Rc<Cell<u64>>,
}

/// An object on its way, its bytes kept for comparison.
#[derive(Debug)]
pub(crate) struct FrailObject {
    object: MemoryObject,
    bytes: Vec<u8>,
    bucket: Bucket,
    faults: Rc<Faults>,
    crash_point: CrashPoint,
}

impl Bucket {
    pub(crate) fn at(time: &Time) -> Self {
        Self {
            kept: MemoryArchive::default(),
            time: time.clone(),
            written: Rc::default(),
            altered: Rc::default(),
            rewritten: Rc::default(),
        }
    }

    pub(crate) fn objects(&self) -> BTreeMap<String, StoredObject> {
        self.kept.objects()
    }

    fn write(&self, key: &str, bytes: Vec<u8>) {
        if let Some(before) = self.written.borrow_mut().insert(key.to_owned(), bytes.clone()) {
            self.rewritten.set(self.rewritten.get() + 1);
            if before != bytes {
                self.altered.borrow_mut().push(key.to_owned());
            }
        }
    }
}

impl Archive for Frail<Bucket> {
    type Object = FrailObject;

    async fn begin(&self) -> Result<FrailObject, Failure> {
        let object = self.call(S3, "begin", self.port.kept.begin()).await?;
        let (bucket, faults, crash_point) = (self.port.clone(), Rc::clone(&self.faults), self.crash_point.clone());
        Ok(FrailObject { object, bytes: Vec::new(), bucket, faults, crash_point })
    }
}

impl ArchiveObject for FrailObject {
    async fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        if bytes.is_empty() {
            return Ok(());
        }
        self.bytes.extend_from_slice(bytes);
        let call = self.faults.strike(S3, "write", self.object.write(bytes));
        self.crash_point.around(call).await
    }

    async fn store(self, key: &str, metadata: &ObjectMetadata) -> Result<(), Failure> {
        // The message may be on its way to another fetcher when this one is through.
        if self.faults.happens("S3: a slow upload", 0.002) {
            let minutes = self.faults.chance.between("slowness", 1, 40);
            self.bucket.time.pass(SignedDuration::from_mins(minutes));
        }
        let store = async {
            self.bucket.write(key, self.bytes);
            self.object.store(key, metadata).await
        };
        self.crash_point.around(self.faults.strike(S3, key, store)).await
    }
}

impl ArchiveIndex for Frail<Bucket> {
    async fn archived(&self, feed: FeedId, hour: Timestamp) -> Result<HashSet<ContentDigest>, Failure> {
        self.call(S3, &format!("list {feed}"), self.port.kept.archived(feed, hour)).await
    }

    async fn store_report(&self, key: &str, json: Vec<u8>) -> Result<(), Failure> {
        self.call(S3, key, self.port.kept.store_report(key, json)).await
    }
}
