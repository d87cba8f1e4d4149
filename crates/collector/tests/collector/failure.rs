use collector::failure::{Disposition, Failure, FailureKind};
use jiff::SignedDuration;

/// The expected disposition; exhaustive, so that a new kind does not compile until it is added here.
fn expected(kind: FailureKind) -> Disposition {
    match kind {
        FailureKind::Throttled | FailureKind::RateLimited => Disposition::Postpone,
        FailureKind::ContentGone => Disposition::GiveUp,
        FailureKind::Transient => Disposition::Retry,
        FailureKind::Unanswered => Disposition::Retry,
        FailureKind::CredentialsRejected => Disposition::Retry,
        FailureKind::Permission => Disposition::Retry,
        FailureKind::Tenant => Disposition::Retry,
        FailureKind::SubscriptionDisabled => Disposition::Retry,
        FailureKind::WindowOutOfRange => Disposition::Retry,
        FailureKind::ContentNotFound => Disposition::Retry,
        FailureKind::MalformedBody => Disposition::Retry,
        FailureKind::RequestRejected => Disposition::Retry,
        FailureKind::InvalidSecret => Disposition::Retry,
        FailureKind::InvalidMessage => Disposition::Retry,
        FailureKind::AwsService => Disposition::Retry,
    }
}

const KINDS: [(FailureKind, &str); 16] = [
    (FailureKind::Throttled, "throttled"),
    (FailureKind::RateLimited, "rate_limited"),
    (FailureKind::Transient, "transient"),
    (FailureKind::Unanswered, "unanswered"),
    (FailureKind::CredentialsRejected, "credentials_rejected"),
    (FailureKind::Permission, "permission"),
    (FailureKind::Tenant, "tenant"),
    (FailureKind::SubscriptionDisabled, "subscription_disabled"),
    (FailureKind::WindowOutOfRange, "window_out_of_range"),
    (FailureKind::ContentGone, "content_gone"),
    (FailureKind::ContentNotFound, "content_not_found"),
    (FailureKind::MalformedBody, "malformed_body"),
    (FailureKind::RequestRejected, "request_rejected"),
    (FailureKind::InvalidSecret, "invalid_secret"),
    (FailureKind::InvalidMessage, "invalid_message"),
    (FailureKind::AwsService, "aws_service"),
];

#[test]
fn each_kind_has_its_disposition() {
    for (kind, _) in KINDS {
        assert_eq!(kind.disposition(false), expected(kind), "{kind:?}");
        let gives_up = kind == FailureKind::ContentNotFound;
        let at_last = if gives_up { Disposition::GiveUp } else { expected(kind) };
        assert_eq!(kind.disposition(true), at_last, "{kind:?} at a message's last receive");
    }
}

#[test]
fn serializes_kind_and_message() {
    for (kind, name) in KINDS {
        let failure = serde_json::to_value(Failure::new(kind, "it failed")).unwrap();
        assert_eq!(failure, serde_json::json!({"kind": name, "message": "it failed"}));
    }
}

#[test]
fn context_changes_only_the_message() {
    let mut failure = Failure::new(FailureKind::Throttled, "AF429: too many requests");
    failure.retry_after = Some(SignedDuration::from_secs(90));
    let with_context = failure.clone().context("listing").context("tenant contoso");
    assert_eq!(with_context.to_string(), "tenant contoso: listing: AF429: too many requests");
    assert_eq!(with_context.kind, failure.kind);
    assert_eq!(with_context.retry_after, failure.retry_after);
}

/// A cause with a cause of its own, which repeats its text.
#[derive(Debug, thiserror::Error)]
#[error("{text}")]
struct Cause {
    text: &'static str,
    source: Option<Box<Cause>>,
}

fn throttled_table() -> Failure {
    let root = Cause { text: "connection reset", source: None };
    let repeated = Cause { text: "connection reset", source: Some(Box::new(root)) };
    let error = Cause { text: "dispatch failure", source: Some(Box::new(repeated)) };
    Failure::new(FailureKind::AwsService, "writing to table state failed").caused_by(error)
}

#[test]
fn shows_the_chain_of_causes_once_and_on_request() {
    let failure = throttled_table();
    assert_eq!(failure.to_string(), "writing to table state failed");
    assert_eq!(format!("{failure:#}"), "writing to table state failed: dispatch failure: connection reset");
    let source = std::error::Error::source(&failure).unwrap();
    assert_eq!(source.to_string(), "dispatch failure");
}

#[test]
fn a_report_shows_the_chain_of_causes() {
    let report = serde_json::to_value(throttled_table()).unwrap();
    assert_eq!(report["message"], "writing to table state failed: dispatch failure: connection reset");
}
