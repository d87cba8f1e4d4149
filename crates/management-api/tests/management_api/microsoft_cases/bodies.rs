//! How Microsoft says things: byte order marks, content codings, forms of errors, broken records.

use collector::failure::FailureKind;
use collector::fetch::FetchOutcome;
use collector::loss::LossReason;
use management_api_simulator::{ErrorForm, Fault, FaultKind, Match, Operation, RecordDefect};

use super::fixture::Case;

fn every_response(kind: FaultKind) -> Fault {
    Fault::new(Match::any(), kind).always()
}

#[tokio::test]
async fn byte_order_marks_before_any_json_are_ignored() {
    let case = Case::subscribed().await;
    case.microsoft.inject(every_response(FaultKind::ByteOrderMark));
    case.publish("11:30:00");
    let report = case.poll().await;
    assert_eq!(report.error, None);
    assert_eq!(report.contents_queued, 1);
    case.fetch().await;
    assert_eq!(case.archived_records(), 1);
}

#[tokio::test]
async fn byte_order_mark_before_an_error_does_not_hide_its_code() {
    let case = Case::subscribed().await;
    case.microsoft.inject(every_response(FaultKind::ByteOrderMark));
    let throttled = FaultKind::Throttled { status: 403, retry_after: None };
    case.microsoft.inject(Fault::new(Match::operation(Operation::ListContent), throttled).always());
    let report = case.poll().await;
    assert_eq!(report.error.unwrap().kind, FailureKind::Throttled);
}

#[tokio::test]
async fn content_codings_are_accepted_in_any_spelling_and_number_of_members() {
    for (name, members) in [("gzip", 1), ("x-gzip", 1), ("GZIP", 1), ("gzip", 3), ("X-GZip", 2)] {
        let case = Case::subscribed().await;
        case.microsoft.inject(every_response(FaultKind::ContentCoding { name: name.to_owned(), members }));
        case.publish_records("11:30:00", &[r#"{"Id":"1"}"#, r#"{"Id":"2"}"#, r#"{"Id":"3"}"#]);
        let report = case.poll().await;
        assert_eq!(report.error, None, "{name}, {members} members");
        let outcomes = case.fetch().await;
        assert_eq!(case.archived_records(), 3, "{name}, {members} members: {outcomes:?}");
    }
}

#[tokio::test]
async fn code_in_single_quotes_is_understood() {
    let case = Case::subscribed().await;
    let throttled = FaultKind::Throttled { status: 403, retry_after: None };
    case.microsoft.inject(Fault::new(Match::operation(Operation::ListContent), throttled).always());
    case.microsoft.inject(every_response(FaultKind::ErrorBody(ErrorForm::SingleQuoted)));
    assert_eq!(case.poll().await.error.unwrap().kind, FailureKind::Throttled);
}

#[tokio::test]
async fn text_of_an_error_that_is_not_json_is_shown() {
    let case = Case::subscribed().await;
    let error = FaultKind::Error { status: 500, code: "AF50000".to_owned() };
    case.microsoft.inject(Fault::new(Match::operation(Operation::ListContent), error).always());
    case.microsoft.inject(every_response(FaultKind::ErrorBody(ErrorForm::Exception)));
    let error = case.poll().await.error.unwrap();
    assert_eq!(error.kind, FailureKind::Transient);
    assert!(error.message.contains("System.Collections.Generic.KeyNotFoundException"), "{error}");
    assert!(error.message.contains("500"), "{error}");
}

#[tokio::test]
async fn optional_fields_are_optional() {
    let names = ["contentType", "contentCreated", "contentExpiration", "webhook", "token_type", "ext_expires_in"];
    let case = Case::subscribed().await;
    let names = names.iter().map(|name| (*name).to_owned()).collect();
    case.microsoft.inject(every_response(FaultKind::MissingFields { names }));
    case.publish("11:30:00");
    let report = case.poll().await;
    assert_eq!(report.error, None);
    case.fetch().await;
    assert_eq!(case.archived_records(), 1);
}

#[tokio::test]
async fn broken_rows_cost_only_themselves() {
    let case = Case::subscribed().await;
    let rows = FaultKind::broken_rows();
    case.microsoft.inject(every_response(rows));
    case.publish("11:30:00");
    case.publish("11:40:00");
    let report = case.poll().await;
    assert_eq!(report.error, None);
    assert_eq!(report.contents_queued, 2);
    assert!(report.lost.iter().all(|loss| loss.reason == LossReason::MalformedEntry), "{:?}", report.lost);
    assert!(!report.lost.is_empty());
}

#[tokio::test]
async fn nothing_of_a_malformed_blob_is_thrown_away() {
    for defect in [
        RecordDefect::MissingComma,
        RecordDefect::InvalidUtf8,
        RecordDefect::RawNul,
        RecordDefect::RawLineFeed,
        RecordDefect::NotANumber,
    ] {
        let case = Case::subscribed().await;
        let broken = FaultKind::BrokenRecord { position: 1, defect };
        case.microsoft.inject(Fault::new(Match::operation(Operation::FetchContent), broken).always());
        case.publish_records(
            "11:30:00",
            &[
                r#"{"Id":"1","A":[{"a":1},{"a":2}]}"#,
                r#"{"Id":"2","A":[{"a":1},{"a":2}]}"#,
                r#"{"Id":"3","A":[{"a":1},{"a":2}]}"#,
            ],
        );
        case.poll().await;
        let outcomes = case.fetch_until_done().await;
        assert_eq!(outcomes.len(), 10, "{defect:?}: fetched at each of its receives");
        let objects = case.archive.objects();
        let stored: Vec<(&String, u64)> = objects.iter().map(|(key, object)| (key, object.metadata.records)).collect();
        assert_eq!(stored.len(), 2, "{defect:?}: {stored:?}");
        assert!(stored[0].0.ends_with(".bin.gz") && stored[1].0.ends_with(".json.gz"), "{stored:?}");
        assert_eq!(stored[1].1, 2, "{defect:?}: its whole records");
        assert_eq!(case.losses(), [], "{defect:?}: not lost before it expires");
    }
}

#[tokio::test]
async fn good_body_is_archived_however_often_it_was_malformed() {
    let case = Case::subscribed().await;
    let broken = FaultKind::BrokenRecord { position: 0, defect: RecordDefect::MissingComma };
    case.microsoft.inject(Fault::new(Match::operation(Operation::FetchContent), broken).times(7));
    case.publish_records("11:30:00", &[r#"{"Id":"1","A":[{"a":1},{"a":2}]}"#]);
    case.poll().await;
    case.fetch_until_done().await;
    assert_eq!(case.archived_records(), 1);
}

#[tokio::test]
async fn expired_malformed_content_is_lost_and_names_its_objects() {
    let case = Case::subscribed().await;
    let broken = FaultKind::BrokenRecord { position: 0, defect: RecordDefect::MissingComma };
    case.microsoft.inject(Fault::new(Match::operation(Operation::FetchContent), broken).always());
    case.publish_records("11:30:00", &[r#"{"Id":"1","A":[{"a":1},{"a":2}]}"#]);
    case.poll().await;
    case.fetch_until_done().await;
    case.advance_minutes(8 * 24 * 60);
    case.reconcile().await;
    let losses: Vec<_> = case.losses().into_iter().filter(|loss| loss.content.is_some()).collect();
    assert_eq!(losses.len(), 1, "{losses:?}");
    assert_eq!(losses[0].reason, LossReason::Malformed);
    assert_eq!(losses[0].objects.len(), 2, "{losses:?}");
    assert!(losses[0].objects.iter().all(|key| case.archive.objects().contains_key(key)));
}

#[tokio::test]
async fn empty_array_and_missing_blob_are_fetched_again() {
    for kind in [FaultKind::EmptyArray, FaultKind::NotFound] {
        let case = Case::subscribed().await;
        case.microsoft.inject(Fault::new(Match::operation(Operation::FetchContent), kind.clone()).times(5));
        case.publish("11:30:00");
        case.poll().await;
        let outcomes = case.fetch_until_done().await;
        assert!(matches!(outcomes.last(), Some(FetchOutcome::Archived(_))), "{kind:?}: {outcomes:?}");
        assert_eq!(case.archived_records(), 1, "{kind:?}");
        assert_eq!(case.losses(), [], "{kind:?}");
    }
}
