//! What must not be seen. (Every failure of every other story is looked at as well, by `refused`.)

use collector::tenant::Secret;
use management_api_simulator::{Fault, FaultKind, Match, Operation, SECRET_PREFIX, TOKEN_PREFIX};

use crate::scripted_server::{ScriptedServer, response};
use crate::{assert_mute, noon, refused};

#[tokio::test]
async fn a_client_that_holds_a_token_does_not_show_it() {
    let (_microsoft, collector) = noon().await;
    collector.list().await.unwrap();
    assert_mute(&format!("{:?} {:?}", collector.client, collector.tenant));
}

#[tokio::test]
async fn the_token_travels_in_its_header_alone() {
    let (script, collector) = ScriptedServer::start().await;
    script.say(response(200, "[]"));
    collector.list().await.unwrap();
    let heard = &script.heard()[0];
    assert_eq!(heard.header("authorization"), [format!("Bearer {TOKEN_PREFIX}scripted")]);
    assert_mute(&heard.line);
}

#[tokio::test]
async fn a_token_that_no_header_can_hold_is_not_shown() {
    let (script, collector) = ScriptedServer::start().await;
    script.grant(response(200, format!(r#"{{"access_token":"{TOKEN_PREFIX}\n","expires_in":3599}}"#)));
    refused(collector.list().await);
    assert_eq!(script.heard().len(), 0);
}

#[tokio::test]
async fn a_token_answer_that_cannot_be_read_is_not_shown() {
    let (script, collector) = ScriptedServer::start().await;
    script.grant(response(200, format!(r#"{{"access_token":"{TOKEN_PREFIX}1","expires_in""#)));
    refused(collector.list().await);
}

#[tokio::test]
async fn a_wrong_secret_is_not_shown() {
    let (microsoft, mut collector) = noon().await;
    collector.tenant.client_secret = Secret::new(format!("{SECRET_PREFIX}but-wrong"));
    refused(collector.list().await);
    microsoft.inject(Fault::new(Match::operation(Operation::Token), FaultKind::Drop).always());
    refused(collector.list().await);
}
