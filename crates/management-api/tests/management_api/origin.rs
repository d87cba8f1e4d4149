//! The token is sent only to the origin of the tenant's API root.

use std::io::ErrorKind;
use std::net::TcpListener;

use collector::failure::FailureKind::{CredentialsRejected, InvalidMessage, RequestRejected};
use management_api_simulator::{Fault, FaultKind, Match, Operation};

use crate::scripted_server::{ScriptedServer, response};
use crate::{assert_contains, expect_failure, publish, start_simulator};

/// A server that must not be called.
struct ForeignServer(TcpListener);

impl ForeignServer {
    fn listen() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        Self(listener)
    }

    fn url(&self) -> String {
        format!("http://{}", self.0.local_addr().unwrap())
    }

    #[track_caller]
    fn assert_not_called(&self) {
        let connection = self.0.accept();
        assert_eq!(connection.map_err(|error| error.kind()).err(), Some(ErrorKind::WouldBlock), "it was called");
    }
}

#[tokio::test]
async fn the_foreign_server_notices_a_call() {
    let foreign = ForeignServer::listen();
    let _caller = std::net::TcpStream::connect(foreign.0.local_addr().unwrap()).unwrap();
    assert!(foreign.0.accept().is_ok());
}

#[tokio::test]
async fn rejects_a_next_page_on_another_origin() {
    let foreign = ForeignServer::listen();
    let (microsoft, fixture) = start_simulator().await;
    let fault = FaultKind::ForeignNextPage { origin: foreign.url() };
    microsoft.inject(Fault::new(Match::operation(Operation::ListContent), fault));
    let failure = expect_failure(fixture.list().await);
    assert_eq!(failure.kind, InvalidMessage);
    let origin = format!("is not on {}", microsoft.url());
    assert_contains(&failure.message, &["the next page", &foreign.url(), &origin, "nothing was sent"]);
    foreign.assert_not_called();
}

#[tokio::test]
async fn rejects_a_next_page_on_a_lookalike_origin() {
    let (server, fixture) = ScriptedServer::start().await;
    let own = server.feed_url("subscriptions/content?nextpage=2").to_string();
    for next in [
        own.replacen("http:", "https:", 1),
        own.replacen("127.0.0.1", "127.0.0.2", 1),
        own.replacen("127.0.0.1", "localhost", 1),
        own.replacen("http://", "http://elsewhere.example:80/", 1),
        own.replacen("/api", "@elsewhere.example/api", 1),
        own.replacen("http://127.0.0.1", "", 1),
        "/api/v1.0/relative".to_owned(),
        "file:///etc/passwd".to_owned(),
    ] {
        server.respond_only(response(200, "[]").with("NextPageUri", &next));
        assert_eq!(expect_failure(fixture.list().await).kind, InvalidMessage, "{next}");
        assert_eq!(server.requests().len(), 1, "{next}");
    }
}

#[tokio::test]
async fn rejects_a_blob_on_another_origin() {
    let foreign = ForeignServer::listen();
    let (microsoft, fixture) = start_simulator().await;
    let failure = expect_failure(fixture.read(&format!("{}/audit/1", foreign.url()).parse().unwrap()).await);
    assert_eq!(failure.kind, InvalidMessage);
    assert_contains(&failure.message, &[&foreign.url(), "nothing was sent"]);
    foreign.assert_not_called();
    assert_eq!(microsoft.calls().total(), 0);
}

#[tokio::test]
async fn never_calls_a_listed_foreign_uri() {
    let foreign = ForeignServer::listen();
    let (microsoft, fixture) = start_simulator().await;
    publish(&microsoft, &fixture, &["11:05:00"]);
    let fault = FaultKind::ForeignContentUri { origin: foreign.url() };
    microsoft.inject(Fault::new(Match::operation(Operation::ListContent), fault));
    let contents = fixture.contents().await;
    fixture.read(&contents[0].uri).await.unwrap();
    foreign.assert_not_called();
    microsoft.assert_clean();
}

#[tokio::test]
async fn does_not_follow_redirects() {
    let foreign = ForeignServer::listen();
    let (server, fixture) = ScriptedServer::start().await;
    for status in [301, 302, 303, 307, 308] {
        server.respond_only(response(status, "").with("Location", &foreign.url()));
        assert_eq!(expect_failure(fixture.list().await).kind, RequestRejected, "{status}");
        assert_eq!(expect_failure(fixture.read(&server.feed_url("audit/1")).await).kind, RequestRejected, "{status}");
    }
    foreign.assert_not_called();
}

#[tokio::test]
async fn does_not_send_the_secret_after_a_redirect() {
    let foreign = ForeignServer::listen();
    let (server, fixture) = ScriptedServer::start().await;
    server.respond_to_token_requests(response(307, "").with("Location", &foreign.url()));
    assert_eq!(expect_failure(fixture.list().await).kind, CredentialsRejected);
    foreign.assert_not_called();
}
