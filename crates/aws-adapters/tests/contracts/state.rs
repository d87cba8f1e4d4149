//! The state: DynamoDB and memory.

use aws_adapters::DynamoDbState;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use collector::feed::{ContentType, FeedId, TenantId};
use collector::ports::{ConditionalWrite, Cursors};
use testkit::{ManualClock, MemoryState, at, contracts, window};
use uuid::Uuid;

use crate::local_aws::{clock, sdk, unique};

pub(crate) async fn table() -> (aws_sdk_dynamodb::Client, String) {
    let (client, name) = (sdk().await.dynamodb(), unique("state"));
    let mut create_table = client.create_table().table_name(&name).billing_mode(BillingMode::PayPerRequest);
    for (attribute, key_type) in [("pk", KeyType::Hash), ("sk", KeyType::Range)] {
        let definition = AttributeDefinition::builder().attribute_name(attribute);
        let key = KeySchemaElement::builder().attribute_name(attribute).key_type(key_type);
        create_table = create_table
            .attribute_definitions(definition.attribute_type(ScalarAttributeType::S).build().unwrap())
            .key_schema(key.build().unwrap());
    }
    create_table.send().await.unwrap();
    (client, name)
}

async fn state() -> DynamoDbState<ManualClock> {
    let (client, name) = table().await;
    DynamoDbState::new(client, name, clock())
}

fn feed() -> FeedId {
    FeedId { tenant_id: TenantId(Uuid::new_v4()), content_type: ContentType::Exchange }
}

#[tokio::test]
async fn moves_a_cursor_window_by_window() {
    contracts::state::moves_a_cursor_window_by_window(&MemoryState::default(), feed()).await;
    contracts::state::moves_a_cursor_window_by_window(&state().await, feed()).await;
}

#[tokio::test]
async fn stores_a_listing_too_large_for_one_row() {
    contracts::state::stores_a_listing_too_large_for_one_row(&MemoryState::default(), feed()).await;
    contracts::state::stores_a_listing_too_large_for_one_row(&state().await, feed()).await;
}

#[tokio::test]
async fn skips_what_is_lost() {
    contracts::state::skips_what_is_lost(&MemoryState::default(), feed()).await;
    contracts::state::skips_what_is_lost(&state().await, feed()).await;
}

#[tokio::test]
async fn separates_feeds() {
    contracts::state::separates_feeds(&MemoryState::default(), feed().tenant_id).await;
    contracts::state::separates_feeds(&state().await, feed().tenant_id).await;
}

#[tokio::test]
async fn stores_windows_and_losses() {
    contracts::state::stores_windows_and_losses(&MemoryState::default(), feed()).await;
    contracts::state::stores_windows_and_losses(&state().await, feed()).await;
}

#[tokio::test]
async fn stores_reconcile_progress() {
    contracts::state::stores_reconcile_progress(&MemoryState::default(), feed()).await;
    contracts::state::stores_reconcile_progress(&state().await, feed()).await;
}

/// The contract lets other programs read these rows.
#[tokio::test]
async fn writes_the_rows_of_the_contract() {
    let (client, table) = table().await;
    let (state, feed) = (DynamoDbState::new(client.clone(), &table, clock()), feed());
    let window = window("2026-11-22T10:00:00Z", "2026-11-22T10:05:00Z");
    let pk = AttributeValue::S(format!("{}#Audit.Exchange", feed.tenant_id));
    let row = async |sk: &str| {
        let get_item = client.get_item().table_name(&table).key("pk", pk.clone());
        get_item.key("sk", AttributeValue::S(sk.to_owned())).send().await.unwrap().item
    };
    let text = |text: &str| Some(AttributeValue::S(text.to_owned()));

    assert_eq!(state.record_window(feed, None, window).await.unwrap(), ConditionalWrite::Applied);
    let cursor = row("cursor").await.unwrap();
    assert_eq!(cursor.get("listed_until").cloned(), text("2026-11-22T10:00:00Z"));
    assert_eq!(cursor.get("planned_until").cloned(), text("2026-11-22T10:05:00Z"));

    let listing = contracts::state::listing("2026-11-22T10:00:00Z", "2026-11-22T10:05:00Z", 2);
    assert_eq!(state.commit_window(feed, &listing).await.unwrap(), ConditionalWrite::Applied);
    let cursor = row("cursor").await.unwrap();
    assert_eq!(cursor.get("listed_until").cloned(), text("2026-11-22T10:05:00Z"));
    assert_eq!(cursor.get("planned_until"), None);

    let window = row("window#2026-11-22T10:00:00Z#2026-11-22T10:05:00Z").await.unwrap();
    assert_eq!(window.get("contents"), Some(&AttributeValue::N("2".into())));
    assert_eq!(window.get("digests").unwrap().as_b().unwrap().as_ref().len(), 2 * 16);
    let expires_at = at("2027-02-20T12:00:00Z").as_second().to_string();
    assert_eq!(window.get("expires_at"), Some(&AttributeValue::N(expires_at)), "90 days after the listing");
}
