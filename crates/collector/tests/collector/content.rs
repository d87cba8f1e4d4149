use collector::content::{ContentDigest, archive_key, digest_of_key};
use testkit::{at, feed, message};

const ID: &str = "20261122100000$20261122100500$audit_exchange$Audit_Exchange$na0030";

/// `printf %s "$ID" | sha256sum | cut -c 1-32`
const DIGEST: &str = "cf02010e19bc6703276c62164f062253";

/// The folder of the feed that the tests use.
const FEED: &str = "tenant=11111111-2222-3333-4444-555555555555/content_type=Audit.Exchange";

#[test]
fn key_names_tenant_type_day_hour_and_content() {
    let key = archive_key(feed(), ID, at("2026-11-22T10:03:07.123Z"));
    assert_eq!(key, format!("{FEED}/day=2026-11-22/hour=10/{DIGEST}.json.gz"));
}

#[test]
fn key_uses_the_utc_hour_of_publication() {
    for (created, folder) in [
        ("2026-11-22T00:00:00Z", "day=2026-11-22/hour=00"),
        ("2026-11-22T09:59:59.999999999Z", "day=2026-11-22/hour=09"),
        ("2026-11-22T23:59:59.999Z", "day=2026-11-22/hour=23"),
        ("2026-11-23T01:30:00+02:00", "day=2026-11-22/hour=23"),
        ("2026-11-21T20:00:00-05:00", "day=2026-11-22/hour=01"),
        ("2027-01-01T00:00:00Z", "day=2027-01-01/hour=00"),
    ] {
        let key = archive_key(feed(), ID, at(created));
        assert_eq!(key, format!("{FEED}/{folder}/{DIGEST}.json.gz"), "{created}");
    }
}

#[test]
fn key_does_not_depend_on_the_window() {
    let found = message(ID, "2026-11-22T10:03:07Z");
    let mut found_again = found.clone();
    found_again.window_start = at("2026-11-22T10:00:00Z");
    found_again.window_end = at("2026-11-22T11:00:00Z");
    assert_eq!(found.archive_key(), found_again.archive_key());
}

#[test]
fn different_contents_have_different_keys() {
    let created = at("2026-11-22T10:03:07Z");
    assert_ne!(archive_key(feed(), ID, created), archive_key(feed(), &ID.replace("na0030", "na0031"), created));
}

#[test]
fn digest_is_the_first_half_of_sha_256() {
    assert_eq!(ContentDigest::of(ID).to_string(), DIGEST);
    assert_eq!(ContentDigest::of("").to_string(), "e3b0c44298fc1c149afbf4c8996fb924");
}

#[test]
fn digest_can_be_read_from_a_key() {
    assert_eq!(digest_of_key(&archive_key(feed(), ID, at("2026-11-22T10:03:07Z"))), Some(ContentDigest::of(ID)));
}

#[test]
fn foreign_keys_have_no_digest() {
    for name in [
        "report.json".to_owned(),
        ".json.gz".to_owned(),
        DIGEST.to_owned(),
        format!("{DIGEST}.json"),
        format!("{DIGEST}0.json.gz"),
        format!("{}.json.gz", &DIGEST[1..]),
        format!("x{}.json.gz", &DIGEST[1..]),
        format!("+{}.json.gz", &DIGEST[1..]),
        format!("é{}.json.gz", &DIGEST[2..]),
    ] {
        assert_eq!(digest_of_key(&format!("{FEED}/day=2026-11-22/hour=10/{name}")), None, "{name}");
    }
}
