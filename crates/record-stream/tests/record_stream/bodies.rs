//! Generators of bodies: arbitrary ones, almost valid ones, and ways to cut them.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::Value;

pub(crate) fn value() -> impl Strategy<Value = Value> {
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
            vec((text(), inner), 0..6).prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Style {
    Compact,
    Pretty,
    Ragged,
}

pub(crate) fn style() -> impl Strategy<Value = Style> {
    select(vec![Style::Compact, Style::Pretty, Style::Ragged])
}

pub(crate) fn body_of(records: &[Value], style: Style) -> Vec<u8> {
    let pretty = || serde_json::to_string_pretty(records).unwrap();
    match style {
        Style::Compact => serde_json::to_vec(records).unwrap(),
        Style::Pretty => pretty().into_bytes(),
        // A line break inside a string is always escaped.
        Style::Ragged => pretty().replace('\n', "\t\r\n\n ").into_bytes(),
    }
}

pub(crate) fn body() -> impl Strategy<Value = Vec<u8>> {
    (vec(value(), 0..6), style()).prop_map(|(records, style)| body_of(&records, style))
}

/// Random tokens of JSON and of almost JSON inside the brackets of an array.
pub(crate) fn soup() -> impl Strategy<Value = Vec<u8>> {
    let tokens = r#"[|]|{|}|,|,|:| |\n|1|0|-|.5|e|null|true|"|"a"|"a":|\|"\""|\t|x|{}|[]|{"a":1}|1,|é"#;
    let tokens = tokens.replace(r"\n", "\n").replace(r"\t", "\t");
    let token = select(tokens.split('|').map(str::to_owned).collect::<Vec<_>>());
    vec(token, 0..12).prop_map(|tokens| format!("[{}]", tokens.concat()).into_bytes())
}

pub(crate) fn cut<'a>(body: &'a [u8], cuts: &[Index]) -> Vec<&'a [u8]> {
    let mut at: Vec<_> = cuts.iter().map(|cut| cut.index(body.len() + 1)).collect();
    at.extend([0, body.len()]);
    at.sort_unstable();
    at.windows(2).map(|pair| &body[pair[0]..pair[1]]).collect()
}

pub(crate) fn mutate(body: &mut Vec<u8>, mutations: &[(Index, u8, u8)]) {
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

pub(crate) fn mutations() -> impl Strategy<Value = Vec<(Index, u8, u8)>> {
    let byte = prop_oneof![any::<u8>(), select(b"[]{},:\"\\ \n\tu0-.eE+tfn".to_vec())];
    vec((any::<Index>(), 0..3u8, byte), 1..4)
}

/// A body of more than one compressor block, whose records look alike but do not repeat.
pub(crate) fn large_body() -> String {
    let record = |n: u64| {
        let id = n.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        format!(r#"{{"Id":"{id:016x}","Operation":"FileAccessed","UserId":"user{n}@example.com"}}"#)
    };
    let records: Vec<_> = (0..6000).map(record).collect();
    format!("[{}]", records.join(","))
}
