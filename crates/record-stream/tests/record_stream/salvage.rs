//! The whole records of a malformed body.

use std::io::Read;

use flate2::read::GzDecoder;
use proptest::prelude::*;
use record_stream::RecordStream;

fn salvaged(pieces: &[&[u8]]) -> Vec<String> {
    let mut stream = RecordStream::salvaging();
    let mut object = Vec::new();
    for piece in pieces {
        object.extend(stream.push(piece).unwrap());
    }
    let summary = stream.finish().unwrap();
    object.extend(&summary.tail);
    let mut text = String::new();
    GzDecoder::new(object.as_slice()).read_to_string(&mut text).unwrap();
    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
    assert_eq!(lines.len() as u64, summary.records);
    lines
}

#[test]
fn keeps_the_records_around_a_broken_one() {
    let broken: [&[u8]; 6] = [
        br#"{"Id":"b","A":[{"a":1}{"a":2}]}"#,
        b"{\"Id\":\"\xFF\"}",
        b"{\"Id\":\"\0\"}",
        b"{\"Id\":\"a\nb\"}",
        br#"{"Id":NaN}"#,
        br#"{"Id":tru}"#,
    ];
    for record in broken {
        let body = [br#"[{"Id":"a"},"#, record, br#",{"Id":"c"}]"#].concat();
        assert_eq!(salvaged(&[&body]), [r#"{"Id":"a"}"#, r#"{"Id":"c"}"#], "{}", record.escape_ascii());
    }
}

#[test]
fn keeps_whole_records_of_a_cut_body() {
    assert_eq!(salvaged(&[br#"[{"Id":"a"},{"Id":"b"},{"Id"#]), [r#"{"Id":"a"}"#, r#"{"Id":"b"}"#]);
}

#[test]
fn keeps_records_without_a_comma_between_them() {
    assert_eq!(
        salvaged(&[br#"[{"Id":"a"}{"Id":"b"},,{"Id":"c"}]]"#]),
        [r#"{"Id":"a"}"#, r#"{"Id":"b"}"#, r#"{"Id":"c"}"#]
    );
}

#[test]
fn finds_nothing_in_a_web_page() {
    assert_eq!(salvaged(&[b"<html><body>Service Unavailable</body></html>"]), [""; 0]);
}

proptest! {
    #[test]
    fn any_bytes_in_any_pieces_salvage_valid_records_only(bytes in prop::collection::vec(any::<u8>(), 0..200), at in any::<prop::sample::Index>()) {
        let whole = salvaged_bytes(&[&bytes]);
        let (first, second) = bytes.split_at(at.index(bytes.len() + 1));
        prop_assert_eq!(&whole, &salvaged_bytes(&[first, second]));
        for line in whole.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            prop_assert!(serde_json::from_slice::<&serde_json::value::RawValue>(line).is_ok());
        }
    }

    #[test]
    fn salvages_all_of_a_well_formed_body(numbers in prop::collection::vec(any::<u32>(), 0..50)) {
        let records: Vec<String> = numbers.iter().map(|number| format!(r#"{{"Id":{number}}}"#)).collect();
        let body = format!("[{}]", records.join(","));
        prop_assert_eq!(salvaged(&[body.as_bytes()]), records);
    }
}

fn salvaged_bytes(pieces: &[&[u8]]) -> Vec<u8> {
    let mut stream = RecordStream::salvaging();
    let mut object = Vec::new();
    for piece in pieces {
        object.extend(stream.push(piece).unwrap());
    }
    object.extend(stream.finish().unwrap().tail);
    let mut text = Vec::new();
    GzDecoder::new(object.as_slice()).read_to_end(&mut text).unwrap();
    text
}
