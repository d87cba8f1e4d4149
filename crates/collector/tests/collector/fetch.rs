//! Each message yields one object.

use std::io::Read;

use collector::failure::{Failure, FailureKind};
use collector::feed::ContentType;
use collector::fetch::{Archived, FetchOutcome, LAST_RECEIVE};
use collector::loss::{Loss, LossReason};
use collector::ports::ObjectMetadata;
use flate2::read::GzDecoder;
use jiff::SignedDuration;
use testkit::{Action, Call, CrashPoint, PortCall, TENANT, at, blob};

use crate::fetch_fixture::{CREATED, FetchFixture, body, failed, message_for_a};

/// The file name is the first half of the SHA-256 of the id `a`.
const KEY: &str = "tenant=11111111-2222-3333-4444-555555555555/content_type=Audit.Exchange/day=2026-11-22/hour=10/\
                   ca978112ca1bbdcafac231b39a23dc4d.json.gz";

fn unzip(bytes: &[u8]) -> String {
    let mut member = GzDecoder::new(bytes);
    let mut text = String::new();
    member.read_to_string(&mut text).unwrap();
    assert!(member.into_inner().is_empty(), "one gzip member and nothing after it");
    text
}

#[test]
fn archives_each_record_unchanged_on_its_own_line() {
    let records = [
        r#"{"Id":"1","Parameters":[{"Name":"A b","Value":"  x\u00e9\n "}],"n":1.50}"#,
        r#"{"Id":"2","Parameters":"ключ"}"#,
        r#"{"Id":"1","RecordType":99999}"#,
    ];
    let fixture = FetchFixture::with(&blob(&records));
    fixture.fetch();
    let objects = fixture.archive.objects();
    assert_eq!(objects.keys().collect::<Vec<_>>(), [KEY]);
    assert_eq!(unzip(&objects[KEY].bytes), records.map(|record| format!("{record}\n")).concat());
}

#[test]
fn strips_whitespace_between_tokens() {
    let fixture = FetchFixture::with("[\r\n  { \"Id\" : \"1\",\n    \"List\": [ 1, 2 ] }\n]\n");
    fixture.fetch();
    assert_eq!(unzip(&fixture.archive.objects()[KEY].bytes), "{\"Id\":\"1\",\"List\":[1,2]}\n");
}

#[test]
fn stores_metadata_with_the_object() {
    let fixture = FetchFixture::with_two_records();
    fixture.fetch();
    let metadata = ObjectMetadata {
        content_id: "a".to_owned(),
        content_type: ContentType::Exchange,
        content_created: at(CREATED),
        tenant_id: TENANT,
        records: 2,
        malformed: None,
    };
    assert_eq!(fixture.archive.objects()[KEY].metadata, metadata);
}

#[test]
fn outcome_counts_records_and_bytes() {
    let fixture = FetchFixture::with_two_records();
    let outcome = fixture.fetch();
    let bytes_out = fixture.archive.objects()[KEY].bytes.len() as u64;
    assert_eq!(outcome, FetchOutcome::Archived(Archived { records: 2, bytes_in: 23, bytes_out }));
}

#[test]
fn fetches_an_empty_array_again_until_the_last_receive() {
    let fixture = FetchFixture::with("[]");
    for receive_count in 1..LAST_RECEIVE {
        let (kind, message, _) = failed(fixture.deliver(&body(&message_for_a()), receive_count, |_| Action::Proceed));
        assert_eq!(kind, FailureKind::Transient);
        assert!(message.contains("empty array"), "{message}");
    }
    assert!(fixture.is_untouched());
}

#[test]
fn archives_content_without_records() {
    let fixture = FetchFixture::with("[]");
    let outcome = fixture.deliver(&body(&message_for_a()), LAST_RECEIVE, |_| Action::Proceed);
    assert!(matches!(outcome, FetchOutcome::Archived(Archived { records: 0, .. })), "{outcome:?}");
    let object = &fixture.archive.objects()[KEY];
    assert_eq!(unzip(&object.bytes), "");
    assert_eq!(object.metadata.records, 0);
}

#[test]
fn duplicate_delivery_leaves_the_object_unchanged() {
    let fixture = FetchFixture::with_two_records();
    fixture.fetch();
    let once = fixture.archive.objects();
    fixture.fetch();
    assert_eq!(fixture.archive.objects(), once);
    assert_eq!(once.len(), 1);
}

#[test]
fn records_content_that_is_gone_as_lost() {
    let fixture = FetchFixture::with_two_records();
    let gone = Failure::new(FailureKind::ContentGone, "AF20051: the content expired");
    fixture.api.fail(Call::Open(message_for_a().content_uri), gone);
    let loss = Loss {
        from: at("2026-11-22T10:03:07Z"),
        to: at("2026-11-22T10:08:07Z"),
        reason: LossReason::ContentGone,
        content: Some("a".to_owned()),
        objects: Vec::new(),
    };
    let message =
        "content a of tenant 11111111-2222-3333-4444-555555555555, Audit.Exchange: AF20051: the content expired";
    let failure = Failure::new(FailureKind::ContentGone, message);
    assert_eq!(fixture.fetch(), FetchOutcome::Lost { feed: message_for_a().feed(), loss: loss.clone(), failure });
    assert_eq!(fixture.state.losses(), [loss]);
    assert!(fixture.archive.objects().is_empty());
    fixture.api.assert_met();
}

#[test]
fn retries_a_loss_that_was_not_recorded() {
    let fixture = FetchFixture::with_two_records();
    let outcome = fixture.fetch_with(|call| match call {
        PortCall::Open(_) => Action::Fail(Failure::new(FailureKind::ContentGone, "AF20051")),
        PortCall::RecordLoss(_) => Action::Fail(Failure::new(FailureKind::AwsService, "the state is down")),
        _ => Action::Proceed,
    });
    let (kind, ..) = failed(outcome);
    assert_eq!(kind, FailureKind::AwsService);
}

#[test]
fn does_not_store_an_incomplete_array() {
    for (title, body) in [
        ("cut between records", r#"[{"Id":"1"},"#),
        ("cut within a record", r#"[{"Id":"1"},{"Id":"2""#),
        ("empty", ""),
        ("an error object", r#"{"error":{"code":"AF50000","message":"An internal error occurred."}}"#),
        ("an HTML page", "<html><body>Service Unavailable</body></html>"),
        ("a broken record", r#"[{"Id":"1"},{"Id":}]"#),
        ("more than an array", r#"[{"Id":"1"}][]"#),
    ] {
        let fixture = FetchFixture::with(body);
        let (kind, message, _) = failed(fixture.fetch());
        assert_eq!(kind, FailureKind::MalformedBody, "{title}");
        assert!(message.contains(": the body is not a complete JSON array of records: byte "), "{title}: {message}");
        assert!(fixture.is_untouched(), "{title}");
    }
}

#[test]
fn does_not_store_an_interrupted_body() {
    let fixture = FetchFixture::with_two_records();
    let outcome = fixture.fetch_with(|call| match call {
        PortCall::Open(_) => Action::FailAfterFirst(Failure::new(FailureKind::Transient, "the connection was reset")),
        _ => Action::Proceed,
    });
    let message = "content a of tenant 11111111-2222-3333-4444-555555555555, Audit.Exchange: the connection was reset";
    let (kind, actual, retry_in) = failed(outcome);
    assert_eq!(kind, FailureKind::Transient);
    assert_eq!(actual, message);
    assert_eq!(retry_in, SignedDuration::from_secs(30));
    assert!(fixture.is_untouched());
}

#[test]
fn redelivery_after_any_crash_archives_the_same_object() {
    let throttled = Failure::new(FailureKind::Throttled, "AF429");
    let undisturbed = FetchFixture::with_two_records();
    undisturbed.fetch();
    for step in 1.. {
        let fixture = FetchFixture::with_two_records();
        fixture.api.fail(Call::Open(message_for_a().content_uri), throttled.clone());
        let crash_point = CrashPoint::at(step);
        let outcome = fixture.fetch_until(&crash_point);
        let mut deliveries = fixture.queue.drain();
        deliveries.extend(outcome.is_none().then(message_for_a));
        assert!(!deliveries.is_empty(), "crashed at step {step}: neither the message nor a copy of it is left");
        while let Some(delivery) = deliveries.pop() {
            // If the scripted fault is still pending, this delivery is throttled and leaves a copy.
            fixture.clock.advance(SignedDuration::from_mins(1));
            fixture.deliver(&body(&delivery), 1, |_| Action::Proceed);
            deliveries.extend(fixture.queue.drain());
        }
        assert_eq!(fixture.archive.objects(), undisturbed.archive.objects(), "crashed at step {step}");
        if outcome.is_some() {
            assert!(step > 4, "a fetch of {step} steps is too short for this test");
            break;
        }
    }
}

#[test]
fn rejects_a_body_that_is_not_a_message() {
    let fixture = FetchFixture::with_two_records();
    for body in ["", "{}", "not JSON", r#"{"version":2}"#] {
        let (kind, _, retry_in) = failed(fixture.deliver(body, 1, |_| Action::Proceed));
        assert_eq!(kind, FailureKind::InvalidMessage, "{body}");
        assert_eq!(retry_in, SignedDuration::from_secs(30), "{body}");
    }
    assert!(fixture.is_untouched());
    assert_eq!(fixture.api.calls(), []);
}
