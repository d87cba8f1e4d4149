//! Microsoft's clock, as the `Date` header of its responses shows it.

use collector::ports::ManagementApi;
use jiff::SignedDuration;

use crate::client_fixture::ClientFixture;
use crate::scripted_server::{ScriptedServer, response};
use crate::{assert_contains, expect_failure};

/// Lists at noon on our clock, while Microsoft's shows this.
async fn list_at(server: &ScriptedServer, fixture: &ClientFixture, date: &str) -> i64 {
    server.respond_only(response(200, "[]").with("Date", date));
    fixture.list().await.unwrap();
    fixture.client.clock_offset().as_secs()
}

#[tokio::test]
async fn is_what_the_last_response_showed() {
    let (server, fixture) = ScriptedServer::start().await;
    assert_eq!(fixture.client.clock_offset(), SignedDuration::ZERO);
    for (date, offset) in [
        ("Sun, 22 Nov 2026 12:20:00 GMT", 1_200),
        ("soon", 1_200),
        ("Sun, 22 Nov 2026 11:40:00 GMT", -1_200),
        ("Sun, 22 Nov 2026 12:00:02 GMT", 2),
        ("Sun, 22 Nov 2026 12:00:01 GMT", 0),
        ("Sun, 22 Nov 2026 11:59:58 GMT", -2),
        ("Sun, 22 Nov 2026 11:59:59 GMT", 0),
        ("Sun, 22 Nov 2026 13:00:01 GMT", 3_600),
        ("Thu, 01 Jan 1970 00:00:00 GMT", -3_600),
    ] {
        assert_eq!(list_at(&server, &fixture, date).await, offset, "{date}");
    }
}

#[tokio::test]
async fn is_shared_by_clones() {
    let (server, fixture) = ScriptedServer::start().await;
    let clone = fixture.client.clone();
    list_at(&server, &fixture, "Sun, 22 Nov 2026 12:20:00 GMT").await;
    assert_eq!(clone.clock_offset(), SignedDuration::from_mins(20));
}

#[tokio::test]
async fn is_also_read_from_errors() {
    let (server, fixture) = ScriptedServer::start().await;
    server.respond(response(403, "").with("Date", "Sun, 22 Nov 2026 12:20:00 GMT"));
    expect_failure(fixture.list().await);
    assert_eq!(fixture.client.clock_offset(), SignedDuration::from_mins(20));
}

#[tokio::test]
async fn a_window_out_of_range_names_differing_clocks() {
    let (server, fixture) = ScriptedServer::start().await;
    for (code, date, is_named) in [
        ("AF20055", "Sun, 22 Nov 2026 12:20:00 GMT", true),
        ("AF20030", "Sun, 22 Nov 2026 11:40:00 GMT", true),
        ("AF20055", "Sun, 22 Nov 2026 12:01:00 GMT", false),
        ("AF20023", "Sun, 22 Nov 2026 12:20:00 GMT", false),
    ] {
        server.respond_only(response(400, format!(r#"{{"error":{{"code":"{code}"}}}}"#)).with("Date", date));
        let failure = expect_failure(fixture.list().await);
        assert_eq!(failure.message.contains("Microsoft's clock"), is_named, "{failure}");
        if date.contains("12:20") && is_named {
            let clocks = "Microsoft's clock shows 2026-11-22T12:20:00Z, ours 2026-11-22T12:00:00Z";
            assert_contains(&failure.message, &[clocks]);
        }
    }
}
