use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use record_stream::Reason;
use serde_json::value::{RawValue, Value};

use crate::{archive, large_body, unzip};

fn value() -> impl Strategy<Value = Value> {
    let text = || prop_oneof![".{0,12}", r#"[ \\"/\n\t\u{0}{}\[\],:é😀]{0,12}"#];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 6, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::from),
            vec((text(), inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

#[derive(Debug, Clone, Copy)]
enum Style {
    Compact,
    Pretty,
    Ragged,
}

fn style() -> impl Strategy<Value = Style> {
    select(vec![Style::Compact, Style::Pretty, Style::Ragged])
}

fn body_of(records: &[Value], style: Style) -> Vec<u8> {
    let pretty = || serde_json::to_string_pretty(records).unwrap();
    match style {
        Style::Compact => serde_json::to_vec(records).unwrap(),
        Style::Pretty => pretty().into_bytes(),
        // A line break inside a string is always escaped.
        Style::Ragged => pretty().replace('\n', "\t\r\n\n ").into_bytes(),
    }
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    (vec(value(), 0..6), style()).prop_map(|(records, style)| body_of(&records, style))
}

/// Pieces of JSON and of what is nearly JSON, thrown together into something like an array.
fn soup() -> impl Strategy<Value = Vec<u8>> {
    let token = select(vec![
        "[",
        "]",
        "{",
        "}",
        ",",
        ",",
        ":",
        " ",
        "\n",
        "1",
        "0",
        "-",
        ".5",
        "e",
        "null",
        "true",
        "\"",
        "\"a\"",
        "\"a\":",
        "\\",
        "\"\\\"\"",
        "\t",
        "x",
        "{}",
        "[]",
        "{\"a\":1}",
        "1,",
        "é",
    ]);
    vec(token, 0..12).prop_map(|tokens| format!("[{}]", tokens.concat()).into_bytes())
}

fn cut<'a>(body: &'a [u8], cuts: &[Index]) -> Vec<&'a [u8]> {
    let mut at: Vec<_> = cuts.iter().map(|cut| cut.index(body.len() + 1)).collect();
    at.extend([0, body.len()]);
    at.sort_unstable();
    at.windows(2).map(|pair| &body[pair[0]..pair[1]]).collect()
}

fn mutate(body: &mut Vec<u8>, mutations: &[(Index, u8, u8)]) {
    for (at, kind, byte) in mutations {
        let at = at.index(body.len());
        match kind {
            0 => body[at] = *byte,
            1 => body.insert(at, *byte),
            _ if body.len() > 1 => drop(body.remove(at)),
            _ => {}
        }
    }
}

fn mutations() -> impl Strategy<Value = Vec<(Index, u8, u8)>> {
    let byte = prop_oneof![any::<u8>(), select(b"[]{},:\"\\ \n\tu0-.eE+tfn".to_vec())];
    vec((any::<Index>(), 0..3u8, byte), 1..4)
}

fn is_array_of_values(body: &[u8]) -> bool {
    serde_json::from_slice::<Vec<&RawValue>>(body).is_ok()
}

/// Where serde_json stops when it reads the whole body byte by byte.
fn serde_offset(body: &[u8]) -> Option<u64> {
    let error = serde_json::from_reader::<_, Vec<Box<RawValue>>>(body).err()?;
    let lines = body
        .split_inclusive(|&byte| byte == b'\n')
        .take(error.line() - 1);
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
    fn every_proper_prefix_is_a_cut(body in body()) {
        for length in 1..body.len() {
            let failure = archive([&body[..length]]).unwrap_err();
            prop_assert_eq!((failure.offset, failure.reason), (length as u64, Reason::Cut));
        }
    }

    #[test]
    fn mutated_bodies_are_judged_as_serde_json_does(mut body in body(), mutations in mutations()) {
        mutate(&mut body, &mutations);
        prop_assert_eq!(archive([&*body]).is_ok(), is_array_of_values(&body), "{}", body.escape_ascii());
    }

    #[test]
    fn what_serde_json_can_build_is_accepted(mut body in body(), mutations in mutations()) {
        mutate(&mut body, &mutations);
        let built = serde_json::from_slice::<Vec<Value>>(&body).is_ok();
        prop_assert!(!built || archive([&*body]).is_ok(), "{}", body.escape_ascii());
    }

    #[test]
    fn any_bytes_are_judged_as_serde_json_does(body in vec(any::<u8>(), 0..40)) {
        prop_assert_eq!(archive([&*body]).is_ok(), is_array_of_values(&body), "{}", body.escape_ascii());
    }

    #[test]
    fn pieces_do_not_show_in_the_verdict(
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
    fn soup_is_judged_as_serde_json_does(body in soup()) {
        prop_assert_eq!(archive([&*body]).is_ok(), is_array_of_values(&body), "{}", body.escape_ascii());
    }

    #[test]
    fn faults_are_where_serde_json_stops(body in soup()) {
        if let Err(failure) = archive([&*body])
            // An unfinished record is not looked into.
            && failure.reason != Reason::Cut
        {
            prop_assert_eq!(Some(failure.offset), serde_offset(&body), "{}", body.escape_ascii());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn pieces_do_not_show_in_a_large_object(cuts in vec(any::<Index>(), 0..200)) {
        let body = large_body();
        prop_assert!(archive(cut(body.as_bytes(), &cuts)) == archive([body.as_bytes()]));
    }
}
