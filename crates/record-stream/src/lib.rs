//! Bytes of a JSON array of audit records in, gzip JSON Lines out, piece by piece.
//!
//! No IO and no async: the caller brings the bytes and takes the compressed ones away. Memory is bounded by the largest
//! single record and a few fixed buffers, whatever the size of the array.
//!
//! - A record is written as it was received, less the white space outside its strings, on its own line, in order.
//! - A record counts once it is complete, valid JSON and valid UTF-8. Any JSON value is a record, at any depth, and an
//!   escape need not make a character: lone surrogates are kept.
//! - The same bytes give the same output, in whatever pieces they arrive, until flate2 or its backend changes.
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

pub use malformed::{Malformed, Reason};
pub use stream::RecordStream;
pub use summary::Summary;
