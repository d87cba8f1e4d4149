//! Converts a JSON array of audit records to gzip JSON Lines, piece by piece and in bounded memory.
//!
//! No IO and no async: the caller passes in the bytes and takes the compressed ones. Memory is bounded by the largest
//! single record and a few fixed buffers, whatever the size of the array.
//!
//! - Each record is written on its own line, in order, exactly as received except for white space outside strings.
//! - A record must be complete, valid JSON and valid UTF-8. Any JSON value is a record, nested to any depth. Lone
//!   surrogate escapes, which are not characters, are accepted and preserved.
//! - The same bytes give the same output, whatever the pieces in which they arrive, until flate2 or its backend
//!   changes.
//!
//! ```
//! use record_stream::RecordStream;
//!
//! let mut stream = RecordStream::new();
//! let mut object = stream.push(br#"[{"Id": 1}, {"I"#)?;
//! object.extend(stream.push(br#"d": 2}]"#)?);
//! let summary = stream.finish()?;
//! object.extend(&summary.tail);
//! assert_eq!(summary.records, 2);
//! assert_eq!(summary.bytes_out, object.len() as u64);
//! # Ok::<(), record_stream::Malformed>(())
//! ```

mod array_state;
mod gzip;
mod malformed;
mod record;
mod scanner;
mod stream;
mod summary;

pub use gzip::Gzip;
pub use malformed::{Malformed, Reason};
pub use stream::RecordStream;
pub use summary::Summary;
