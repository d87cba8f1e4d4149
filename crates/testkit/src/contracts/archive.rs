//! What every archive promises.

use std::collections::HashSet;

use collector::content::{ContentDigest, archive_key};
use collector::feed::{ContentType, FeedId};
use collector::ports::{Archive, ArchiveIndex, ArchiveObject, ObjectMetadata};

use crate::samples::{TENANT, at, feed};

/// The contents of one hour, by the names of their objects; not those of the hours around it or of other feeds.
pub async fn lists_the_contents_of_an_hour<A: Archive + ArchiveIndex>(archive: &A) {
    let sharepoint = FeedId { content_type: ContentType::SharePoint, ..feed() };
    for (feed, id, created) in [
        (feed(), "before", "2026-11-22T09:59:59.999Z"),
        (feed(), "first", "2026-11-22T10:00:00Z"),
        (feed(), "last", "2026-11-22T10:59:59.999Z"),
        (feed(), "after", "2026-11-22T11:00:00Z"),
        (sharepoint, "elsewhere", "2026-11-22T10:30:00Z"),
    ] {
        let object = archive.begin().await.unwrap();
        object.store(&archive_key(feed, id, at(created)), &metadata(0)).await.unwrap();
    }
    archive.store_report("completeness/day=2026-11-22/report.json", b"{}".to_vec()).await.unwrap();
    let held = archive.archived(feed(), at("2026-11-22T10:30:00Z")).await.unwrap();
    assert_eq!(held, HashSet::from([ContentDigest::of("first"), ContentDigest::of("last")]));
}

/// Metadata for an object of `records` records.
#[must_use]
pub fn metadata(records: u64) -> ObjectMetadata {
    ObjectMetadata {
        content_id: "20261122100000$20261122100500$audit_exchange$Audit_Exchange$na0030".to_owned(),
        content_type: ContentType::Exchange,
        content_created: at("2026-11-22T10:03:07.123Z"),
        tenant_id: TENANT,
        records,
        malformed: None,
    }
}

/// An object appears whole, under its key and with its metadata, or not at all.
///
/// `read` gives an object's bytes and metadata (`content-id` … as in the contract), `None` where there is none.
pub async fn stores_whole_objects<A: Archive>(
    archive: &A,
    length: usize,
    read: impl AsyncFn(&str) -> Option<(Vec<u8>, ObjectMetadata)>,
) {
    let key = format!("tenant={TENANT}/content_type=Audit.Exchange/day=2026-11-22/hour=10/{length}.json.gz");
    let bytes = bytes(length, 251);
    let mut dropped = archive.begin().await.unwrap();
    dropped.write(&bytes).await.unwrap();
    drop(dropped);
    assert_eq!(read(&key).await, None, "what was not stored was never there");

    store(archive, &key, &bytes, 1).await;
    let (stored, described) = read(&key).await.unwrap();
    assert!(stored == bytes, "the bytes of an object of {length} bytes");
    assert_eq!(described, metadata(1));
}

/// Storing another object under a key that is taken succeeds and changes nothing: neither the bytes nor the metadata.
pub async fn keeps_the_first_object<A: Archive>(
    archive: &A,
    length: usize,
    read: impl AsyncFn(&str) -> Option<(Vec<u8>, ObjectMetadata)>,
) {
    let key = format!("tenant={TENANT}/content_type=Audit.Exchange/day=2026-11-22/hour=11/{length}.json.gz");
    let first = bytes(length, 251);
    store(archive, &key, &first, 1).await;
    for (records, second) in [(2, first.clone()), (3, bytes(length, 241)), (4, bytes(length + 1, 251))] {
        store(archive, &key, &second, records).await;
        let (stored, described) = read(&key).await.unwrap();
        assert!(stored == first, "object {records} must not replace the first, of {length} bytes");
        assert_eq!(described, metadata(1));
    }
}

/// A report replaces the earlier one under its key. `read` gives the bytes of a report.
pub async fn replaces_reports<A: ArchiveIndex>(archive: &A, read: impl AsyncFn(&str) -> Vec<u8>) {
    let key = "completeness/day=2026-11-22/replaced.json";
    for json in [r#"{"run":1}"#, r#"{"run":2}"#] {
        archive.store_report(key, json.into()).await.unwrap();
        assert_eq!(read(key).await, json.as_bytes());
    }
}

fn bytes(length: usize, period: usize) -> Vec<u8> {
    (0..length).map(|position| (position % period) as u8).collect()
}

async fn store<A: Archive>(archive: &A, key: &str, bytes: &[u8], records: u64) {
    let mut object = archive.begin().await.unwrap();
    for piece in bytes.chunks(100_000) {
        object.write(piece).await.unwrap();
    }
    object.store(key, &metadata(records)).await.unwrap();
}
