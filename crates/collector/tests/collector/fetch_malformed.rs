//! Nothing of a malformed body is thrown away.

use std::io::Read;

use collector::content::{ContentDigest, hour_of, malformed_prefix};
use collector::failure::{Failure, FailureKind};
use collector::fetch::{FetchOutcome, LAST_RECEIVE};
use collector::loss::LossReason;
use collector::ports::BodyFault;
use flate2::read::GzDecoder;
use testkit::{Action, Call, at, content, feed, max_receive_count};

use crate::fetch_fixture::{CREATED, FetchFixture, body, failed, message_for_a};

const BROKEN: &str = r#"[{"Id":"a"},{"Id":"b","A":[{"a":1}{"a":2}]},{"Id":"c"}]"#;

fn key(extension: &str) -> String {
    format!("{}/{}.{extension}", malformed_prefix(feed(), at(CREATED)), ContentDigest::of("a"))
}

fn stored(fixture: &FetchFixture, extension: &str) -> String {
    let mut text = String::new();
    let objects = fixture.archive.objects();
    GzDecoder::new(objects[&key(extension)].bytes.as_slice()).read_to_string(&mut text).unwrap();
    text
}

fn at_the_last_receive(fixture: &FetchFixture) -> FetchOutcome {
    fixture.deliver(&body(&message_for_a()), LAST_RECEIVE, |_| Action::Proceed)
}

#[test]
fn last_receive_is_the_templates() {
    assert_eq!(LAST_RECEIVE, max_receive_count());
}

#[test]
fn keys_of_malformed_bodies_follow_the_contract() {
    let folder = "malformed/tenant=11111111-2222-3333-4444-555555555555/content_type=Audit.Exchange/day=2026-11-22";
    assert_eq!(key("bin.gz"), format!("{folder}/{}.bin.gz", ContentDigest::of("a")));
}

#[test]
fn fetches_a_malformed_body_again_before_it_stores_it() {
    let fixture = FetchFixture::with(BROKEN);
    for receive_count in 1..LAST_RECEIVE {
        let (kind, ..) = failed(fixture.deliver(&body(&message_for_a()), receive_count, |_| Action::Proceed));
        assert_eq!(kind, FailureKind::MalformedBody);
    }
    assert!(fixture.is_untouched());
}

#[test]
fn stores_the_body_and_its_whole_records_at_the_last_receive() {
    let fixture = FetchFixture::with(BROKEN);
    let (kind, message, _) = failed(at_the_last_receive(&fixture));
    assert_eq!(kind, FailureKind::MalformedBody);
    assert!(message.contains("what Microsoft sent is stored below malformed/tenant="), "{message}");
    assert_eq!(stored(&fixture, "bin.gz"), BROKEN);
    assert_eq!(stored(&fixture, "json.gz"), "{\"Id\":\"a\"}\n{\"Id\":\"c\"}\n");
    let metadata = fixture.archive.objects()[&key("json.gz")].metadata.clone();
    assert_eq!(metadata.records, 2);
    let reason = "the record is not valid JSON".to_owned();
    assert_eq!(metadata.malformed, Some(BodyFault { offset: 34, reason }));
    assert_eq!(fixture.state.losses(), [], "Microsoft may still send a good body");
}

#[test]
fn good_body_is_archived_after_a_malformed_one_was_stored() {
    let fixture = FetchFixture::with(BROKEN);
    at_the_last_receive(&fixture);
    fixture.api.replace(feed(), content("a", CREATED), r#"[{"Id":"a"}]"#);
    let outcome = fixture.fetch();
    assert!(matches!(outcome, FetchOutcome::Archived(_)), "{outcome:?}");
    assert!(fixture.archive.objects().contains_key(&message_for_a().archive_key()));
}

#[test]
fn loss_of_expired_content_names_its_malformed_body() {
    let fixture = FetchFixture::with(BROKEN);
    at_the_last_receive(&fixture);
    fixture.api.fail(Call::Open(message_for_a().content_uri), Failure::new(FailureKind::ContentGone, "AF20051"));
    let outcome = fixture.fetch();
    let FetchOutcome::Lost { loss, .. } = outcome else { panic!("{outcome:?}") };
    assert_eq!(loss.reason, LossReason::Malformed);
    assert_eq!(loss.content.as_deref(), Some("a"));
    assert_eq!(loss.objects, [key("bin.gz"), key("json.gz")]);
    assert_eq!(fixture.state.losses(), [loss]);
}

#[test]
fn says_if_a_malformed_body_cannot_be_stored() {
    let fixture = FetchFixture::with(BROKEN);
    let down = Failure::new(FailureKind::AwsService, "S3 is down");
    let outcome = fixture.deliver(&body(&message_for_a()), LAST_RECEIVE, |call| match call {
        testkit::PortCall::StoreObject(_) => Action::Fail(down.clone()),
        _ => Action::Proceed,
    });
    let (kind, message, _) = failed(outcome);
    assert_eq!(kind, FailureKind::MalformedBody);
    assert!(message.contains("what Microsoft sent could not be stored (S3 is down)"), "{message}");
}

#[test]
fn missing_blob_without_a_code_is_gone_at_the_last_receive() {
    let fixture = FetchFixture::with_two_records();
    let missing = Failure::new(FailureKind::ContentNotFound, "HTTP 404");
    for receive_count in [1, LAST_RECEIVE - 1] {
        fixture.api.fail(Call::Open(message_for_a().content_uri), missing.clone());
        let (kind, ..) = failed(fixture.deliver(&body(&message_for_a()), receive_count, |_| Action::Proceed));
        assert_eq!(kind, FailureKind::ContentNotFound);
    }
    fixture.api.fail(Call::Open(message_for_a().content_uri), missing);
    let outcome = at_the_last_receive(&fixture);
    assert!(matches!(outcome, FetchOutcome::Lost { .. }), "{outcome:?}");
}

#[test]
fn hour_of_an_instant_is_its_start() {
    assert_eq!(hour_of(at("2026-11-22T10:59:59.999Z")), at("2026-11-22T10:00:00Z"));
    assert_eq!(hour_of(at("2026-11-22T11:00:00Z")), at("2026-11-22T11:00:00Z"));
}
