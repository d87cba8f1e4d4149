//! The stream's public behaviour: examples, malformed bodies with their offsets, and properties.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod bodies;
mod examples;
mod invalid_records;
mod malformed;
mod properties;
mod salvage;

use std::io::Read;

use flate2::read::GzDecoder;
use record_stream::{Malformed, Reason, RecordStream, Summary};

/// Streams `pieces` and returns the whole object and the summary.
fn archive<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Result<(Vec<u8>, Summary), Malformed> {
    let mut stream = RecordStream::new();
    let mut object = Vec::new();
    for piece in pieces {
        object.extend(stream.push(piece)?);
    }
    let summary = stream.finish()?;
    object.extend(&summary.tail);
    Ok((object, summary))
}

/// The text of a gzip object, which must be exactly one complete member.
fn unzip(object: &[u8]) -> String {
    let mut member = GzDecoder::new(object);
    let mut text = String::new();
    member.read_to_string(&mut text).unwrap();
    assert!(member.into_inner().is_empty(), "bytes after the gzip member");
    text
}

/// The lines of the object for `body`, streamed in one piece.
fn lines(body: impl AsRef<[u8]>) -> String {
    unzip(&archive([body.as_ref()]).unwrap().0)
}

/// Asserts that each body fails at its offset and for its reason, in one piece and byte by byte.
#[track_caller]
fn assert_faults(cases: &[(&[u8], u64, Reason)]) {
    for &(body, offset, reason) in cases {
        let shown = body.escape_ascii();
        let expected = Malformed { offset, reason };
        assert_eq!(archive([body]).unwrap_err(), expected, "whole: {shown}");
        assert_eq!(archive(body.chunks(1)).unwrap_err(), expected, "byte by byte: {shown}");
    }
}
