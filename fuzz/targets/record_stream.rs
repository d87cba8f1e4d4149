//! Every body of a content blob, in one piece and in two.
#![no_main]

use libfuzzer_sys::fuzz_target;
use record_stream::{Malformed, RecordStream};
use serde_json::value::RawValue;

/// The object, and how many records are in it.
fn read(mut stream: RecordStream, pieces: [&[u8]; 2]) -> Result<(Vec<u8>, u64), Malformed> {
    let mut object = Vec::new();
    for piece in pieces {
        object.extend(stream.push(piece)?);
    }
    let summary = stream.finish()?;
    object.extend(summary.tail);
    Ok((object, summary.records))
}

fuzz_target!(|input: (u8, &[u8])| {
    let (cut, body) = input;
    let (start, rest) = body.split_at(body.len().min(cut.into()));
    let whole = read(RecordStream::new(), [body, &[]]);
    assert_eq!(whole, read(RecordStream::new(), [start, rest]));

    let without_mark = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    let expected = serde_json::from_slice::<Vec<&RawValue>>(without_mark);
    assert_eq!(whole.is_ok(), expected.is_ok(), "{whole:?}, {expected:?}");

    let (_, salvaged) = read(RecordStream::salvaging(), [start, rest]).expect("salvaging never fails");
    if let Ok((_, records)) = whole {
        assert_eq!(records, expected.unwrap().len() as u64);
        assert_eq!(records, salvaged);
    }
});
