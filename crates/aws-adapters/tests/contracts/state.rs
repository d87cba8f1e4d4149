//! The state: DynamoDB and memory.

use aws_adapters::DynamoDbState;
use aws_sdk_dynamodb::types::{AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType};
use collector::feed::{ContentType, FeedId, TenantId};
use testkit::{ManualClock, MemoryState, contracts};
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

pub(crate) fn feed() -> FeedId {
    FeedId { tenant_id: TenantId(Uuid::new_v4()), content_type: ContentType::Exchange }
}

/// Makes each contract a test of the state in memory and a test of the one in DynamoDB.
macro_rules! contracts {
    ($($port:ident: $($contract:ident),+;)+) => {
        mod memory {
            $(mod $port {
                $(#[tokio::test]
                async fn $contract() {
                    testkit::contracts::$port::$contract(&testkit::MemoryState::default(), crate::state::feed()).await;
                })+
            })+
        }

        mod dynamodb {
            $(mod $port {
                $(#[tokio::test]
                async fn $contract() {
                    testkit::contracts::$port::$contract(&crate::state::state().await, crate::state::feed()).await;
                })+
            })+
        }
    };
}

contracts! {
    cursors:
        moves_a_cursor_window_by_window,
        replaces_a_window_that_was_never_listed,
        replaces_a_recorded_window_by_a_first_part,
        counts_failed_listings_of_a_recorded_window,
        moves_past_a_window_that_cannot_be_listed,
        writes_a_span_of_empty_windows_with_the_next_listing,
        closes_a_span_of_empty_windows_after_an_hour,
        moves_past_what_is_lost,
        writes_nothing_on_a_conflict,
        saves_what_has_changed_of_a_subscription,
        separates_feeds;
    windows:
        stores_a_listing_too_large_for_one_row,
        reads_a_range_of_windows,
        counts_windows,
        knows_which_windows_were_never_listed,
        stores_what_a_recheck_added,
        stores_how_far_a_feed_was_rechecked,
        saves_rechecks_only_from_their_last_revision;
    open_contents:
        stores_open_contents,
        pages_through_open_contents,
        counts_open_contents_by_window,
        separates_feeds,
        removes_what_is_lost;
    losses:
        records_a_loss_once,
        knows_what_is_unprocessed,
        reads_unprocessed_losses_in_parts,
        reads_the_losses_of_a_range,
        separates_feeds;
}

/// The only contract that needs the state's clock.
#[tokio::test]
async fn knows_what_was_reported() {
    let memory_clock = clock();
    contracts::losses::knows_what_was_reported(&MemoryState::by(&memory_clock), feed(), &memory_clock).await;

    let (client, table) = table().await;
    let dynamodb_clock = clock();
    let dynamodb = DynamoDbState::new(client, table, dynamodb_clock.clone());
    contracts::losses::knows_what_was_reported(&dynamodb, feed(), &dynamodb_clock).await;
}
