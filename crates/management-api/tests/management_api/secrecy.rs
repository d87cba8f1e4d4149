//! Credentials are never shown. (All other tests check this for their failures, too, with `expect_failure`.)

use collector::tenant::Secret;
use management_api_simulator::{Fault, FaultKind, Match, Operation, SECRET_PREFIX, TOKEN_PREFIX};

use crate::scripted_server::{ScriptedServer, response};
use crate::{assert_shows_no_credentials, expect_failure, start_simulator};

#[tokio::test]
async fn debug_shows_neither_token_nor_secret() {
    let (_microsoft, fixture) = start_simulator().await;
    fixture.list().await.unwrap();
    assert_shows_no_credentials(&format!("{:?} {:?}", fixture.client, fixture.tenant));
}

#[tokio::test]
async fn sends_the_token_only_in_its_header() {
    let (server, fixture) = ScriptedServer::start().await;
    server.respond(response(200, "[]"));
    fixture.list().await.unwrap();
    let request = &server.requests()[0];
    assert_eq!(request.header("authorization"), [format!("Bearer {TOKEN_PREFIX}scripted")]);
    assert_shows_no_credentials(&request.line);
}

#[tokio::test]
async fn does_not_show_an_unusable_token() {
    let (server, fixture) = ScriptedServer::start().await;
    server.respond_to_token_requests(response(
        200,
        format!(r#"{{"access_token":"{TOKEN_PREFIX}\n1","expires_in":3599}}"#),
    ));
    expect_failure(fixture.list().await);
    assert_eq!(server.requests().len(), 0);
}

#[tokio::test]
async fn does_not_show_an_unreadable_token_response() {
    let (server, fixture) = ScriptedServer::start().await;
    server.respond_to_token_requests(response(200, format!(r#"{{"access_token":"{TOKEN_PREFIX}1","expires_in""#)));
    expect_failure(fixture.list().await);
}

#[tokio::test]
async fn does_not_show_a_wrong_secret() {
    let (microsoft, mut fixture) = start_simulator().await;
    fixture.tenant.client_secret = Secret::new(format!("{SECRET_PREFIX}but-wrong"));
    expect_failure(fixture.list().await);
    microsoft.inject(Fault::new(Match::operation(Operation::Token), FaultKind::Drop).always());
    expect_failure(fixture.list().await);
}
