use record_stream::{Malformed, Reason};

use crate::archive;

/// Each body must fail at its offset, for its reason, whether it comes whole or byte by byte.
#[track_caller]
fn assert_faults(cases: &[(&[u8], u64, Reason)]) {
    for &(body, offset, reason) in cases {
        let shown = body.escape_ascii();
        let expected = Malformed { offset, reason };
        assert_eq!(archive([body]).unwrap_err(), expected, "whole: {shown}");
        assert_eq!(
            archive(body.chunks(1)).unwrap_err(),
            expected,
            "byte by byte: {shown}"
        );
    }
}

#[test]
fn nothing_is_not_an_array() {
    assert_faults(&[
        (b"", 0, Reason::Empty),
        (b" \r\n", 3, Reason::Empty),
        (b"\xEF\xBB\xBF", 3, Reason::Empty),
        (b"\xEF\xBB\xBF ", 4, Reason::Empty),
    ]);
}

#[test]
fn something_else_is_not_an_array() {
    assert_faults(&[
        (
            br#"{"error":{"code":"AF20051"}}"#,
            0,
            Reason::NotAnArray(b'{'),
        ),
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
fn a_cut_anywhere_is_seen() {
    let body = "\u{feff}[{\"a\":\"\\u00e9é\\\\\",\"b\":[1.5e3,true]} , \"\", 12 ]".as_bytes();
    let first_cut = "\u{feff}[".len();
    for length in first_cut..body.len() {
        assert_faults(&[(&body[..length], length as u64, Reason::Cut)]);
    }
}

#[test]
fn a_cut_byte_order_mark_is_seen() {
    assert_faults(&[(b"\xEF", 1, Reason::Cut), (b"\xEF\xBB", 2, Reason::Cut)]);
}

#[test]
fn commas_part_records() {
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
fn records_begin_like_a_value() {
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
fn words_and_numbers_are_checked() {
    assert_faults(&[
        (b"[tru]", 4, Reason::InvalidRecord),
        (b"[trug]", 4, Reason::InvalidRecord),
        (b"[nullx]", 5, Reason::InvalidRecord),
        (b"[01]", 2, Reason::InvalidRecord),
        (b"[1.]", 3, Reason::InvalidRecord),
        (b"[1e,2]", 3, Reason::InvalidRecord),
        (b"[-]", 2, Reason::InvalidRecord),
        (b"[1-2]", 2, Reason::InvalidRecord),
    ]);
}

#[test]
fn objects_and_arrays_are_checked() {
    assert_faults(&[
        (br#"[1,{"a" 1}]"#, 8, Reason::InvalidRecord),
        (br#"[{"a":1,}]"#, 8, Reason::InvalidRecord),
        (br#"[{a:1}]"#, 2, Reason::InvalidRecord),
        (br#"[{"a":1]]"#, 7, Reason::InvalidRecord),
        (br#"[[1,]]"#, 4, Reason::InvalidRecord),
        (br#"[{"a":1 2}]"#, 8, Reason::InvalidRecord),
    ]);
}

#[test]
fn white_space_in_a_record_counts() {
    assert_faults(&[
        (
            b"[ 1, {\n  \"a\": 1,\n\n  \"b\" 2 } ]",
            24,
            Reason::InvalidRecord,
        ),
        (b"[\n\n{\n}\n,\n[ 1\n\n x ] ]", 15, Reason::InvalidRecord),
    ]);
}

#[test]
fn strings_are_checked() {
    assert_faults(&[
        (b"[\"ab\tc\"]", 4, Reason::InvalidRecord),
        (b"[\"ab\nc\"]", 4, Reason::InvalidRecord),
        (b"[{\n\"a\":\"\n\"}]", 8, Reason::InvalidRecord),
        (br#"["ab\x"]"#, 5, Reason::InvalidRecord),
    ]);
}

#[test]
fn a_bad_hex_escape_is_reported_where_its_digits_end() {
    assert_faults(&[
        (br#"["\u12G4"]"#, 7, Reason::InvalidRecord),
        (br#"["\u12"]"#, 7, Reason::InvalidRecord),
    ]);
}

#[test]
fn strings_are_utf8() {
    assert_faults(&[
        (b"[\"ab\xFF\"]", 4, Reason::InvalidUtf8),
        (b"[1, {\"\xC3(\":1}]", 6, Reason::InvalidUtf8),
        (b"[\"\xED\xA0\x80\"]", 2, Reason::InvalidUtf8),
        (b"[\"\xE2\x82\"]", 2, Reason::InvalidUtf8),
        (b"[\"\xC0\xAF\"]", 2, Reason::InvalidUtf8),
    ]);
}

#[test]
fn of_two_faults_in_a_record_the_first_is_reported() {
    assert_faults(&[
        (b"[{\"\xFF\":x}]", 3, Reason::InvalidUtf8),
        (b"[{\"a\":x,\"\xFF\":1}]", 6, Reason::InvalidRecord),
    ]);
}

#[test]
fn nothing_follows_the_array() {
    assert_faults(&[
        (b"[]]", 2, Reason::TrailingData),
        (b"[1] [2]", 4, Reason::TrailingData),
        (b"[1],", 3, Reason::TrailingData),
        (b"[1]\0", 3, Reason::TrailingData),
        (b"[]\xEF\xBB\xBF", 2, Reason::TrailingData),
    ]);
}

#[test]
fn the_message_names_the_byte_and_the_reason() {
    let failure = archive([&br#"{"error":{}}"#[..]]).unwrap_err();
    assert_eq!(
        failure.to_string(),
        "byte 0 of the body: not a JSON array, '[' was expected and not '{'"
    );
}

#[test]
fn the_message_quotes_no_record() {
    let failure = archive([&br#"[{"Password":"hunter2" "a"}]"#[..]]).unwrap_err();
    assert_eq!(
        failure.to_string(),
        "byte 23 of the body: the record is not valid JSON"
    );
}
