//! Scripted faults in the content of a response: malformed records, rows and entries, and missing fields.

use management_api_simulator::{Config, Fault, FaultKind, Match, Operation, RecordDefect, Simulator, Tenant};
use serde_json::{Value, json};

use crate::{
    EXCHANGE,
    client::{Client, request_token, token_form},
    records, simulator_at_noon, simulator_at_noon_with, today,
};

async fn simulator_with_blobs() -> (Simulator, Client) {
    let (microsoft, contoso) = simulator_at_noon().await;
    microsoft.publish(contoso, EXCHANGE, today("10:00:00"), records(&["a", "b", "c"]));
    microsoft.publish(contoso, EXCHANGE, today("10:30:00"), records(&["d"]));
    let client = Client::for_tenant(&microsoft, 1).await;
    (microsoft, client)
}

fn on_fetch(kind: FaultKind) -> Fault {
    Fault::new(Match::operation(Operation::FetchContent), kind)
}

fn on_listing(kind: FaultKind) -> Fault {
    Fault::new(Match::operation(Operation::ListContent), kind)
}

#[tokio::test]
async fn one_record_can_have_any_defect() {
    let (microsoft, client) = simulator_with_blobs().await;
    let id = client.ids(EXCHANGE, "10:00", "10:30").await.remove(0);
    let table: [(RecordDefect, &[u8]); 7] = [
        (RecordDefect::MissingComma, br#"{"Id":"b","Defect":[{"a":1}{"a":2}]}"#),
        (RecordDefect::InvalidUtf8, b"{\"Id\":\"b\",\"Defect\":\"a\xffb\"}"),
        (RecordDefect::RawNul, b"{\"Id\":\"b\",\"Defect\":\"a\0b\"}"),
        (RecordDefect::RawLineFeed, b"{\"Id\":\"b\",\"Defect\":\"a\nb\"}"),
        (RecordDefect::NotANumber, br#"{"Id":"b","Defect":NaN}"#),
        (RecordDefect::UnescapedQuote, br#"{"Id":"b","Defect":"a"b"}"#),
        (RecordDefect::Unclosed, br#"{"Id":"b""#),
    ];
    for (defect, broken) in table {
        microsoft.inject(on_fetch(FaultKind::BrokenRecord { position: 1, defect }));
        let blob = client.blob(&id).await;
        assert_eq!(blob.status, 200);
        assert_eq!(blob.body, [br#"[{"Id":"a"},"#, broken, br#",{"Id":"c"}]"#].concat(), "{defect:?}");
        assert!(serde_json::from_slice::<Value>(&blob.body).is_err(), "{defect:?}");
    }
}

#[tokio::test]
async fn defect_position_counts_over_slices() {
    let (microsoft, contoso) = simulator_at_noon().await;
    microsoft.publish(contoso, EXCHANGE, today("10:00:00"), records(&["a", "b"]));
    microsoft.publish(contoso, EXCHANGE, today("10:00:10"), records(&["c"]));
    let client = Client::for_tenant(&microsoft, 1).await;
    let id = client.ids(EXCHANGE, "10:00", "11:00").await.remove(0);
    for position in [2, 99] {
        microsoft.inject(on_fetch(FaultKind::BrokenRecord { position, defect: RecordDefect::NotANumber }));
        let body = client.blob(&id).await.body;
        assert_eq!(body, br#"[{"Id":"a"},{"Id":"b"},{"Id":"c","Defect":NaN}]"#, "{position}");
    }
}

#[tokio::test]
async fn each_blob_can_be_broken_for_its_first_fetches() {
    let (microsoft, client) = simulator_with_blobs().await;
    let kind = FaultKind::BrokenRecord { position: 0, defect: RecordDefect::RawNul };
    microsoft.inject(on_fetch(kind).times(2).for_each_content());
    let mut readable = Vec::new();
    for id in client.ids(EXCHANGE, "10:00", "11:00").await {
        for _ in 0..3 {
            readable.push(serde_json::from_slice::<Value>(&client.blob(&id).await.body).is_ok());
        }
    }
    assert_eq!(readable, [false, false, true, false, false, true]);
}

#[tokio::test]
async fn one_blob_can_stay_broken_for_good() {
    let (microsoft, client) = simulator_with_blobs().await;
    let matching = Match::operation(Operation::FetchContent).content_id("20261122100000000");
    let kind = FaultKind::BrokenRecord { position: 0, defect: RecordDefect::MissingComma };
    microsoft.inject(Fault::new(matching, kind).always());
    let ids = client.ids(EXCHANGE, "10:00", "11:00").await;
    for _ in 0..5 {
        assert!(serde_json::from_slice::<Value>(&client.blob(&ids[0]).await.body).is_err());
        assert_eq!(client.blob(&ids[1]).await.record_ids(), ["d"]);
    }
}

#[tokio::test]
async fn blob_can_be_empty_for_its_first_fetches() {
    let (microsoft, client) = simulator_with_blobs().await;
    let id = client.ids(EXCHANGE, "10:30", "11:00").await.remove(0);
    microsoft.inject(on_fetch(FaultKind::EmptyArray).times(2).for_each_content());
    let mut bodies = Vec::new();
    for _ in 0..3 {
        bodies.push(String::from_utf8(client.blob(&id).await.body).unwrap());
    }
    assert_eq!(bodies, ["[]", "[]", r#"[{"Id":"d"}]"#]);
}

#[tokio::test]
async fn blob_can_be_missing_without_a_code_at_first() {
    let (microsoft, client) = simulator_with_blobs().await;
    let id = client.ids(EXCHANGE, "10:30", "11:00").await.remove(0);
    microsoft.inject(on_fetch(FaultKind::NotFound).times(2));
    for _ in 0..2 {
        let missing = client.blob(&id).await;
        assert_eq!(missing.status.as_u16(), 404);
        let uri = client.feed(&format!("audit/{id}?"));
        let message = format!("No HTTP resource was found that matches the request URI '{uri}'.");
        assert_eq!(missing.json(), json!({"Message": message}));
    }
    assert_eq!(client.blob(&id).await.record_ids(), ["d"]);
}

#[tokio::test]
async fn listing_can_have_broken_rows_among_whole_ones() {
    let (microsoft, client) = simulator_with_blobs().await;
    let whole = client.page(EXCHANGE, "10:00", "11:00").await.json();
    let rows = ["null", "17", r#"{"contentId":17}"#].map(str::to_owned).to_vec();
    microsoft.inject(on_listing(FaultKind::BrokenRows { rows }));
    let page = client.page(EXCHANGE, "10:00", "11:00").await.json();
    assert_eq!(page, json!([null, 17, whole[0], whole[1], {"contentId": 17}]));
}

#[tokio::test]
async fn subscription_list_can_have_broken_rows() {
    let (microsoft, client) = simulator_with_blobs().await;
    microsoft.inject(Fault::new(Match::operation(Operation::ListSubscriptions), FaultKind::broken_rows()));
    let rows = client.get("subscriptions/list").await.json();
    assert_eq!(rows.as_array().unwrap().len(), 8 + 5);
    assert_eq!(rows[0], Value::Null);
    assert_eq!(rows[4]["contentType"], "Audit.AzureActiveDirectory");
}

#[tokio::test]
async fn entry_can_be_created_outside_of_its_window() {
    let (microsoft, client) = simulator_with_blobs().await;
    for created in ["2026-11-22T11:00:00.000Z", "2026-11-20T08:00:00.000Z"] {
        microsoft.inject(on_listing(FaultKind::EntryCreated { at: created.parse().unwrap() }));
        let page = client.page(EXCHANGE, "10:00", "11:00").await.json();
        assert_eq!(page[0]["contentCreated"], created);
        assert_eq!(page.as_array().unwrap().len(), 2);
    }
}

#[tokio::test]
async fn listing_can_include_the_end_of_its_window() {
    let (microsoft, contoso) = simulator_at_noon_with(Config { inclusive_end: true, ..Config::default() }).await;
    microsoft.publish(contoso, EXCHANGE, today("11:00:00"), records(&["at the end"]));
    let client = Client::for_tenant(&microsoft, 1).await;
    let page = client.page(EXCHANGE, "10:00", "11:00").await;
    assert_eq!(page.json()[0]["contentCreated"], "2026-11-22T11:00:00.000Z");
    let next = client.page(EXCHANGE, "11:00", "12:00").await;
    assert_eq!(next.content_ids(), page.content_ids());
}

/// The field names of the first row of an array, or of the object itself.
fn names(json: &Value) -> Vec<&str> {
    let object = json.get(0).or_else(|| json.get("error")).unwrap_or(json);
    object.as_object().unwrap().keys().map(String::as_str).collect()
}

fn without(fields: &[&str]) -> FaultKind {
    FaultKind::MissingFields { names: fields.iter().map(|&name| name.to_owned()).collect() }
}

#[tokio::test]
async fn any_response_can_lack_fields() {
    let (microsoft, client) = simulator_with_blobs().await;
    microsoft.inject(Fault::new(Match::any(), without(&["contentType", "contentExpiration"])));
    // The fault waits for a response with one of the fields.
    assert_eq!(client.get("audit/unknown").await.status, 404);
    let page = client.page(EXCHANGE, "10:00", "11:00").await.json();
    assert_eq!(names(&page), ["contentCreated", "contentId", "contentUri"]);

    microsoft.inject(Fault::new(Match::any(), without(&["webhook"])));
    assert_eq!(names(&client.get("subscriptions/list").await.json()), ["contentType", "status"]);

    microsoft.inject(Fault::new(Match::any(), without(&["message"])));
    assert_eq!(names(&client.get("audit/unknown").await.json()), ["code"]);

    microsoft.inject(Fault::new(Match::any(), without(&["expires_in", "ext_expires_in", "token_type"])));
    let tenant = Tenant::example(1);
    let token = request_token(&microsoft.url(), &tenant.id.to_string(), &token_form(&tenant)).await;
    assert_eq!(names(&token.json()), ["access_token"]);
    microsoft.assert_clean();
}
