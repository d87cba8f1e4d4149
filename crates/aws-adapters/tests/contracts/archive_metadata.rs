//! Content ids as user metadata of S3, which are HTTP headers.

use aws_adapters::S3Archive;
use collector::content::ContentDigest;
use collector::ports::{Archive, ArchiveObject, ObjectMetadata};
use testkit::contracts;

use crate::local_aws::{sdk, unique};

/// What S3 has as `content-id` of objects with these content ids, each at most 2,048 bytes with all other metadata.
async fn stored_ids<const N: usize>(content_ids: [&str; N]) -> [String; N] {
    let (client, bucket) = (sdk().await.s3(), unique("metadata"));
    client.create_bucket().bucket(&bucket).send().await.unwrap();
    let archive = S3Archive::new(client.clone(), &bucket, "m365");
    let mut stored = [const { String::new() }; N];
    for (position, content_id) in content_ids.into_iter().enumerate() {
        let metadata =
            ObjectMetadata { content_id: content_id.to_owned(), ..contracts::archive::metadata(u64::from(u32::MAX)) };
        let object = archive.begin().await.unwrap();
        object.store(&format!("{position}.json.gz"), &metadata).await.unwrap();
        let head = client.head_object().bucket(&bucket).key(format!("m365/{position}.json.gz")).send().await.unwrap();
        let all = head.metadata().unwrap();
        let size: usize = all.iter().map(|(name, value)| name.len() + value.len()).sum();
        assert!(size <= 2_048, "{content_id}: {size} bytes of metadata");
        stored[position] = all["content-id"].clone();
    }
    stored
}

fn percent_decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, others)) = rest.split_first() {
        let encoded = if *first == b'%' { others.get(..2) } else { None };
        let decoded = encoded.and_then(|hex| u8::from_str_radix(str::from_utf8(hex).ok()?, 16).ok());
        bytes.push(decoded.unwrap_or(*first));
        rest = if decoded.is_some() { &others[2..] } else { others };
    }
    String::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn printable_content_ids_are_stored_as_they_are() {
    let long = "x".repeat(1_900);
    let ids = [
        "20261122100000$20261122100500$audit_exchange$Audit_Exchange$na0030",
        "with blanks/and slashes\\",
        r#"{"in":'quotes'}"#,
        "100% of a, b; c: d=e",
        &long,
    ];
    assert_eq!(stored_ids(ids).await, ids);
}

#[tokio::test]
async fn other_content_ids_are_percent_encoded_whole() {
    let ids = [" a$b", "a$b\t", "a\nb", "a\u{7f}", "é/x y", "🙂", "\u{a0}", "a%20b", " "];
    let stored = stored_ids(ids).await;
    assert_eq!(
        stored,
        ["%20a%24b", "a%24b%09", "a%0Ab", "a%7F", "%C3%A9%2Fx%20y", "%F0%9F%99%82", "%C2%A0", "a%2520b", "%20"]
    );
    assert_eq!(stored.each_ref().map(|value| percent_decode(value)), ids);
}

/// S3 refuses an object with more than 2 KB of user metadata.
#[tokio::test]
async fn content_ids_beyond_the_limit_become_digests() {
    let (long, emoji) = ("x".repeat(2_000), "🙂".repeat(475));
    let digests = [&long, &emoji].map(|id| format!("digest {}", ContentDigest::of(id)));
    assert_eq!(stored_ids([&long, &emoji]).await, digests);
}
