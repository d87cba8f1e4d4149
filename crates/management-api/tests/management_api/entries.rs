//! The entries of a listing: a broken one is repaired, or told apart, and costs no other.

use collector::content::Content;
use collector::ports::ContentPage;
use management_api_simulator::{Fault, FaultKind, Match, Operation, Slice};

use crate::scripted_server::{ScriptedServer, response};
use crate::{EXCHANGE, noon, publish, today};

/// The page that a listing of this text comes to.
async fn page_of(rows: &str) -> (ScriptedServer, ContentPage) {
    let (script, collector) = ScriptedServer::start().await;
    script.say(response(200, rows));
    let page = collector.list().await.unwrap().remove(0);
    (script, page)
}

/// The only content of a listing of one row.
async fn content_of(row: &str) -> Content {
    let (_, mut page) = page_of(&format!("[{row}]")).await;
    assert_eq!((page.contents.len(), page.malformed.len()), (1, 0));
    page.contents.remove(0)
}

/// An entry that lost something is listed as if it had not, and can be fetched.
async fn assert_repaired(what: FaultKind) {
    let (microsoft, collector) = noon().await;
    publish(&microsoft, &collector, &["11:05:00"]);
    let whole = collector.contents().await;
    microsoft.inject(Fault::new(Match::operation(Operation::ListContent), what));
    assert_eq!(collector.contents().await, whole);
    assert_eq!(collector.read(&whole[0].uri).await.unwrap(), br#"[{"Id":"11:05:00"}]"#);
    microsoft.assert_clean();
}

#[tokio::test]
async fn an_entry_without_address_is_fetched_by_its_id() {
    assert_repaired(FaultKind::MissingContentUri).await;
}

#[tokio::test]
async fn an_entry_without_id_is_named_after_its_address() {
    assert_repaired(FaultKind::MissingContentId).await;
}

#[tokio::test]
async fn an_address_elsewhere_is_replaced_by_the_one_of_the_id() {
    assert_repaired(FaultKind::ForeignContentUri { origin: "https://manage.office.example".to_owned() }).await;
}

#[tokio::test]
async fn an_id_is_one_segment_of_the_address() {
    let content = content_of(r#"{"contentId":"a/b?c d$e"}"#).await;
    assert_eq!(content.id, "a/b?c d$e");
    assert!(content.uri.path().ends_with("/activity/feed/audit/a%2Fb%3Fc%20d$e"), "{}", content.uri);
}

#[tokio::test]
async fn an_entry_with_neither_is_told_apart_and_the_others_are_kept() {
    let placeholder = r#"{"contentCreated":"2026-11-22T11:05:00.000Z","contentType":"Audit.Exchange"}"#;
    let foreign = r#"{"contentUri":"https://elsewhere.example/audit/1"}"#;
    let empty = r#"{"contentId":"","contentUri":""}"#;
    let rows = format!(r#"[{{"contentId":"first"}},{placeholder},{foreign},{empty},null,7,{{"contentId":"last"}}]"#);
    let (_, page) = page_of(&rows).await;
    let ids: Vec<&str> = page.contents.iter().map(|content| content.id.as_str()).collect();
    assert_eq!(ids, ["first", "last"]);
    assert_eq!(page.malformed, [placeholder, foreign, empty, "null", "7"]);
}

#[tokio::test]
async fn an_entry_without_times_has_those_of_its_window() {
    for row in [
        r#"{"contentId":"a"}"#,
        r#"{"contentId":"a","contentCreated":null,"contentExpiration":null}"#,
        r#"{"contentId":"a","contentCreated":"yesterday","contentExpiration":""}"#,
        r#"{"contentId":"a","contentCreated":1795345387,"contentExpiration":{}}"#,
    ] {
        let content = content_of(row).await;
        assert_eq!(content.created, today("11:00:00"), "{row}");
        assert_eq!(content.expiration, "2026-11-29T11:00:00Z".parse().unwrap(), "{row}");
    }
}

#[tokio::test]
async fn times_are_utc_whether_or_not_they_say_so() {
    for (written, read) in [
        ("2026-11-22T11:03:07.123Z", "11:03:07.123"),
        ("2026-11-22T11:03:07.1234567Z", "11:03:07.1234567"),
        ("2026-11-22T11:03:07.123", "11:03:07.123"),
        ("2026-11-22T11:03:07", "11:03:07"),
        ("2026-11-22T12:03:07+01:00", "11:03:07"),
    ] {
        let content = content_of(&format!(r#"{{"contentId":"a","contentCreated":"{written}"}}"#)).await;
        assert_eq!(content.created, today(read), "{written}");
    }
}

#[tokio::test]
async fn the_expiration_is_read_and_not_reckoned() {
    let (microsoft, collector) = noon().await;
    let slice = Slice::new(today("11:05:00"), [r#"{"Id":"1"}"#]).expires_at(today("15:00:00"));
    microsoft.publish_slice(collector.tenant.id.0, EXCHANGE, slice);
    assert_eq!(collector.contents().await[0].expiration, today("15:00:00"));
}

#[tokio::test]
async fn an_entry_at_the_end_of_time_is_an_entry() {
    let content = content_of(r#"{"contentId":"a","contentCreated":"9999-12-30T12:00:00Z"}"#).await;
    assert_eq!(content.id, "a");
}
