use collector::failure::{Disposition, Failure, FailureKind};
use jiff::SignedDuration;

/// What a fetcher should do about each kind; a new kind does not compile until it is listed here.
fn expected(kind: FailureKind) -> Disposition {
    match kind {
        FailureKind::Throttled | FailureKind::RateLimited => Disposition::Postpone,
        FailureKind::ContentGone => Disposition::GiveUp,
        FailureKind::Transient => Disposition::Retry,
        FailureKind::CredentialsRejected => Disposition::Retry,
        FailureKind::Permission => Disposition::Retry,
        FailureKind::Tenant => Disposition::Retry,
        FailureKind::SubscriptionDisabled => Disposition::Retry,
        FailureKind::WindowOutOfRange => Disposition::Retry,
        FailureKind::RequestRejected => Disposition::Retry,
        FailureKind::InvalidSecret => Disposition::Retry,
        FailureKind::InvalidMessage => Disposition::Retry,
        FailureKind::AwsService => Disposition::Retry,
    }
}

const KINDS: [(FailureKind, &str); 13] = [
    (FailureKind::Throttled, "throttled"),
    (FailureKind::RateLimited, "rate_limited"),
    (FailureKind::Transient, "transient"),
    (FailureKind::CredentialsRejected, "credentials_rejected"),
    (FailureKind::Permission, "permission"),
    (FailureKind::Tenant, "tenant"),
    (FailureKind::SubscriptionDisabled, "subscription_disabled"),
    (FailureKind::WindowOutOfRange, "window_out_of_range"),
    (FailureKind::ContentGone, "content_gone"),
    (FailureKind::RequestRejected, "request_rejected"),
    (FailureKind::InvalidSecret, "invalid_secret"),
    (FailureKind::InvalidMessage, "invalid_message"),
    (FailureKind::AwsService, "aws_service"),
];

#[test]
fn only_gone_content_is_given_up_and_only_throttling_is_free() {
    for (kind, _) in KINDS {
        assert_eq!(kind.disposition(), expected(kind), "{kind:?}");
    }
}

#[test]
fn a_failure_in_a_report_has_its_kind_and_message() {
    for (kind, name) in KINDS {
        let failure = serde_json::to_value(Failure::new(kind, "no luck")).unwrap();
        assert_eq!(failure, serde_json::json!({"kind": name, "message": "no luck"}));
    }
}

#[test]
fn context_stands_before_the_message_and_changes_nothing_else() {
    let mut failure = Failure::new(FailureKind::Throttled, "AF429: too many requests");
    failure.retry_after = Some(SignedDuration::from_secs(90));
    let told = failure.clone().context("listing").context("tenant contoso");
    assert_eq!(told.to_string(), "tenant contoso: listing: AF429: too many requests");
    assert_eq!((told.kind, told.retry_after), (failure.kind, failure.retry_after));
}
