//! Secrets that were pasted with more than their values.

use collector::tenant::Tenant;
use serde_json::json;
use testkit::TENANT;

use super::{CLIENT_ID, GUID, parse, problems, required, with};

#[test]
fn ignores_a_byte_order_mark_before_the_json() {
    let with_mark = |json: &str| Tenant::parse("m365/contoso", &format!("\u{feff}{json}"));
    let secret = required().to_string();
    assert_eq!(with_mark(&secret), Tenant::parse("m365/contoso", &secret));
    assert_eq!(with_mark(&format!("\r\n{secret}")).unwrap().id, TENANT);
    assert_eq!(with_mark("{").unwrap_err().problems, ["its value is not JSON (line 1, column 1)"]);
}

#[test]
fn names_invisible_characters_and_what_to_do() {
    for (character, name) in [
        ('\u{200b}', "U+200B zero-width space"),
        ('\u{200c}', "U+200C zero-width non-joiner"),
        ('\u{200d}', "U+200D zero-width joiner"),
        ('\u{a0}', "U+00A0 non-breaking space"),
        ('\u{202f}', "U+202F non-breaking space"),
        ('\u{ad}', "U+00AD soft hyphen"),
        ('\u{200e}', "U+200E bidirectional mark"),
        ('\u{202e}', "U+202E bidirectional mark"),
        ('\u{2066}', "U+2066 bidirectional mark"),
        ('\u{2060}', "U+2060 word joiner"),
        ('\u{feff}', "U+FEFF byte order mark"),
        ('\n', "U+000A control character"),
        ('\0', "U+0000 control character"),
        ('\u{3000}', "U+3000 white space"),
        ('\u{2028}', "U+2028 white space"),
        ('\u{3164}', "U+3164 without visible form"),
        ('\u{fe0f}', "U+FE0F without visible form"),
        ('\u{e0041}', "U+E0041 without visible form"),
    ] {
        let problem = format!("contains invisible characters ({name}); type it, or paste it as plain text");
        for key in ["tenant_id", "client_id", "client_secret", "cloud", "publisher_id", "token_scope"] {
            assert_eq!(problems(&with(key, json!(format!("ab{character}cd")))), [format!("{key} {problem}")]);
        }
        let types = json!(["DLP.All", format!("Audit.{character}General")]);
        assert_eq!(problems(&with("content_types", types)), [format!("content_types: an entry {problem}")]);
    }
}

#[test]
fn names_invisible_characters_at_the_ends_of_values() {
    let found = "contains invisible characters (U+00A0 non-breaking space); type it, or paste it as plain text";
    for text in ["\u{a0}abc", "abc\u{a0}", "\u{a0}a\u{a0}b\u{a0}"] {
        assert_eq!(problems(&with("client_secret", json!(text))), [format!("client_secret {found}")]);
    }
    for text in ["\u{200b}", "\u{a0} \u{feff}"] {
        assert_eq!(problems(&with("client_secret", json!(text))), ["client_secret is empty"]);
    }
}

#[test]
fn names_values_that_were_pasted_with_quotes() {
    for text in [
        "\"abc\"",
        "'abc'",
        "`abc`",
        "“abc”",
        "„abc“",
        "”abc”",
        "‘abc’",
        "«abc»",
        "‹abc›",
        "\"abc”",
        "\\\"abc\\\"",
        "\"\"",
    ] {
        for key in ["tenant_id", "client_id", "client_secret", "cloud", "publisher_id", "token_scope"] {
            let problem = format!("{key} has quotation marks around it; remove them");
            assert_eq!(problems(&with(key, json!(text))), [problem], "{text}");
        }
    }
    let found = "content_types: an entry has quotation marks around it; remove them";
    assert_eq!(problems(&with("content_types", json!(["\"DLP.All\""]))), [found]);
}

#[test]
fn names_all_that_was_pasted_at_once() {
    let secret = json!({
        "tenant_id": format!("“{GUID}”"), "client_id": format!("{CLIENT_ID}\u{200b}"),
        "client_secret": " \u{feff}\"ab\u{200b}c\u{200b}\"", "clo\u{ad}ud": "gcc", "“cloud”": "gcc"
    });
    assert_eq!(
        problems(&secret),
        [
            "tenant_id has quotation marks around it; remove them",
            "client_id contains invisible characters (U+200B zero-width space); type it, or paste it as plain text",
            "client_secret has leading or trailing white space",
            "client_secret contains invisible characters (U+200B zero-width space, U+FEFF byte order mark); type it, or \
             paste it as plain text",
            "client_secret has quotation marks around it; remove them",
            "unknown key cloud; it contains invisible characters (U+00AD soft hyphen); type it, or paste it as plain text",
            "unknown key “cloud”; it has quotation marks around it; remove them",
        ]
    );
}

#[test]
fn accepts_quotes_and_blanks_inside_a_client_secret() {
    for text in ["a\"b", "it's", "a b", "\"abc", "abc'", "\"", "pässwörd🔑", "a\\b"] {
        assert_eq!(parse(&with("client_secret", json!(text))).unwrap().client_secret.reveal(), text);
    }
}
