//! Listings: windows, their limits, and the content of an entry.

use serde_json::json;

use crate::{EXCHANGE, at, client::Client, hours, records, simulator_at_noon, today};

#[tokio::test]
async fn entry_describes_its_blob() {
    let (microsoft, contoso) = simulator_at_noon().await;
    microsoft.publish(contoso, EXCHANGE, today("10:03:07.1234"), records(&["a"]));
    let client = Client::for_tenant(&microsoft, 1).await;
    let id = "20261122100307123$20261122100307123$audit_exchange$Audit_Exchange$na0030";
    let expected = json!([{
        "contentType": "Audit.Exchange",
        "contentId": id,
        "contentUri": format!("{}/api/v1.0/{contoso}/activity/feed/audit/{id}", microsoft.url()),
        "contentCreated": "2026-11-22T10:03:07.123Z",
        "contentExpiration": "2026-11-29T10:03:07.123Z",
    }]);
    let page = client.page(EXCHANGE, "10:00", "11:00").await;
    assert_eq!(page.json(), expected);
    assert_eq!(page.header("content-type"), Some("application/json; charset=utf-8"));
    assert_eq!(page.header("NextPageUri"), None);
    microsoft.assert_clean();
}

#[tokio::test]
async fn window_is_half_open() {
    let (microsoft, contoso) = simulator_at_noon().await;
    for (time, name) in
        [("09:59:59.999", "before"), ("10:00:00", "first"), ("10:59:59.999", "last"), ("11:00:00", "after")]
    {
        microsoft.publish(contoso, EXCHANGE, today(time), records(&[name]));
    }
    let client = Client::for_tenant(&microsoft, 1).await;
    assert_eq!(client.blobs("10:00:00", "11:00:00").await, [["first"], ["last"]]);
    assert_eq!(client.blobs("09:59:59", "10:00:00").await, [["before"]]);
    assert_eq!(client.blobs("11:00:00", "11:00:01").await, [["after"]]);
}

#[tokio::test]
async fn times_have_three_formats() {
    let (microsoft, contoso) = simulator_at_noon().await;
    microsoft.publish(contoso, EXCHANGE, at("2026-11-21T00:00:00Z"), records(&["a"]));
    let client = Client::for_tenant(&microsoft, 1).await;
    for (start, end) in [
        ("2026-11-21", "2026-11-22"),
        ("2026-11-21T00:00", "2026-11-21T00:01"),
        ("2026-11-21T00:00:00", "2026-11-21T00:00:01"),
    ] {
        assert_eq!(client.window(EXCHANGE, start, end).await.content_ids().len(), 1, "{start}");
    }
    let nonsense = client.window(EXCHANGE, "yesterday", "2026-11-22").await;
    assert_eq!(nonsense.error(), (400, "AF20002".to_owned()));
}

#[tokio::test]
async fn window_defaults_to_the_last_day() {
    let (microsoft, contoso) = simulator_at_noon().await;
    microsoft.publish(contoso, EXCHANGE, at("2026-11-21T11:59:59Z"), records(&["older"]));
    microsoft.publish(contoso, EXCHANGE, at("2026-11-21T12:00:00Z"), records(&["in it"]));
    let client = Client::for_tenant(&microsoft, 1).await;
    let page = client.get("subscriptions/content?contentType=Audit.Exchange").await;
    assert_eq!(page.json()[0]["contentCreated"], "2026-11-21T12:00:00.000Z");
    assert_eq!(page.content_ids().len(), 1);
}

#[tokio::test]
async fn window_limits_are_enforced() {
    let (microsoft, _) = simulator_at_noon().await;
    let client = Client::for_tenant(&microsoft, 1).await;
    let table = [
        ("2026-11-22T10:00:00", "2026-11-22T10:00:01", None),
        ("2026-11-21T10:00:00", "2026-11-22T10:00:00", None),
        ("2026-11-21T10:00:00", "2026-11-22T10:00:01", Some("AF20030")),
        ("2026-11-22T10:00:00", "2026-11-22T10:00:00", Some("AF20030")),
        ("2026-11-22T10:00:00", "2026-11-22T09:00:00", Some("AF20030")),
        ("2026-11-15T12:00:00", "2026-11-15T13:00:00", None),
        ("2026-11-15T11:59:59", "2026-11-15T13:00:00", Some("AF20055")),
    ];
    for (start, end, refused) in table {
        let response = client.window(EXCHANGE, start, end).await;
        match refused {
            None => assert_eq!(response.json(), json!([]), "{start} {end}"),
            Some(code) => assert_eq!(response.error(), (400, code.to_owned()), "{start} {end}"),
        }
    }
    let half = client.get("subscriptions/content?contentType=Audit.Exchange&startTime=2026-11-22").await;
    assert_eq!(half.error(), (400, "AF20030".to_owned()));
}

#[tokio::test]
async fn retention_edge_moves_with_the_clock() {
    let (microsoft, contoso) = simulator_at_noon().await;
    microsoft.publish(contoso, EXCHANGE, today("10:00:00"), records(&["a"]));
    microsoft.advance(hours(7 * 24 - 2));
    let client = Client::for_tenant(&microsoft, 1).await;
    assert_eq!(client.page(EXCHANGE, "10:00", "11:00").await.content_ids().len(), 1);
    microsoft.advance(hours(1) / 3_600);
    assert_eq!(client.page(EXCHANGE, "10:00", "11:00").await.error(), (400, "AF20055".to_owned()));
}

#[tokio::test]
async fn feeds_are_separate_by_content_type_and_tenant() {
    let (microsoft, contoso) = simulator_at_noon().await;
    let fabrikam = microsoft.add_tenant(management_api_simulator::Tenant::example(2).subscribed());
    microsoft.publish(contoso, EXCHANGE, today("10:00:00"), records(&["a"]));
    microsoft.publish(contoso, "DLP.All", today("10:00:00"), records(&["b"]));
    microsoft.publish(fabrikam, EXCHANGE, today("10:00:00"), records(&["c"]));
    let client = Client::for_tenant(&microsoft, 1).await;
    let dlp = client.ids("DLP.All", "10:00", "11:00").await;
    assert_eq!(dlp, ["20261122100000000$20261122100000000$dlp_all$DLP_All$na0030"]);
    assert_eq!(client.blob(&dlp[0]).await.record_ids(), ["b"]);
    assert_eq!(client.blobs("10:00", "11:00").await, [["a"]]);
    assert_eq!(Client::for_tenant(&microsoft, 2).await.blobs("10:00", "11:00").await, [["c"]]);
    assert!(client.ids("Audit.General", "10:00", "11:00").await.is_empty());
}
