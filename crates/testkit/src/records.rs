//! Archived records, for comparison with what was published: byte by byte, in any order.

use std::collections::HashMap;
use std::io::Read;

use flate2::read::GzDecoder;

/// How often each record is in the archive.
#[derive(Debug, Clone, Default)]
pub struct ArchivedRecords {
    copies: HashMap<Vec<u8>, u64>,
    /// Bytes of JSON Lines.
    pub bytes: u64,
}

impl ArchivedRecords {
    /// Adds the records of an object and returns how many it contains. If it is not complete gzip, or does not end with
    /// a line feed, what could be read is added and `None` returned.
    pub fn add(&mut self, gzip: &[u8]) -> Option<u64> {
        let mut text = Vec::new();
        let read = GzDecoder::new(gzip).read_to_end(&mut text);
        self.bytes += text.len() as u64;
        let mut records = 0;
        for line in text.split_inclusive(|byte| *byte == b'\n') {
            *self.copies.entry(line.strip_suffix(b"\n").unwrap_or(line).to_vec()).or_default() += 1;
            records += 1;
        }
        (read.is_ok() && text.last().is_none_or(|last| *last == b'\n')).then_some(records)
    }

    /// Takes one copy of a record; `false` if none is left.
    pub fn take(&mut self, record: &[u8]) -> bool {
        match self.copies.get_mut(record) {
            Some(copies) if *copies > 0 => {
                *copies -= 1;
                true
            }
            Some(_) | None => false,
        }
    }

    /// Takes all copies of a record and returns how many there were.
    pub fn take_all(&mut self, record: &[u8]) -> u64 {
        self.copies.remove(record).unwrap_or_default()
    }

    /// How many copies have not been taken: duplicates, and records that were never published.
    #[must_use]
    pub fn left(&self) -> u64 {
        self.copies.values().sum()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn gzip(text: &str) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn counts_each_copy_of_a_record() {
        let mut archived = ArchivedRecords::default();
        assert_eq!(archived.add(&gzip("a\nb\n")), Some(2));
        assert_eq!(archived.add(&gzip("a\n")), Some(1));
        assert!(archived.take(b"a") && archived.take(b"a") && !archived.take(b"a"));
        assert_eq!(archived.left(), 1);
        assert_eq!(archived.take_all(b"b"), 1);
        assert_eq!(archived.left(), 0);
    }

    #[test]
    fn notices_an_object_that_is_cut() {
        let whole = gzip("a\nb\n");
        assert_eq!(ArchivedRecords::default().add(&whole[..whole.len() - 5]), None);
        assert_eq!(ArchivedRecords::default().add(&gzip("a\nb")), None);
        assert_eq!(ArchivedRecords::default().add(&gzip("")), Some(0));
    }
}
