use record_stream::{Reason, RecordStream};

use crate::{archive, assert_faults};

#[test]
fn rejects_an_empty_body() {
    assert_faults(&[
        (b"", 0, Reason::Empty),
        (b" \r\n", 3, Reason::Empty),
        (b"\xEF\xBB\xBF", 3, Reason::Empty),
        (b"\xEF\xBB\xBF ", 4, Reason::Empty),
    ]);
}

#[test]
fn rejects_a_body_that_is_not_an_array() {
    assert_faults(&[
        (br#"{"error":{"code":"AF20051"}}"#, 0, Reason::NotAnArray(b'{')),
        (b"<!DOCTYPE html>", 0, Reason::NotAnArray(b'<')),
        (b"  null", 2, Reason::NotAnArray(b'n')),
        (b"]", 0, Reason::NotAnArray(b']')),
        (b"\x1F\x8B\x08", 0, Reason::NotAnArray(0x1F)),
        (b"\xEF\xBB[1]", 2, Reason::NotAnArray(b'[')),
        (b"\xEF\xBB\xBF{}", 3, Reason::NotAnArray(b'{')),
        (b"\xEF\xBB\xBF\xEF\xBB\xBF[]", 3, Reason::NotAnArray(0xEF)),
        (b" \xEF\xBB\xBF[]", 1, Reason::NotAnArray(0xEF)),
    ]);
}

#[test]
fn detects_a_cut_anywhere() {
    let body = "\u{feff}[{\"a\":\"\\u00e9é\\\\\",\"b\":[1.5e3,true]} , \"\", 12 ]".as_bytes();
    let first_length = "\u{feff}[".len();
    for length in first_length..body.len() {
        assert_faults(&[(&body[..length], length as u64, Reason::Cut)]);
    }
}

#[test]
fn detects_a_cut_byte_order_mark() {
    assert_faults(&[(b"\xEF", 1, Reason::Cut), (b"\xEF\xBB", 2, Reason::Cut)]);
}

#[test]
fn requires_one_comma_between_records() {
    assert_faults(&[
        (b"[,]", 1, Reason::UnexpectedByte(b',')),
        (b"[1,]", 3, Reason::UnexpectedByte(b']')),
        (b"[1,,2]", 3, Reason::UnexpectedByte(b',')),
        (b"[ 1 2]", 4, Reason::UnexpectedByte(b'2')),
        (b"[{}{}]", 3, Reason::UnexpectedByte(b'{')),
        (b"[\"\"\"\"]", 3, Reason::UnexpectedByte(b'"')),
        (b"[1\"\"]", 2, Reason::UnexpectedByte(b'"')),
        (b"[1[]]", 2, Reason::UnexpectedByte(b'[')),
        (b"[1;2]", 2, Reason::UnexpectedByte(b';')),
        (b"[1\0]", 2, Reason::UnexpectedByte(0)),
    ]);
}

#[test]
fn a_record_must_begin_like_a_value() {
    assert_faults(&[
        (b"[<html>]", 1, Reason::UnexpectedByte(b'<')),
        (b"[}", 1, Reason::UnexpectedByte(b'}')),
        (b"[1, :", 4, Reason::UnexpectedByte(b':')),
        (b"['a']", 1, Reason::UnexpectedByte(b'\'')),
        (b"[NaN]", 1, Reason::UnexpectedByte(b'N')),
        (b"[+1]", 1, Reason::UnexpectedByte(b'+')),
        (b"[\xFF]", 1, Reason::UnexpectedByte(0xFF)),
        (b"[\xEF\xBB\xBF1]", 1, Reason::UnexpectedByte(0xEF)),
    ]);
}

#[test]
fn rejects_trailing_data() {
    assert_faults(&[
        (b"[]]", 2, Reason::TrailingData),
        (b"[1] [2]", 4, Reason::TrailingData),
        (b"[1],", 3, Reason::TrailingData),
        (b"[1]\0", 3, Reason::TrailingData),
        (b"[]\xEF\xBB\xBF", 2, Reason::TrailingData),
    ]);
}

#[test]
fn message_names_the_byte_and_the_reason() {
    let failure = archive([&br#"{"error":{}}"#[..]]).unwrap_err();
    assert_eq!(failure.to_string(), "byte 0 of the body: not a JSON array: expected '[', found '{'");
}

#[test]
fn message_never_quotes_a_record() {
    let failure = archive([&br#"[{"Password":"hunter2" "a"}]"#[..]]).unwrap_err();
    assert_eq!(failure.to_string(), "byte 23 of the body: the record is not valid JSON");
}

#[test]
fn after_an_error_push_repeats_it() {
    let mut stream = RecordStream::new();
    let first = stream.push(b"[1,]").unwrap_err();
    assert_eq!(stream.push(b"[1]").unwrap_err(), first);
}

#[test]
fn after_an_error_finish_repeats_it() {
    let mut stream = RecordStream::new();
    let first = stream.push(b"[1,]").unwrap_err();
    assert_eq!(stream.finish().unwrap_err(), first);
}
