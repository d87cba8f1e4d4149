//! The entries of a listing: an incomplete one is repaired or returned as malformed, and does not affect the others.

use collector::content::Content;
use collector::ports::ContentPage;
use management_api_simulator::{Fault, FaultKind, Match, Operation, Slice};

use crate::scripted_server::{ScriptedServer, response};
use crate::{EXCHANGE, publish, start_simulator, today};

/// The page for a listing with this body.
async fn page_of(rows: &str) -> (ScriptedServer, ContentPage) {
    let (server, fixture) = ScriptedServer::start().await;
    server.respond(response(200, rows));
    let page = fixture.list().await.unwrap().remove(0);
    (server, page)
}

/// The only content of a listing with this row.
async fn content_of(row: &str) -> Content {
    let (_, mut page) = page_of(&format!("[{row}]")).await;
    assert!(page.malformed.is_empty(), "{:?}", page.malformed);
    assert_eq!(page.contents.len(), 1);
    page.contents.remove(0)
}

/// Asserts that an entry with this fault is listed as if it were complete, and can be fetched.
async fn assert_repaired(fault: FaultKind) {
    let (microsoft, fixture) = start_simulator().await;
    publish(&microsoft, &fixture, &["11:05:00"]);
    let complete = fixture.contents().await;
    microsoft.inject(Fault::new(Match::operation(Operation::ListContent), fault));
    assert_eq!(fixture.contents().await, complete);
    assert_eq!(fixture.read(&complete[0].uri).await.unwrap(), br#"[{"Id":"11:05:00"}]"#);
    microsoft.assert_clean();
}

#[tokio::test]
async fn an_entry_without_uri_is_fetched_by_id() {
    assert_repaired(FaultKind::MissingContentUri).await;
}

#[tokio::test]
async fn an_entry_without_id_takes_it_from_the_uri() {
    assert_repaired(FaultKind::MissingContentId).await;
}

#[tokio::test]
async fn a_foreign_uri_is_replaced() {
    assert_repaired(FaultKind::ForeignContentUri { origin: "https://manage.office.example".to_owned() }).await;
}

#[tokio::test]
async fn an_id_is_escaped_as_one_path_segment() {
    let content = content_of(r#"{"contentId":"a/b?c d$e"}"#).await;
    assert_eq!(content.id, "a/b?c d$e");
    assert!(content.uri.path().ends_with("/activity/feed/audit/a%2Fb%3Fc%20d$e"), "{}", content.uri);
}

#[tokio::test]
async fn a_malformed_entry_does_not_affect_the_others() {
    let without_both = r#"{"contentCreated":"2026-11-22T11:05:00.000Z","contentType":"Audit.Exchange"}"#;
    let foreign = r#"{"contentUri":"https://elsewhere.example/audit/1"}"#;
    let empty = r#"{"contentId":"","contentUri":""}"#;
    let rows = format!(r#"[{{"contentId":"first"}},{without_both},{foreign},{empty},null,7,{{"contentId":"last"}}]"#);
    let (_, page) = page_of(&rows).await;
    let ids: Vec<&str> = page.contents.iter().map(|content| content.id.as_str()).collect();
    assert_eq!(ids, ["first", "last"]);
    assert_eq!(page.malformed, [without_both, foreign, empty, "null", "7"]);
}

#[tokio::test]
async fn an_entry_without_times_uses_the_windows() {
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
async fn times_without_a_zone_are_utc() {
    for (written, expected) in [
        ("2026-11-22T11:03:07.123Z", "11:03:07.123"),
        ("2026-11-22T11:03:07.1234567Z", "11:03:07.1234567"),
        ("2026-11-22T11:03:07.123", "11:03:07.123"),
        ("2026-11-22T11:03:07", "11:03:07"),
        ("2026-11-22T12:03:07+01:00", "11:03:07"),
    ] {
        let content = content_of(&format!(r#"{{"contentId":"a","contentCreated":"{written}"}}"#)).await;
        assert_eq!(content.created, today(expected), "{written}");
    }
}

#[tokio::test]
async fn reads_the_expiration_that_microsoft_sends() {
    let (microsoft, fixture) = start_simulator().await;
    let slice = Slice::new(today("11:05:00"), [r#"{"Id":"1"}"#]).expires_at(today("15:00:00"));
    microsoft.publish_slice(fixture.tenant.id.0, EXCHANGE, slice);
    assert_eq!(fixture.contents().await[0].expiration, today("15:00:00"));
}

#[tokio::test]
async fn accepts_an_entry_at_the_end_of_time() {
    let content = content_of(r#"{"contentId":"a","contentCreated":"9999-12-30T12:00:00Z"}"#).await;
    assert_eq!(content.id, "a");
}
