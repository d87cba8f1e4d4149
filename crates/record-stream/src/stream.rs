use std::fmt;

use crate::array_state::ArrayState;
use crate::gzip::Gzip;
use crate::{Malformed, Summary, record};

/// Turns the bytes of one JSON array into gzip JSON Lines; the crate's documentation says what exactly is written.
///
/// The bytes that [`push`](Self::push) returns and the tail from [`finish`](Self::finish) together are the whole
/// object. After an error the stream stays failed, and the bytes returned so far must be discarded.
pub struct RecordStream {
    state: ArrayState,
    /// The part of the current record that arrived in earlier pushes.
    partial_record: Vec<u8>,
    gzip: Gzip,
    records: u64,
    bytes_in: u64,
    failure: Option<Malformed>,
    /// Faults are skipped, not reported.
    salvages: bool,
}

impl RecordStream {
    pub fn new() -> Self {
        Self {
            state: ArrayState::ByteOrderMark(0),
            partial_record: Vec::new(),
            gzip: Gzip::new(),
            records: 0,
            bytes_in: 0,
            failure: None,
            salvages: false,
        }
    }

    /// A stream for a body that is known to be malformed: it never fails, and writes the records that are whole and valid
    /// in themselves. What is between them is skipped, and so is the rest of a body that is cut off.
    pub fn salvaging() -> Self {
        Self { salvages: true, ..Self::new() }
    }

    /// Reads the next bytes of the body, in pieces of any size, and returns the compressed bytes that are ready, which
    /// are often none.
    ///
    /// # Errors
    ///
    /// [`Malformed`] at the first fault; every later call returns the same error.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<u8>, Malformed> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        match self.read(bytes) {
            Ok(()) => Ok(self.gzip.take()),
            Err(failure) => {
                self.failure = Some(failure.clone());
                Err(failure)
            }
        }
    }

    /// To be called at the end of the body.
    ///
    /// # Errors
    ///
    /// [`Malformed`] if the array is not complete, or the error of an earlier [`push`](Self::push).
    pub fn finish(self) -> Result<Summary, Malformed> {
        if let Some(failure) = self.failure {
            return Err(failure);
        }
        if let Some(reason) = self.state.unfinished().filter(|_| !self.salvages) {
            return Err(Malformed { offset: self.bytes_in, reason });
        }
        let (tail, bytes_out) = self.gzip.finish();
        Ok(Summary { tail, records: self.records, bytes_in: self.bytes_in, bytes_out })
    }

    fn read(&mut self, mut bytes: &[u8]) -> Result<(), Malformed> {
        while let Some(&next) = bytes.first() {
            let consumed = if let ArrayState::Record(scanner) = &mut self.state {
                let end = scanner.scan(bytes);
                let has_white_space = scanner.saw_white_space();
                match end {
                    Some(end) => {
                        self.end_record(&bytes[..end], has_white_space)?;
                        end
                    }
                    None => {
                        self.partial_record.extend_from_slice(bytes);
                        bytes.len()
                    }
                }
            } else {
                self.state = match self.state.step(next) {
                    Ok(state) => state,
                    Err(_) if self.salvages => self.state.resume(next),
                    Err(reason) => return Err(Malformed { offset: self.bytes_in, reason }),
                };
                // The scanner must see the whole record, so its first byte is not consumed here.
                usize::from(!matches!(self.state, ArrayState::Record(_)))
            };
            self.bytes_in += consumed as u64;
            bytes = &bytes[consumed..];
        }
        Ok(())
    }

    /// Checks the record that ends with `last`, then writes it as a line.
    fn end_record(&mut self, last: &[u8], has_white_space: bool) -> Result<(), Malformed> {
        let start = self.bytes_in - self.partial_record.len() as u64;
        // A record that arrived in one piece is not copied.
        let raw = if self.partial_record.is_empty() {
            last
        } else {
            self.partial_record.extend_from_slice(last);
            &self.partial_record
        };
        if let Err((at, reason)) = record::check(raw) {
            if self.salvages {
                self.partial_record.clear();
                self.state = ArrayState::AfterRecord;
                return Ok(());
            }
            return Err(Malformed { offset: start + at as u64, reason });
        }
        if has_white_space {
            record::without_white_space(raw, |run| self.gzip.write(run));
        } else {
            self.gzip.write(raw);
        }
        self.gzip.write(b"\n");
        self.partial_record.clear();
        self.records += 1;
        self.state = ArrayState::AfterRecord;
        Ok(())
    }
}

impl Default for RecordStream {
    fn default() -> Self {
        Self::new()
    }
}

/// Omits the buffered bytes, which may be secret.
impl fmt::Debug for RecordStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordStream")
            .field("state", &self.state)
            .field("records", &self.records)
            .field("bytes_in", &self.bytes_in)
            .field("failure", &self.failure)
            .finish_non_exhaustive()
    }
}
