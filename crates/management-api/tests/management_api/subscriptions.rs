//! Subscriptions: which are on, and turning one on.

use collector::failure::FailureKind::{Permission, SubscriptionDisabled, Throttled, Transient};
use collector::feed::ContentType;
use management_api_simulator::{Config, Fault, FaultKind, Match, Operation, Role, Tenant};

use crate::scripted_server::{ScriptedServer, response};
use crate::{EXCHANGE, assert_says, noon, noon_of, refused};

#[tokio::test]
async fn only_those_that_are_on_are_named() {
    let tenant = Tenant::example(1).subscribed_to(&[EXCHANGE, "Audit.General", "DLP.All"]);
    let (microsoft, collector) = noon_of(&tenant, Config::default()).await;
    microsoft.stop_subscription(tenant.id, "Audit.General");
    assert_eq!(collector.subscriptions().await.unwrap(), [ContentType::Exchange, ContentType::Dlp]);
    microsoft.assert_clean();
}

#[tokio::test]
async fn a_new_tenant_has_none() {
    let (_microsoft, collector) = noon_of(&Tenant::example(1), Config::default()).await;
    assert_eq!(collector.subscriptions().await.unwrap(), []);
}

#[tokio::test]
async fn a_webhook_and_a_content_type_of_the_future_do_not_disturb() {
    let (script, collector) = ScriptedServer::start().await;
    script.say(response(
        200,
        r#"[{"contentType":"Audit.Quantum","status":"enabled","webhook":null},
            {"contentType":"Audit.Exchange","status":"enabled","webhook":{"status":"expired","address":"https://a.example"}}]"#,
    ));
    assert_eq!(collector.subscriptions().await.unwrap(), [ContentType::Exchange]);
}

#[tokio::test]
async fn a_subscription_is_started() {
    let (microsoft, collector) = noon_of(&Tenant::example(1), Config::default()).await;
    collector.start().await.unwrap();
    assert_eq!(microsoft.subscription(collector.tenant.id.0, EXCHANGE), Some(true));
    assert_eq!(microsoft.subscription(collector.tenant.id.0, "Audit.General"), None);
    microsoft.assert_clean();
}

#[tokio::test]
async fn one_that_is_on_already_is_a_success() {
    let (microsoft, collector) = noon().await;
    assert_eq!(collector.start().await, Ok(()));
    assert_eq!(microsoft.seen_calls().last().unwrap().status, 400, "AF20024");
}

#[tokio::test]
async fn a_start_has_no_body_and_says_so() {
    let (script, collector) = ScriptedServer::start().await;
    script.say(response(200, "{}"));
    collector.start().await.unwrap();
    let heard = &script.heard()[0];
    assert!(heard.line.starts_with("POST "), "{}", heard.line);
    assert_says(&heard.line, &["/activity/feed/subscriptions/start?contentType=Audit.Exchange&"]);
    assert_eq!((heard.header("content-length"), heard.body.as_str()), (vec!["0"], ""));
}

#[tokio::test]
async fn a_start_whose_answer_is_lost_is_a_success() {
    let (microsoft, collector) = noon_of(&Tenant::example(1), Config::default()).await;
    microsoft.inject(Fault::new(Match::operation(Operation::StartSubscription), FaultKind::Drop));
    collector.start().await.unwrap();
    assert_eq!(microsoft.calls().of(Operation::StartSubscription), 2);
    microsoft.assert_clean();
}

#[tokio::test]
async fn an_error_inside_a_success_is_no_start() {
    let (microsoft, collector) = noon_of(&Tenant::example(1), Config::default()).await;
    let what = FaultKind::ErrorInside200 { code: "AF50000".to_owned() };
    microsoft.inject(Fault::new(Match::operation(Operation::StartSubscription), what).times(3));
    let failure = refused(collector.start().await);
    assert_eq!(failure.kind, Transient);
    assert_says(&failure.message, &["starting the subscription failed", "AF50000"]);
    assert_eq!(microsoft.subscription(collector.tenant.id.0, EXCHANGE), None);
}

#[tokio::test]
async fn a_start_within_the_cool_down_is_put_off() {
    let (microsoft, collector) = noon_of(&Tenant::example(1), Config::default()).await;
    collector.start().await.unwrap();
    microsoft.stop_subscription(collector.tenant.id.0, EXCHANGE);
    assert_eq!(refused(collector.start().await).kind, Throttled);
}

#[tokio::test]
async fn a_start_without_permission_names_it() {
    let tenant = Tenant::example(1).with_roles([Role::ReadDlp]);
    let (_microsoft, collector) = noon_of(&tenant, Config::default()).await;
    let failure = refused(collector.start().await);
    assert_eq!(failure.kind, Permission);
    assert_says(&failure.message, &["starting the subscription failed", "AF10001", "ActivityFeed.Read"]);
}

#[tokio::test]
async fn a_listing_without_subscription_says_which_way_it_is_missing() {
    let (microsoft, collector) = noon_of(&Tenant::example(1), Config::default()).await;
    let never = refused(collector.list().await);
    microsoft.start_subscription(collector.tenant.id.0, EXCHANGE);
    microsoft.stop_subscription(collector.tenant.id.0, EXCHANGE);
    let stopped = refused(collector.list().await);
    assert_eq!([never.kind, stopped.kind], [SubscriptionDisabled; 2]);
    assert_says(&never.message, &["AF20022", "the poller starts the subscription"]);
    assert_says(&stopped.message, &["AF20023", "the poller starts the subscription"]);
}
