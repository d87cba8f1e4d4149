use std::collections::BTreeSet;

use collector::failure::FailureKind;
use collector::feed::ContentType;
use collector::message::ContentMessage;
use serde_json::{Value, json};
use testkit::{TENANT, at, message};

/// The contract's example.
const EXAMPLE: &str = r#"{"version":1,"secret_id":"m365/contoso","tenant_id":"11111111-2222-3333-4444-555555555555","content_type":"Audit.Exchange","content_id":"20261122100000$20261122100500$audit_exchange$Audit_Exchange$na0030","content_uri":"https://manage.office.com/api/v1.0/11111111-2222-3333-4444-555555555555/activity/feed/audit/20261122100000$20261122100500$audit_exchange$Audit_Exchange$na0030",
 "content_created":"2026-11-22T10:03:07.123Z","content_expiration":"2026-11-29T10:01:00.000Z",
 "window_start":"2026-11-22T10:00:00Z","window_end":"2026-11-22T10:05:00Z"}"#;

const KEYS: [&str; 10] = [
    "version",
    "secret_id",
    "tenant_id",
    "content_type",
    "content_id",
    "content_uri",
    "content_created",
    "content_expiration",
    "window_start",
    "window_end",
];

fn example() -> Value {
    serde_json::from_str(EXAMPLE).unwrap()
}

/// The reason why this body is rejected.
fn rejection(body: &str) -> String {
    let failure = ContentMessage::parse(body).expect_err(body);
    assert_eq!(failure.kind, FailureKind::InvalidMessage, "{body}");
    failure.message
}

#[test]
fn reads_the_contracts_example() {
    let message = ContentMessage::parse(EXAMPLE).unwrap();
    let id = "20261122100000$20261122100500$audit_exchange$Audit_Exchange$na0030";
    assert_eq!(message.secret_id, "m365/contoso");
    assert_eq!(message.tenant_id, TENANT);
    assert_eq!(message.content_type, ContentType::Exchange);
    assert_eq!(message.content_id, id);
    let uri = format!("https://manage.office.com/api/v1.0/{TENANT}/activity/feed/audit/{id}");
    assert_eq!(message.content_uri.as_str(), uri);
    assert_eq!(message.content_created, at("2026-11-22T10:03:07.123Z"));
    assert_eq!(message.content_expiration, at("2026-11-29T10:01:00Z"));
    assert_eq!(message.window_start, at("2026-11-22T10:00:00Z"));
    assert_eq!(message.window_end, at("2026-11-22T10:05:00Z"));
}

#[test]
fn writes_exactly_the_contracts_keys() {
    let body = serde_json::to_value(message("a", "2026-11-22T10:03:07.123Z")).unwrap();
    assert_eq!(
        body,
        json!({
            "version": 1,
            "secret_id": "m365/11111111-2222-3333-4444-555555555555",
            "tenant_id": "11111111-2222-3333-4444-555555555555",
            "content_type": "Audit.Exchange",
            "content_id": "a",
            "content_uri":
                "https://manage.office.com/api/v1.0/11111111-2222-3333-4444-555555555555/activity/feed/audit/a",
            "content_created": "2026-11-22T10:03:07.123Z",
            "content_expiration": "2026-11-29T10:03:07.123Z",
            "window_start": "2026-11-22T10:03:07Z",
            "window_end": "2026-11-22T10:08:07Z",
        })
    );
}

#[test]
fn round_trips_a_message() {
    let message = message("a$b", "2026-11-22T10:03:07.123456789Z");
    assert_eq!(ContentMessage::parse(&serde_json::to_string(&message).unwrap()), Ok(message));
}

#[test]
fn rejects_an_unknown_version_by_number() {
    for version in [0, 2] {
        let mut body = example();
        body["version"] = json!(version);
        let reason = rejection(&body.to_string());
        assert!(reason.contains(&format!("version {version} is unknown; this fetcher reads version 1")), "{reason}");
    }
}

#[test]
fn names_a_missing_key() {
    for key in KEYS {
        let mut body = example();
        body.as_object_mut().unwrap().remove(key);
        let reason = rejection(&body.to_string());
        assert!(reason.contains(&format!("missing field `{key}`")), "{reason}");
    }
}

#[test]
fn names_an_unknown_key() {
    let mut body = example();
    body["colour"] = json!("blue");
    let reason = rejection(&body.to_string());
    assert!(reason.contains("unknown field `colour`"), "{reason}");
}

#[test]
fn explains_a_value_of_the_wrong_form() {
    for (key, value, explanation) in [
        ("version", json!("1"), "invalid type: string \"1\""),
        ("tenant_id", json!("contoso"), "UUID parsing failed"),
        ("content_type", json!("Audit.Everything"), "unknown variant `Audit.Everything`"),
        ("content_id", json!(7), "invalid type: integer `7`"),
        ("content_uri", json!("/audit/a"), "relative URL without a base"),
        ("content_created", json!("yesterday"), "invalid digit, expected 0-9 but got y"),
        ("window_end", json!(null), "invalid type: null"),
    ] {
        let mut body = example();
        body[key] = value;
        let reason = rejection(&body.to_string());
        assert!(reason.contains(explanation), "{key}: {reason}");
    }
}

#[test]
fn rejects_anything_but_a_json_object() {
    for body in ["", "hello", "null", "[]", "\"\"", &EXAMPLE[..EXAMPLE.len() - 1], &format!("{EXAMPLE} x")] {
        let reason = rejection(body);
        assert!(reason.starts_with("the queue message is not a content message of version 1 ("), "{reason}");
    }
}

#[test]
fn the_example_has_every_key() {
    let keys: BTreeSet<String> = example().as_object().unwrap().keys().cloned().collect();
    assert_eq!(keys, KEYS.map(str::to_owned).into());
}
