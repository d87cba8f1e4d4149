use audit_feed::failure::{Failure, FailureKind, Remedy};
use jiff::SignedDuration;

/// What a fetcher should do about each kind; a new kind does not compile until it is listed here.
fn expected(kind: FailureKind) -> Remedy {
    match kind {
        FailureKind::Throttled | FailureKind::BookedOut => Remedy::Postpone,
        FailureKind::ContentGone => Remedy::GiveUp,
        FailureKind::Passing => Remedy::Retry,
        FailureKind::Credentials => Remedy::Retry,
        FailureKind::Permission => Remedy::Retry,
        FailureKind::Tenant => Remedy::Retry,
        FailureKind::SubscriptionOff => Remedy::Retry,
        FailureKind::WindowOutOfRange => Remedy::Retry,
        FailureKind::RequestRejected => Remedy::Retry,
        FailureKind::BadSecret => Remedy::Retry,
        FailureKind::BadMessage => Remedy::Retry,
        FailureKind::Aws => Remedy::Retry,
    }
}

const KINDS: [(FailureKind, &str); 13] = [
    (FailureKind::Throttled, "throttled"),
    (FailureKind::BookedOut, "booked_out"),
    (FailureKind::Passing, "passing"),
    (FailureKind::Credentials, "credentials"),
    (FailureKind::Permission, "permission"),
    (FailureKind::Tenant, "tenant"),
    (FailureKind::SubscriptionOff, "subscription_off"),
    (FailureKind::WindowOutOfRange, "window_out_of_range"),
    (FailureKind::ContentGone, "content_gone"),
    (FailureKind::RequestRejected, "request_rejected"),
    (FailureKind::BadSecret, "bad_secret"),
    (FailureKind::BadMessage, "bad_message"),
    (FailureKind::Aws, "aws"),
];

#[test]
fn only_gone_content_is_given_up_and_only_throttling_is_free() {
    for (kind, _) in KINDS {
        assert_eq!(kind.remedy(), expected(kind), "{kind:?}");
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
    let told = failure.clone().during("listing").during("tenant contoso");
    assert_eq!(told.to_string(), "tenant contoso: listing: AF429: too many requests");
    assert_eq!((told.kind, told.retry_after), (failure.kind, failure.retry_after));
}
