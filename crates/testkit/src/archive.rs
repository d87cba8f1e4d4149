//! The archive in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use audit_feed::failure::Failure;
use audit_feed::ports::{Archive, ArchiveObject, ObjectMetadata};

/// An archive. Clones are the same archive.
#[derive(Debug, Clone, Default)]
pub struct MemoryArchive(Arc<Mutex<BTreeMap<String, StoredObject>>>);

/// An object as it was stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredObject {
    /// Gzip.
    pub bytes: Vec<u8>,
    /// What it says of itself.
    pub about: ObjectMetadata,
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
        self.0.lock().unwrap().clone()
    }
}

impl Archive for MemoryArchive {
    type Object = MemoryObject;

    async fn begin(&self) -> Result<MemoryObject, Failure> {
        Ok(MemoryObject { archive: self.clone(), bytes: Vec::new() })
    }
}

impl ArchiveObject for MemoryObject {
    async fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    async fn store(self, key: &str, about: &ObjectMetadata) -> Result<(), Failure> {
        let object = StoredObject { bytes: self.bytes, about: about.clone() };
        self.archive.0.lock().unwrap().insert(key.to_owned(), object);
        Ok(())
    }
}
