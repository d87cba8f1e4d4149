//! `PublisherIdentifier`: whose quota a request is counted against.

use management_api_simulator::Uuid;

use crate::scripted_server::{ScriptedServer, response};

/// The values of the parameter in each request of a poll and a fetch.
async fn publishers(publisher: Option<Uuid>) -> Vec<Vec<String>> {
    let (script, mut collector) = ScriptedServer::start().await;
    collector.tenant.publisher_id = publisher.unwrap_or(collector.tenant.publisher_id);
    script.say(response(200, "[]"));
    collector.subscriptions().await.unwrap();
    script.say_next(response(200, "{}"));
    collector.start().await.unwrap();
    script.say_next(response(200, "[]").with("NextPageUri", script.at("subscriptions/content?nextpage=2").as_str()));
    collector.list().await.unwrap();
    collector.read(&script.at("audit/1")).await.unwrap();
    let heard = script.heard();
    let values = |line: &str| -> Vec<String> {
        let query = line.split_once('?').map_or("", |(_, query)| query);
        query.split('&').filter_map(|pair| pair.strip_prefix("PublisherIdentifier=")).map(str::to_owned).collect()
    };
    heard.iter().map(|heard| values(&heard.line)).collect()
}

#[tokio::test]
async fn the_tenant_is_its_own_publisher_on_every_call() {
    let tenant = management_api_simulator::Tenant::example(1).id.to_string();
    assert_eq!(publishers(None).await, vec![vec![tenant]; 5]);
}

#[tokio::test]
async fn a_vendor_is_named_instead_on_every_call() {
    let vendor = Uuid::from_u128(7);
    assert_eq!(publishers(Some(vendor)).await, vec![vec![vendor.to_string()]; 5]);
}

#[tokio::test]
async fn an_address_that_names_the_publisher_already_is_left_alone() {
    let (script, collector) = ScriptedServer::start().await;
    script.say(response(200, "[]"));
    let query = "publisheridentifier=00000000-0000-0000-0000-000000000007";
    collector.read(&script.at(&format!("audit/1?{query}"))).await.unwrap();
    assert!(script.heard()[0].line.ends_with(&format!("/audit/1?{query}")), "{}", script.heard()[0].line);
}
