use std::fmt;

use crate::array_state::ArrayState;
use crate::gzip::Gzip;
use crate::{Malformed, Summary, record};

/// Turns the bytes of one JSON array into gzip JSON Lines; see the crate for what is written.
///
/// What each [`push`](Self::push) returns, then the tail from [`finish`](Self::finish), is the whole object. After an
/// error the stream stays failed, and the bytes it gave out before are no object.
pub struct RecordStream {
    state: ArrayState,
    /// The part of the current record that came in earlier pushes.
    begun: Vec<u8>,
    gzip: Gzip,
    records: u64,
    bytes_in: u64,
    failure: Option<Malformed>,
}

impl RecordStream {
    /// A stream that has read nothing.
    pub fn new() -> Self {
        Self {
            state: ArrayState::Mark(0),
            begun: Vec::new(),
            gzip: Gzip::new(),
            records: 0,
            bytes_in: 0,
            failure: None,
        }
    }

    /// Reads the next bytes of the body, however many, and returns the compressed bytes that are ready: often none.
    ///
    /// # Errors
    ///
    /// [`Malformed`] at the first fault; every later call returns the same.
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

    /// Ends the body.
    ///
    /// # Errors
    ///
    /// [`Malformed`] if the array is not complete, or what an earlier [`push`](Self::push) returned.
    pub fn finish(self) -> Result<Summary, Malformed> {
        if let Some(failure) = self.failure {
            return Err(failure);
        }
        if let Some(reason) = self.state.unfinished() {
            return Err(Malformed { offset: self.bytes_in, reason });
        }
        let (tail, bytes_out) = self.gzip.finish();
        Ok(Summary { tail, records: self.records, bytes_in: self.bytes_in, bytes_out })
    }

    fn read(&mut self, mut bytes: &[u8]) -> Result<(), Malformed> {
        while let Some(&next) = bytes.first() {
            let taken = if let ArrayState::Record(scanner) = &mut self.state {
                let end = scanner.scan(bytes);
                let spaced = scanner.saw_white_space();
                match end {
                    Some(end) => {
                        self.end_record(&bytes[..end], spaced)?;
                        end
                    }
                    None => {
                        self.begun.extend_from_slice(bytes);
                        bytes.len()
                    }
                }
            } else {
                self.state = self.state.step(next).map_err(|reason| Malformed { offset: self.bytes_in, reason })?;
                // The first byte of a record is the scanner's to take.
                usize::from(!matches!(self.state, ArrayState::Record(_)))
            };
            self.bytes_in += taken as u64;
            bytes = &bytes[taken..];
        }
        Ok(())
    }

    /// Checks the record that ends with `last`, then writes it as a line.
    fn end_record(&mut self, last: &[u8], spaced: bool) -> Result<(), Malformed> {
        let start = self.bytes_in - self.begun.len() as u64;
        // A record that came whole is used where it lies.
        let raw = if self.begun.is_empty() {
            last
        } else {
            self.begun.extend_from_slice(last);
            &self.begun
        };
        record::check(raw).map_err(|(at, reason)| Malformed { offset: start + at as u64, reason })?;
        if spaced {
            record::without_white_space(raw, |run| self.gzip.write(run));
        } else {
            self.gzip.write(raw);
        }
        self.gzip.write(b"\n");
        self.begun.clear();
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

/// Figures only: what is buffered may be secret.
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
