use record_stream::RecordStream;

use crate::bodies::large_body;
use crate::{archive, lines, unzip};

#[test]
fn records_become_lines_in_order() {
    assert_eq!(lines(r#"[{"Id":"b"},{"Id":"a"},{"Id":"b"}]"#), "{\"Id\":\"b\"}\n{\"Id\":\"a\"}\n{\"Id\":\"b\"}\n");
}

#[test]
fn white_space_between_tokens_is_dropped() {
    let pretty = "[\r\n  {\r\n\t\"Id\" : \"a\",\n    \"List\": [ 1 , { } , [ ] ]\n  }\n  ,\n  2\n]\n";
    assert_eq!(lines(pretty), "{\"Id\":\"a\",\"List\":[1,{},[]]}\n2\n");
}

#[test]
fn each_kind_of_white_space_is_dropped_alone() {
    for space in [" ", "\t", "\r", "\n"] {
        assert_eq!(lines(format!("[[1,{space}2]]")), "[1,2]\n", "{space:?}");
    }
}

#[test]
fn white_space_does_not_change_a_large_object() {
    let compact = large_body();
    let pretty = compact.replace("\":\"", "\" :\t\"").replace("\",\"", "\",\n  \"");
    assert!(archive([compact.as_bytes()]).unwrap().0 == archive([pretty.as_bytes()]).unwrap().0);
}

#[test]
fn white_space_does_not_change_the_object() {
    let compact = r#"[{"a":[1,{"b":" x "}]},"y"]"#;
    let pretty = "[ {\n \"a\" : [ 1,\t{ \"b\" : \" x \" } ] } ,\r\n \"y\" ]";
    assert_eq!(archive([compact.as_bytes()]).unwrap().0, archive([pretty.as_bytes()]).unwrap().0);
}

#[test]
fn white_space_in_strings_is_kept() {
    let record = r#"{"a b":"  two  ","quoted \" :  {":"\\","last":" "}"#;
    assert_eq!(lines(format!("[ {record} ]")), format!("{record}\n"));
}

#[test]
fn a_record_is_not_rewritten() {
    let record = r#"{"z":1.0e+0,"a":-0,"n":12345678901234567890123,"h":1e999,"e":"\/\u00e9é😀","a":2,"a":null}"#;
    assert_eq!(lines(format!("[{record}]")), format!("{record}\n"));
}

#[test]
fn any_value_is_a_record() {
    assert_eq!(lines(r#"[1,"a",null,true,false,-1.5e3,[],{},""]"#).lines().count(), 9);
}

#[test]
fn lone_surrogate_escapes_are_kept() {
    let record = r#"{"cut":"\ud83d","low":"\ude00","swapped":"\ude00\ud83d","high":"\ud83dx"}"#;
    assert_eq!(lines(format!("[{record}]")), format!("{record}\n"));
}

#[test]
fn nesting_has_no_limit() {
    let record = format!("{}{}", "[".repeat(1_000_000), "]".repeat(1_000_000));
    assert_eq!(lines(format!("[{record}]")), format!("{record}\n"));
}

#[test]
fn white_space_and_byte_order_mark_are_skipped() {
    assert_eq!(lines("\u{feff} \r\n\t[1] \r\n\t"), "1\n");
}

#[test]
fn an_empty_array_is_an_empty_object() {
    let (object, summary) = archive([&b"[ ]"[..]]).unwrap();
    assert_eq!(unzip(&object), "");
    assert_eq!(summary.records, 0);
}

#[test]
fn a_record_can_be_larger_than_any_buffer() {
    let record = format!(r#"{{"Data":"{}"}}"#, "x\\\"".repeat(500_000));
    let body = format!("[{record}]");
    let (object, _) = archive(body.as_bytes().chunks(1000)).unwrap();
    assert_eq!(unzip(&object), format!("{record}\n"));
}

#[test]
fn summary_has_the_totals() {
    let body = "\u{feff}[1, {} ]\n";
    let (object, summary) = archive(body.as_bytes().chunks(2)).unwrap();
    assert_eq!(summary.records, 2);
    assert_eq!(summary.bytes_in, body.len() as u64);
    assert_eq!(summary.bytes_out, object.len() as u64);
}

#[test]
fn summary_counts_bytes_returned_early() {
    let (object, summary) = archive(large_body().as_bytes().chunks(5000)).unwrap();
    assert_eq!(summary.bytes_out, object.len() as u64);
}

#[test]
fn gzip_header_has_no_name_or_time() {
    let (object, _) = archive([&b"[1]"[..]]).unwrap();
    assert_eq!(object[..8], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0]);
}

#[test]
fn push_returns_compressed_bytes_early() {
    let mut stream = RecordStream::new();
    assert!(!stream.push(large_body().as_bytes()).unwrap().is_empty());
}

#[test]
fn empty_pieces_change_nothing() {
    let pieces: [&[u8]; 5] = [b"", b"[1", b"", b"]", b""];
    assert_eq!(archive(pieces).unwrap().0, archive([&b"[1]"[..]]).unwrap().0);
}

#[test]
fn pieces_of_one_byte_give_the_same_object() {
    let body = large_body();
    let whole = archive([body.as_bytes()]).unwrap();
    assert_eq!(archive(body.as_bytes().chunks(1)).unwrap(), (whole.0, whole.1));
}

#[test]
fn debug_shows_no_record() {
    let mut stream = RecordStream::new();
    stream.push(br#"[{"Password":"hunter2"},{"Password":"hunt"#).unwrap();
    assert!(!format!("{stream:?}").contains("hunt"));
}
