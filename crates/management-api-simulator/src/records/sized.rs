//! Generated records of an exact size, for blobs that are never held in memory.

use bytes::Bytes;
use rand::Rng;

use crate::{
    records::fields::{JsonObject, guid},
    seeds::seeded,
};

/// A record of exactly `size` bytes, cheap enough to be generated while it is sent.
pub(crate) fn generated_record(seed: u64, size: usize, index: u64) -> Bytes {
    let mut rng = seeded(seed, &["generated", &index.to_string()]);
    let mut json = JsonObject::new();
    json.text("CreationTime", "2026-01-01T00:00:00");
    json.text("Id", &guid(&mut rng));
    json.text("Operation", "FileAccessed");
    json.raw("RecordType", "6");
    json.text("UserId", "generated@contoso.example");
    json.text("Filler", "");
    let mut record = json.finish();
    let missing = size.saturating_sub(record.len());
    let close = record.split_off(record.len() - 2);
    let filler = format!("{:016x}", rng.next_u64()).repeat(missing / 16 + 1);
    record.extend(filler.as_bytes().get(..missing).unwrap_or_default());
    record.extend(close);
    record.into()
}
