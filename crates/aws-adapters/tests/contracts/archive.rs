//! The archive: S3 and memory.

use aws_adapters::S3Archive;
use collector::content::{ContentDigest, archive_key};
use collector::ports::{Archive, ArchiveIndex, ArchiveObject, ObjectMetadata};
use testkit::{MemoryArchive, at, contracts, feed};

use crate::local_aws::{sdk, unique};

/// An empty object, one that takes a single request, and one that takes a multipart upload.
const LENGTHS: [usize; 3] = [0, 4_000, 9 * 1024 * 1024];

async fn bucket() -> (aws_sdk_s3::Client, String) {
    let (client, name) = (sdk().await.s3(), unique("archive"));
    client.create_bucket().bucket(&name).send().await.unwrap();
    (client, name)
}

async fn read(client: &aws_sdk_s3::Client, bucket: &str, key: &str) -> Option<(Vec<u8>, ObjectMetadata)> {
    let object = client.get_object().bucket(bucket).key(format!("m365/{key}")).send().await.ok()?;
    assert_eq!(object.content_type(), Some("application/x-ndjson"));
    assert_eq!(object.content_encoding(), None, "clients must not decompress the object");
    let user_metadata = object.metadata().unwrap().clone();
    assert_eq!(user_metadata.len(), 5, "{user_metadata:?}");
    let metadata = ObjectMetadata {
        content_id: user_metadata["content-id"].clone(),
        content_type: user_metadata["content-type"].parse().unwrap(),
        content_created: user_metadata["content-created"].parse().unwrap(),
        tenant_id: testkit::TENANT,
        malformed: None,
        records: user_metadata["records"].parse().unwrap(),
    };
    assert_eq!(user_metadata["tenant-id"], testkit::TENANT.to_string());
    Some((object.body.collect().await.unwrap().to_vec(), metadata))
}

#[tokio::test]
async fn stores_whole_objects() {
    let (client, bucket) = bucket().await;
    let archive = S3Archive::new(client.clone(), &bucket, "m365");
    let memory = MemoryArchive::default();
    for length in LENGTHS {
        contracts::archive::stores_whole_objects(&archive, length, async |key| read(&client, &bucket, key).await).await;
        contracts::archive::stores_whole_objects(&memory, length, async |key| {
            memory.objects().remove(key).map(|object| (object.bytes, object.metadata))
        })
        .await;
    }
}

#[tokio::test]
async fn keeps_the_first_object_under_a_key() {
    let (client, bucket) = bucket().await;
    let archive = S3Archive::new(client.clone(), &bucket, "m365");
    let memory = MemoryArchive::default();
    for length in LENGTHS {
        contracts::archive::keeps_the_first_object(&archive, length, async |key| read(&client, &bucket, key).await)
            .await;
        contracts::archive::keeps_the_first_object(&memory, length, async |key| {
            memory.objects().remove(key).map(|object| (object.bytes, object.metadata))
        })
        .await;
    }
    let unfinished = client.list_multipart_uploads().bucket(&bucket).send().await.unwrap();
    assert_eq!(unfinished.uploads().len(), 0, "the refused uploads are aborted");
    assert_eq!(memory.overwrites(), 9);
    assert_eq!(memory.changed().len(), 5, "an empty object has no other bytes of its length");
}

#[tokio::test]
async fn replaces_reports() {
    let (client, bucket) = bucket().await;
    let archive = S3Archive::new(client.clone(), &bucket, "m365");
    contracts::archive::replaces_reports(&archive, async |key| {
        let report = client.get_object().bucket(&bucket).key(format!("m365/{key}")).send().await.unwrap();
        report.body.collect().await.unwrap().to_vec()
    })
    .await;
    let memory = MemoryArchive::default();
    contracts::archive::replaces_reports(&memory, async |key| memory.reports().remove(key).unwrap()).await;
}

#[tokio::test]
async fn lists_the_contents_of_an_hour() {
    let (client, bucket) = bucket().await;
    let s3 = S3Archive::new(client, &bucket, "m365");
    contracts::archive::lists_the_contents_of_an_hour(&MemoryArchive::default()).await;
    contracts::archive::lists_the_contents_of_an_hour(&s3).await;
}

/// S3 lists a thousand objects on a page.
#[tokio::test]
async fn lists_more_than_a_thousand_objects() {
    let (client, bucket) = bucket().await;
    let archive = S3Archive::new(client, &bucket, "m365");
    let created = at("2026-11-22T10:59:59.999Z");
    for number in 0..1_005 {
        let object = archive.begin().await.unwrap();
        let key = archive_key(feed(), &format!("content-{number}"), created);
        object.store(&key, &contracts::archive::metadata(0)).await.unwrap();
    }
    let archived = archive.archived(feed(), at("2026-11-22T10:00:00Z")).await.unwrap();
    assert_eq!(archived.len(), 1_005);
    assert!(archived.contains(&ContentDigest::of("content-1004")));
}
