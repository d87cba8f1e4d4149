use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use record_stream::{Malformed, Reason};
use serde_json::value::{RawValue, Value};

use crate::bodies::{Style, body, body_of, cut, large_body, mutate, mutations, soup, style, value};
use crate::{archive, unzip};

fn is_array_of_values(body: &[u8]) -> bool {
    serde_json::from_slice::<Vec<&RawValue>>(body).is_ok()
}

/// Where serde_json stops when it reads the whole body byte by byte.
fn serde_offset(body: &[u8]) -> Option<u64> {
    let error = serde_json::from_reader::<_, Vec<Box<RawValue>>>(body).err()?;
    let lines = body.split_inclusive(|&byte| byte == b'\n').take(error.line() - 1);
    Some((lines.map(<[u8]>::len).sum::<usize>() + error.column() - 1) as u64)
}

proptest! {
    #[test]
    fn lines_are_the_compact_records(
        records in vec(value(), 0..6),
        style in style(),
        cuts in vec(any::<Index>(), 0..8),
    ) {
        let body = body_of(&records, style);
        let expected: String = records.iter().map(|record| format!("{record}\n")).collect();
        prop_assert_eq!(unzip(&archive(cut(&body, &cuts)).unwrap().0), expected);
    }

    #[test]
    fn every_record_is_counted(records in vec(value(), 0..6)) {
        let (_, summary) = archive([&*body_of(&records, Style::Compact)]).unwrap();
        prop_assert_eq!(summary.records, records.len() as u64);
    }

    #[test]
    fn every_proper_prefix_is_reported_as_cut(body in body()) {
        for length in 1..body.len() {
            let failure = archive([&body[..length]]).unwrap_err();
            prop_assert_eq!(failure, Malformed { offset: length as u64, reason: Reason::Cut });
        }
    }

    #[test]
    fn agrees_with_serde_json_on_mutated_bodies(mut body in body(), mutations in mutations()) {
        mutate(&mut body, &mutations);
        prop_assert_eq!(archive([&*body]).is_ok(), is_array_of_values(&body), "{}", body.escape_ascii());
    }

    #[test]
    fn accepts_all_that_serde_json_can_build(mut body in body(), mutations in mutations()) {
        mutate(&mut body, &mutations);
        let built = serde_json::from_slice::<Vec<Value>>(&body).is_ok();
        prop_assert!(!built || archive([&*body]).is_ok(), "{}", body.escape_ascii());
    }

    #[test]
    fn agrees_with_serde_json_on_arbitrary_bytes(body in vec(any::<u8>(), 0..40)) {
        prop_assert_eq!(archive([&*body]).is_ok(), is_array_of_values(&body), "{}", body.escape_ascii());
    }

    #[test]
    fn pieces_do_not_change_the_result(
        mut body in body(),
        mutations in mutations(),
        cuts in vec(any::<Index>(), 0..8),
    ) {
        mutate(&mut body, &mutations);
        prop_assert_eq!(archive(cut(&body, &cuts)), archive([&*body]));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn agrees_with_serde_json_on_token_soup(body in soup()) {
        prop_assert_eq!(archive([&*body]).is_ok(), is_array_of_values(&body), "{}", body.escape_ascii());
    }

    #[test]
    fn reports_the_offset_where_serde_json_stops(body in soup()) {
        if let Err(failure) = archive([&*body])
            // A record that is cut off is not checked.
            && failure.reason != Reason::Cut
        {
            prop_assert_eq!(Some(failure.offset), serde_offset(&body), "{}", body.escape_ascii());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn pieces_do_not_change_a_large_object(cuts in vec(any::<Index>(), 0..200)) {
        let body = large_body();
        prop_assert!(archive(cut(body.as_bytes(), &cuts)) == archive([body.as_bytes()]));
    }
}
