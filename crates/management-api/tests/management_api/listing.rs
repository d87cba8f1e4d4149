//! Listings: which window is asked for, and what each answer comes to.

use collector::failure::FailureKind::{self, Transient, WindowOutOfRange};
use collector::feed::ContentType;
use collector::ports::ManagementApi;
use futures::{StreamExt, TryStreamExt, pin_mut};
use management_api_simulator::{Config, Fault, FaultKind, Match, Operation};

use crate::client_fixture::last_hour;
use crate::{EXCHANGE, assert_says, noon, noon_with, publish, refused, today};

#[tokio::test]
async fn the_window_is_asked_for_in_utc_and_whole_seconds() {
    let (microsoft, collector) = noon().await;
    collector.list().await.unwrap();
    let call = microsoft.seen_calls().pop().unwrap();
    assert_eq!(call.window, Some(("2026-11-22T11:00:00".to_owned(), "2026-11-22T12:00:00".to_owned())));
    assert_eq!(call.content_type.as_deref(), Some(EXCHANGE));
}

#[tokio::test]
async fn each_content_type_is_asked_for_by_its_name() {
    let (microsoft, collector) = noon().await;
    for content_type in ContentType::ALL {
        collector.list_of(content_type).await.unwrap();
        let call = microsoft.seen_calls().pop().unwrap();
        assert_eq!(call.content_type.as_deref(), Some(content_type.as_str()));
    }
    microsoft.assert_clean();
}

#[tokio::test]
async fn what_was_published_in_the_window_is_listed_with_its_times() {
    let (microsoft, collector) = noon().await;
    publish(&microsoft, &collector, &["10:59:59.999", "11:00:00", "11:03:07.123", "12:00:00"]);
    let contents = collector.contents().await;
    let created: Vec<_> = contents.iter().map(|content| content.created).collect();
    assert_eq!(created, [today("11:00:00"), today("11:03:07.123")], "half-open");
    assert_eq!(contents[1].expiration, "2026-11-29T11:03:07.123Z".parse().unwrap());
    assert_says(&contents[1].id, &["20261122110307123$20261122110307123$audit_exchange$"]);
    assert_eq!(contents[1].uri.path().rsplit('/').next(), Some(contents[1].id.as_str()));
}

#[tokio::test]
async fn a_window_over_the_seven_day_edge() {
    let (microsoft, collector) = noon().await;
    let window = testkit::window("2026-11-15T11:59:59Z", "2026-11-15T12:30:00Z");
    let listing = collector.client.list(&collector.tenant, ContentType::Exchange, window);
    let failure = refused(listing.try_collect::<Vec<_>>().await);
    assert_eq!(failure.kind, WindowOutOfRange);
    assert_says(&failure.message, &["AF20055", "the next poll asks for what can still be listed"]);
    assert_eq!(microsoft.calls().of(Operation::ListContent), 1, "asking again does not help");
}

/// FaultKind `what` makes of a listing, when it is there for good.
async fn fate(what: FaultKind) -> (FailureKind, String, u64) {
    let (microsoft, collector) = noon().await;
    microsoft.inject(Fault::new(Match::operation(Operation::ListContent), what).always());
    let failure = refused(collector.list().await);
    (failure.kind, failure.message, microsoft.calls().of(Operation::ListContent))
}

#[tokio::test]
async fn an_error_object_inside_a_success_is_the_error_that_it_names() {
    for (code, kind, calls) in [("AF50000", Transient, 3), ("AF20030", WindowOutOfRange, 1)] {
        let (met, message, tries) = fate(FaultKind::ErrorInside200 { code: code.to_owned() }).await;
        assert_eq!((met, tries), (kind, calls), "{code}");
        assert_says(&message, &["listing content failed", code]);
    }
}

#[tokio::test]
async fn an_answer_that_is_no_listing_will_pass() {
    let json = "application/json";
    for (content_type, body) in [
        (json, r#"[{"contentId":"#),
        (json, r#"{"value":[]}"#),
        (json, "null"),
        (json, ""),
        ("text/html", "<html>We are sorry</html>"),
    ] {
        let what = FaultKind::Answer { status: 200, content_type: content_type.to_owned(), body: body.to_owned() };
        let (kind, message, tries) = fate(what).await;
        assert_eq!((kind, tries), (Transient, 3), "{body}");
        assert_eq!(message, "listing content failed: HTTP 200 with a body that is not what was asked for", "{body}");
    }
}

#[tokio::test]
async fn a_listing_that_is_cut_is_read_again() {
    let (microsoft, collector) = noon().await;
    publish(&microsoft, &collector, &["11:05:00"]);
    for what in
        [FaultKind::Truncate { after: 30 }, FaultKind::CutBody { after: 30 }, FaultKind::Drop, FaultKind::BadGateway]
    {
        microsoft.inject(Fault::new(Match::operation(Operation::ListContent), what.clone()));
        assert_eq!(collector.contents().await.len(), 1, "{what:?}");
    }
    microsoft.assert_clean();
}

#[tokio::test]
async fn pages_before_the_one_that_fails_are_handed_on() {
    let (microsoft, collector) = noon_with(Config { page_size: 1, ..Config::default() }).await;
    publish(&microsoft, &collector, &["11:05:00", "11:10:00"]);
    microsoft.inject(Fault::new(Match::operation(Operation::ListContent), FaultKind::Unavailable).skip(1).always());
    let pages = collector.client.list(&collector.tenant, ContentType::Exchange, last_hour());
    pin_mut!(pages);
    assert_eq!(pages.next().await.unwrap().unwrap().contents.len(), 1);
    assert_eq!(refused(pages.next().await.unwrap()).kind, Transient);
    assert!(pages.next().await.is_none(), "an error ends the listing");
}
