//! What holds for every body. `PROPTEST_CASES` sets the number of generated bodies (10,000 unless set).

use bytes::Bytes;
use collector::tenant::{Secret, Tenant};
use futures::executor::block_on;
use management_api::fuzzing::{ADDRESS, decode_error, decode_listing, decode_subscriptions, decode_token, decompress};
use management_api::{Endpoints, RootOverrides};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::NOON;

/// The longest message for any body, in characters, besides the address of the request.
const LONGEST_MESSAGE: usize = 1_000;

const OURS: &str = "the-credential/of+this request";

fn cases() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(10_000);
    ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases) }
}

/// A credential, and a text that quotes it.
fn quoted_credential() -> impl Strategy<Value = (String, String)> {
    let opaque = "[A-Za-z0-9_~-]{12,30}";
    let forms = select(vec![
        "Bearer {}",
        "authorization: bearer {}",
        r#""access_token":"{}""#,
        r#"\"access_token\": \"{}\""#,
        "'client_secret':'{}'",
        "client_id=1&client_secret={}&scope=x",
        "CLIENT_SECRET = {}",
        "refresh_token%3D{}",
    ]);
    let named = (opaque, forms).prop_map(|(value, form)| (value.clone(), form.replace("{}", &value)));
    let bare = prop_oneof![
        "eyJ[A-Za-z0-9_-]{20,60}\\.eyJ[A-Za-z0-9_-]{20,300}\\.[A-Za-z0-9_-]{40,90}",
        "[A-Za-z0-9_~.-]{3}8Q~[A-Za-z0-9_~.-]{34}",
        Just(OURS.to_owned()),
    ];
    prop_oneof![named, bare.prop_map(|value| (value.clone(), value))]
}

/// What an error may consist of.
fn fragment() -> impl Strategy<Value = String> {
    let known = select(vec![
        "{",
        "}",
        "[",
        "]",
        "\"",
        "'",
        ":",
        ",",
        "{\"error\":",
        "\"code\":\"AF429\"",
        "\"message\":\"",
        "odata.error",
        "'error':{'code':'AF20023'",
        "<html>",
        "</pre>",
        "\r\n",
        "\u{feff}",
        "AF20051",
        "AADSTS7000215",
        "retry after 14m 56s",
        "Tenant x does not exist",
        "\\u0000",
        "null",
        "Bearer",
        "access_token",
        "%",
        "&",
        "\0",
        "𝄞",
    ]);
    prop_oneof![3 => known.prop_map(str::to_owned), 1 => "\\PC{0,40}", 1 => "[a-z]{300}"]
}

#[derive(Debug)]
struct Body {
    bytes: Vec<u8>,
    credential: Option<String>,
}

fn body() -> impl Strategy<Value = Body> {
    let text =
        (vec(fragment(), 0..12), quoted_credential(), vec(fragment(), 0..12)).prop_map(|(before, quoted, after)| {
            let bytes = format!("{} {} {}", before.concat(), quoted.1, after.concat()).into_bytes();
            Body { bytes, credential: Some(quoted.0) }
        });
    let json = (quoted_credential(), "\\PC{0,20}", 0..5_usize).prop_map(|((credential, quote), text, form)| {
        let (code, message) = (format!("{text} {quote}"), format!("{quote} {text}"));
        let value = match form {
            0 => serde_json::json!({"error": {"code": code, "message": message}}),
            1 => serde_json::json!({"error": code, "error_description": message}),
            2 => serde_json::json!({"Message": message, "ExceptionMessage": code}),
            3 => serde_json::json!({"odata.error": {"code": code, "message": {"lang": "en", "value": message}}}),
            _ => serde_json::json!({"unknown": [message]}),
        };
        Body { bytes: value.to_string().into_bytes(), credential: Some(credential) }
    });
    let binary = vec(any::<u8>(), 0..300).prop_map(|bytes| Body { bytes, credential: None });
    prop_oneof![2 => text, 2 => json, 1 => binary]
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn an_error_has_a_short_message_without_credentials(
        body in body(),
        status in 100..600_u16,
        content_type in "[ -~]{0,200}",
        retry_after in "[ -~]{0,30}",
    ) {
        let headers = [("content-type", content_type.as_str()), ("retry-after", &retry_after)];
        let failure = decode_error(status, &headers, &body.bytes, &Secret::new(OURS), NOON.parse().unwrap());
        let message = format!("{failure:#}");
        prop_assert!(message.chars().count() <= LONGEST_MESSAGE + ADDRESS.len(), "{}", message);
        prop_assert!(!message.contains(['\n', '\r', '\0']), "{}", message);
        if let Some(credential) = body.credential {
            // Neither the whole credential nor its beginning.
            prop_assert!(!message.contains(&credential[..12]), "{} in {}", credential, message);
            prop_assert!(!message.contains(&credential[credential.len() - 12..]), "{} in {}", credential, message);
        }
    }

    #[test]
    fn any_bytes_are_decoded_without_a_panic(body in body(), pieces in vec(vec(any::<u8>(), 0..20), 0..5)) {
        let _ = decode_subscriptions(&body.bytes);
        let _ = decode_listing(&body.bytes, &endpoints(), NOON.parse().unwrap());
        prop_assert!(decode_token(&body.bytes).is_none_or(|lifetime| !lifetime.is_negative()));
        let pieces = [vec![Bytes::from_static(&[0x1F, 0x8B])], pieces.into_iter().map(Bytes::from).collect()].concat();
        prop_assert!(block_on(decompress(&[], pieces)).is_err());
    }

    #[test]
    fn a_broken_row_costs_only_itself(
        rows in vec((any::<bool>(), any::<prop::sample::Index>()), 0..20),
        has_mark in any::<bool>(),
    ) {
        let rows: Vec<(bool, Vec<u8>)> = rows.iter().map(|(is_good, index)| {
            (*is_good, if *is_good { index.get(&good_rows()).to_vec() } else { index.get(&broken_rows()).clone() })
        }).collect();
        let mark: &[u8] = if has_mark { b"\xEF\xBB\xBF" } else { b"" };
        let joined = rows.iter().map(|(_, row)| row.as_slice()).collect::<Vec<_>>().join(&b", "[..]);
        let listing = [mark, b"[", &joined, b"]\r\n"].concat();
        let page = decode_listing(&listing, &endpoints(), NOON.parse().unwrap()).unwrap();
        let good = rows.iter().filter(|(is_good, _)| *is_good).count();
        prop_assert_eq!(page.contents.len(), good);
        prop_assert_eq!(page.malformed.len(), rows.len() - good);
    }
}

fn endpoints() -> Endpoints {
    let credentials = management_api_simulator::Tenant::example(1).credentials_json();
    Endpoints::of(&Tenant::parse("m365/contoso", &credentials).unwrap(), &RootOverrides::default())
}

fn good_rows() -> Vec<&'static [u8]> {
    vec![
        br#"{"contentId":"a"}"#,
        br#"{"CONTENTID":"b","ContentCreated":"2026-11-22T11:00:00"}"#,
        br#"{"contentUri":"https://manage.office.com/audit/c","contentId":7}"#,
        br#"{"contentId":"d","contentType":null,"contentCreated":[],"contentExpiration":{},"new":[{"a":"]}"}]}"#,
        br#"{"contentId":"e","contentUri":"https://elsewhere.example/e"}"#,
    ]
}

fn broken_rows() -> Vec<Vec<u8>> {
    let valid =
        ["null", "7", "-1e400", "true", r#""text""#, "[]", r#"[{"contentId":"a"}]"#, "{}", r#"{"contentId":""}"#];
    let invalid: [&[u8]; 6] = [
        b"{\"contentId\":\"\xFF\"}",
        b"{\"contentId\":\"a\0b\"}",
        b"{\"contentId\":\"a\",\"n\":NaN}",
        b"{\"contentId\":\"\\ud800\"}",
        b"{\"a\":[{\"a\":1}{\"a\":2}]}",
        b"x",
    ];
    let deep = format!("{}{}", "[".repeat(500), "]".repeat(500));
    let all = valid.iter().map(|row| row.as_bytes()).chain(invalid).chain([deep.as_bytes()]);
    all.map(<[u8]>::to_vec).collect()
}
