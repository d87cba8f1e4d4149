//! Malformed records.

use bytes::Bytes;

use crate::{http::body::RecordsBody, records::slice::Content};

/// What makes a record malformed. All but one stand in a last member that is added to the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordDefect {
    /// No comma between two objects of an array.
    MissingComma,
    /// A byte in a string that is not UTF-8.
    InvalidUtf8,
    /// U+0000 in a string, not escaped.
    RawNul,
    /// A line feed in a string, not escaped.
    RawLineFeed,
    /// `NaN` as a value.
    NotANumber,
    /// A quotation mark in a string, not escaped.
    UnescapedQuote,
    /// The record's closing brace is missing.
    Unclosed,
}

/// Puts a defect into the record at `position`, or into the last one.
pub(crate) fn break_record(body: &mut RecordsBody, position: usize, defect: RecordDefect) {
    let count = body.count();
    let mut position = u64::try_from(position).unwrap_or(u64::MAX).min(count.saturating_sub(1));
    for content in &mut body.slices {
        if position < content.count() {
            let index = usize::try_from(position).unwrap_or(usize::MAX);
            let records = content
                .iter()
                .enumerate()
                .map(|(at, record)| if at == index { broken(&record, defect) } else { record });
            *content = Content::Records(records.collect());
            return;
        }
        position -= content.count();
    }
}

fn broken(record: &[u8], defect: RecordDefect) -> Bytes {
    let value: &[u8] = match defect {
        RecordDefect::MissingComma => br#"[{"a":1}{"a":2}]"#,
        RecordDefect::InvalidUtf8 => b"\"a\xffb\"",
        RecordDefect::RawNul => b"\"a\0b\"",
        RecordDefect::RawLineFeed => b"\"a\nb\"",
        RecordDefect::NotANumber => b"NaN",
        RecordDefect::UnescapedQuote => br#""a"b""#,
        RecordDefect::Unclosed => {
            let end = record.iter().rposition(|&byte| byte == b'}').unwrap_or(record.len());
            return Bytes::copy_from_slice(record.get(..end).unwrap_or_default());
        }
    };
    let end = record.iter().rposition(|&byte| byte == b'}').unwrap_or(record.len());
    let (members, brace) = record.split_at(end);
    Bytes::from([members, br#","Defect":"#, value, brace].concat())
}
