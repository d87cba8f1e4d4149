use record_stream::Reason;

use crate::assert_faults;

#[test]
fn checks_literals_and_numbers() {
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
fn checks_objects_and_arrays() {
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
fn offset_includes_white_space_in_a_record() {
    assert_faults(&[
        (b"[ 1, {\n  \"a\": 1,\n\n  \"b\" 2 } ]", 24, Reason::InvalidRecord),
        (b"[\n\n{\n}\n,\n[ 1\n\n x ] ]", 15, Reason::InvalidRecord),
    ]);
}

#[test]
fn checks_strings() {
    assert_faults(&[
        (b"[\"ab\tc\"]", 4, Reason::InvalidRecord),
        (b"[\"ab\nc\"]", 4, Reason::InvalidRecord),
        (b"[{\n\"a\":\"\n\"}]", 8, Reason::InvalidRecord),
        (br#"["ab\x"]"#, 5, Reason::InvalidRecord),
    ]);
}

#[test]
fn reports_an_invalid_hex_escape_after_its_digits() {
    assert_faults(&[(br#"["\u12G4"]"#, 7, Reason::InvalidRecord), (br#"["\u12"]"#, 7, Reason::InvalidRecord)]);
}

#[test]
fn checks_that_strings_are_utf8() {
    assert_faults(&[
        (b"[\"ab\xFF\"]", 4, Reason::InvalidUtf8),
        (b"[1, {\"\xC3(\":1}]", 6, Reason::InvalidUtf8),
        (b"[\"\xED\xA0\x80\"]", 2, Reason::InvalidUtf8),
        (b"[\"\xE2\x82\"]", 2, Reason::InvalidUtf8),
        (b"[\"\xC0\xAF\"]", 2, Reason::InvalidUtf8),
    ]);
}

#[test]
fn reports_the_first_of_two_faults() {
    assert_faults(&[
        (b"[{\"\xFF\":x}]", 3, Reason::InvalidUtf8),
        (b"[{\"a\":x,\"\xFF\":1}]", 6, Reason::InvalidRecord),
    ]);
}
