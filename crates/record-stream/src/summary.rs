use std::fmt;

/// What the whole stream came to.
#[derive(Clone, PartialEq, Eq)]
pub struct Summary {
    /// The last compressed bytes, the gzip trailer included.
    pub tail: Vec<u8>,
    /// Records written, one a line.
    pub records: u64,
    /// Bytes of JSON read, white space and a byte order mark included.
    pub bytes_in: u64,
    /// Bytes of the whole gzip object, `tail` included.
    pub bytes_out: u64,
}

/// Figures only: a tail holds records, if compressed.
impl fmt::Debug for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Summary")
            .field("records", &self.records)
            .field("bytes_in", &self.bytes_in)
            .field("bytes_out", &self.bytes_out)
            .finish_non_exhaustive()
    }
}
