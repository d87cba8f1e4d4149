use std::fmt;

/// The end of a stream: the last bytes, and totals.
#[derive(Clone, PartialEq, Eq)]
pub struct Summary {
    /// The last compressed bytes, including the gzip trailer.
    pub tail: Vec<u8>,
    /// The number of records, which is the number of lines.
    pub records: u64,
    /// Bytes of JSON read, including white space and a byte order mark.
    pub bytes_in: u64,
    /// Bytes of the whole gzip object, including `tail`.
    pub bytes_out: u64,
}

/// Omits the tail, which contains compressed records.
impl fmt::Debug for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Summary")
            .field("records", &self.records)
            .field("bytes_in", &self.bytes_in)
            .field("bytes_out", &self.bytes_out)
            .finish_non_exhaustive()
    }
}
