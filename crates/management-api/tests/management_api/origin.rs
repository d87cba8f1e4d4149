//! The token goes to the tenant's own root and nowhere else.

use std::io::ErrorKind;
use std::net::TcpListener;

use collector::failure::FailureKind::{CredentialsRejected, InvalidMessage, RequestRejected};
use management_api_simulator::{Fault, FaultKind, Match, Operation};

use crate::scripted_server::{ScriptedServer, response};
use crate::{assert_says, noon, publish, refused};

/// A server that nobody may call.
struct Stranger(TcpListener);

impl Stranger {
    fn listen() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        Self(listener)
    }

    fn url(&self) -> String {
        format!("http://{}", self.0.local_addr().unwrap())
    }

    #[track_caller]
    fn assert_alone(&self) {
        let visit = self.0.accept();
        assert_eq!(visit.map_err(|error| error.kind()).err(), Some(ErrorKind::WouldBlock), "somebody called");
    }
}

#[tokio::test]
async fn a_stranger_would_notice_a_call() {
    let stranger = Stranger::listen();
    let _caller = std::net::TcpStream::connect(stranger.0.local_addr().unwrap()).unwrap();
    assert!(stranger.0.accept().is_ok());
}

#[tokio::test]
async fn a_next_page_elsewhere_is_refused() {
    let stranger = Stranger::listen();
    let (microsoft, collector) = noon().await;
    let what = FaultKind::ForeignNextPage { origin: stranger.url() };
    microsoft.inject(Fault::new(Match::operation(Operation::ListContent), what));
    let failure = refused(collector.list().await);
    assert_eq!(failure.kind, InvalidMessage);
    let place = format!("is not on {}", microsoft.url());
    assert_says(&failure.message, &["the next page", &stranger.url(), &place, "nothing was sent"]);
    stranger.assert_alone();
}

#[tokio::test]
async fn a_next_page_that_only_looks_like_ours_is_refused() {
    let (script, collector) = ScriptedServer::start().await;
    let own = script.at("subscriptions/content?nextpage=2").to_string();
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
        script.say_only(response(200, "[]").with("NextPageUri", &next));
        assert_eq!(refused(collector.list().await).kind, InvalidMessage, "{next}");
        assert_eq!(script.heard().len(), 1, "{next}");
    }
}

#[tokio::test]
async fn a_blob_elsewhere_is_refused_before_anything_is_sent() {
    let stranger = Stranger::listen();
    let (microsoft, collector) = noon().await;
    let failure = refused(collector.read(&format!("{}/audit/1", stranger.url()).parse().unwrap()).await);
    assert_eq!(failure.kind, InvalidMessage);
    assert_says(&failure.message, &[&stranger.url(), "nothing was sent"]);
    stranger.assert_alone();
    assert_eq!(microsoft.calls().total(), 0);
}

#[tokio::test]
async fn a_listed_address_elsewhere_is_not_called() {
    let stranger = Stranger::listen();
    let (microsoft, collector) = noon().await;
    publish(&microsoft, &collector, &["11:05:00"]);
    let what = FaultKind::ForeignContentUri { origin: stranger.url() };
    microsoft.inject(Fault::new(Match::operation(Operation::ListContent), what));
    let contents = collector.contents().await;
    collector.read(&contents[0].uri).await.unwrap();
    stranger.assert_alone();
    microsoft.assert_clean();
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let stranger = Stranger::listen();
    let (script, collector) = ScriptedServer::start().await;
    for status in [301, 302, 303, 307, 308] {
        script.say_only(response(status, "").with("Location", &stranger.url()));
        assert_eq!(refused(collector.list().await).kind, RequestRejected, "{status}");
        assert_eq!(refused(collector.read(&script.at("audit/1")).await).kind, RequestRejected, "{status}");
    }
    stranger.assert_alone();
}

#[tokio::test]
async fn the_secret_does_not_follow_a_redirect() {
    let stranger = Stranger::listen();
    let (script, collector) = ScriptedServer::start().await;
    script.grant(response(307, "").with("Location", &stranger.url()));
    assert_eq!(refused(collector.list().await).kind, CredentialsRejected);
    stranger.assert_alone();
}
