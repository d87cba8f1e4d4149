//! `PublisherIdentifier`: the owner of the quota that a request counts against.

use management_api_simulator::Uuid;

use crate::scripted_server::{ScriptedServer, response};

/// The values of the parameter in each request that a poll and a fetch send.
async fn publishers(publisher: Option<Uuid>) -> Vec<Vec<String>> {
    let (server, mut fixture) = ScriptedServer::start().await;
    fixture.tenant.publisher_id = publisher.unwrap_or(fixture.tenant.publisher_id);
    server.respond(response(200, "[]"));
    fixture.subscriptions().await.unwrap();
    server.respond_next(response(200, "{}"));
    fixture.start().await.unwrap();
    server.respond_next(
        response(200, "[]").with("NextPageUri", server.feed_url("subscriptions/content?nextpage=2").as_str()),
    );
    fixture.list().await.unwrap();
    fixture.read(&server.feed_url("audit/1")).await.unwrap();
    let values = |line: &str| -> Vec<String> {
        let query = line.split_once('?').map_or("", |(_, query)| query);
        query.split('&').filter_map(|pair| pair.strip_prefix("PublisherIdentifier=")).map(str::to_owned).collect()
    };
    server.requests().iter().map(|request| values(&request.line)).collect()
}

#[tokio::test]
async fn every_request_names_the_tenant_as_publisher() {
    let tenant = management_api_simulator::Tenant::example(1).id.to_string();
    assert_eq!(publishers(None).await, vec![vec![tenant]; 5]);
}

#[tokio::test]
async fn every_request_names_a_configured_publisher() {
    let vendor = Uuid::from_u128(7);
    assert_eq!(publishers(Some(vendor)).await, vec![vec![vendor.to_string()]; 5]);
}

#[tokio::test]
async fn does_not_add_a_second_publisher() {
    let (server, fixture) = ScriptedServer::start().await;
    server.respond(response(200, "[]"));
    let query = "publisheridentifier=00000000-0000-0000-0000-000000000007";
    fixture.read(&server.feed_url(&format!("audit/1?{query}"))).await.unwrap();
    assert!(server.requests()[0].line.ends_with(&format!("/audit/1?{query}")), "{}", server.requests()[0].line);
}
