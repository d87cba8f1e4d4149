//! Compares what was published with what is in the archive, record by record and byte by byte.

use std::collections::BTreeMap;
use std::fmt;

use aws_sdk_s3::Client;
use futures::{StreamExt, TryStreamExt, stream};
use management_api_simulator::{CONTENT_TYPES, Simulator};
use testkit::ArchivedRecords;
use uuid::Uuid;

/// The figures of one content type.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Figures {
    /// Records that could be collected.
    pub published: u64,
    /// Records that are in the archive, byte by byte as they were published.
    pub archived: u64,
    /// Published records that are not in the archive.
    pub lost: u64,
    /// Archived copies beyond those published, and archived records that were never published.
    pub surplus: u64,
    pub objects: u64,
    /// Bytes of JSON Lines.
    pub bytes_in: u64,
    /// Bytes of gzip.
    pub bytes_out: u64,
}

/// The figures of one tenant by content type.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Comparison {
    /// Every content type, including those without records.
    pub content_types: BTreeMap<String, Figures>,
}

impl Comparison {
    /// Reads the whole archive of `tenant` and compares it with what `microsoft` published.
    pub async fn of(microsoft: &Simulator, tenant: Uuid, s3: &Client, bucket: &str, prefix: &str) -> Self {
        let mut content_types = BTreeMap::new();
        for content_type in CONTENT_TYPES {
            let folder = format!("{prefix}/tenant={tenant}/content_type={content_type}/");
            let (mut archived, mut figures) = read(s3, bucket, &folder).await;
            for record in microsoft.obtainable_records(tenant, content_type) {
                figures.published += 1;
                if archived.take(record.as_ref()) {
                    figures.archived += 1;
                } else {
                    figures.lost += 1;
                }
            }
            figures.surplus = archived.left();
            content_types.insert((*content_type).to_owned(), figures);
        }
        Self { content_types }
    }

    /// The sum over all content types.
    #[must_use]
    pub fn total(&self) -> Figures {
        self.content_types.values().fold(Figures::default(), |sum, one| Figures {
            published: sum.published + one.published,
            archived: sum.archived + one.archived,
            lost: sum.lost + one.lost,
            surplus: sum.surplus + one.surplus,
            objects: sum.objects + one.objects,
            bytes_in: sum.bytes_in + one.bytes_in,
            bytes_out: sum.bytes_out + one.bytes_out,
        })
    }

    /// Whether everything that was published is in the archive, and nothing else.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        let total = self.total();
        total.published > 0 && total.lost == 0 && total.surplus == 0
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<28}{:>10}{:>10}{:>9}{:>13}{:>12}",
            "content type", "published", "archived", "objects", "bytes in", "bytes out"
        )?;
        let total = self.total();
        let rows = self.content_types.iter().map(|(name, figures)| (name.as_str(), *figures));
        for (name, row) in rows.chain([("total", total)]) {
            let Figures { published, archived, objects, bytes_in, bytes_out, .. } = row;
            writeln!(f, "{name:<28}{published:>10}{archived:>10}{objects:>9}{bytes_in:>13}{bytes_out:>12}")?;
        }
        let Figures { published, archived, lost, surplus, .. } = total;
        write!(f, "\n{archived} of {published} records archived, {lost} lost, {surplus} twice")
    }
}

async fn read(s3: &Client, bucket: &str, folder: &str) -> (ArchivedRecords, Figures) {
    const CONCURRENCY: usize = 8;
    let pages = s3.list_objects_v2().bucket(bucket).prefix(folder).into_paginator().send();
    let pages: Vec<_> = pages.try_collect().await.unwrap();
    let keys: Vec<String> =
        pages.into_iter().flat_map(|page| page.contents.unwrap_or_default()).filter_map(|object| object.key).collect();
    let objects = stream::iter(keys).map(|key| async move {
        let object = s3.get_object().bucket(bucket).key(&key).send().await.unwrap();
        object.body.collect().await.unwrap().to_vec()
    });
    let objects: Vec<Vec<u8>> =
        objects.buffer_unordered(CONCURRENCY).map(Ok::<_, std::convert::Infallible>).try_collect().await.unwrap();
    let (mut archived, mut figures) = (ArchivedRecords::default(), Figures::default());
    for object in objects {
        archived.add(&object).unwrap_or_else(|| panic!("an object in {folder} is incomplete"));
        figures.objects += 1;
        figures.bytes_out += object.len() as u64;
    }
    figures.bytes_in = archived.bytes;
    (archived, figures)
}
