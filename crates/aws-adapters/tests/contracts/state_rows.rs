//! The rows of the state table.

use std::slice;

use aws_adapters::DynamoDbState;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use collector::content::ContentDigest;
use collector::cursor::Cursor;
use collector::feed::FeedId;
use collector::feed_state::FeedState;
use collector::loss::Loss;
use collector::ports::{ConditionalWrite, Cursors, Losses, Windows};
use collector::window_record::WindowRecord;
use testkit::contracts::state::listing;
use testkit::{ManualClock, at};

use crate::local_aws::clock;
use crate::state::{feed, table};

struct Table {
    client: Client,
    name: String,
    state: DynamoDbState<ManualClock>,
    feed: FeedId,
}

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

impl Table {
    async fn new() -> Self {
        let (client, name) = table().await;
        let state = DynamoDbState::new(client.clone(), &name, clock());
        Self { client, name, state, feed: feed() }
    }

    fn pk(&self) -> AttributeValue {
        text(&format!("{}#Audit.Exchange", self.feed.tenant_id))
    }

    /// An attribute of the feed's row with this sort key.
    async fn attribute(&self, sk: &str, attribute: &str) -> Option<AttributeValue> {
        let get_item = self.client.get_item().table_name(&self.name).key("pk", self.pk()).key("sk", text(sk));
        get_item.send().await.unwrap().item.unwrap_or_else(|| panic!("no row {sk}")).remove(attribute)
    }

    /// The sort keys of the feed's rows, in order.
    async fn sort_keys(&self) -> Vec<String> {
        let query = self.client.query().table_name(&self.name).key_condition_expression("pk = :feed");
        let rows = query.expression_attribute_values(":feed", self.pk()).send().await.unwrap().items.unwrap();
        rows.iter().map(|row| row["sk"].as_s().unwrap().clone()).collect()
    }

    /// Writes a row that holds the digest of one content, as a poller does before it moves the cursor.
    async fn put_part(&self, sk: &str) {
        let digest = AttributeValue::B(Blob::new(ContentDigest::of("left behind").0));
        let put = self.client.put_item().table_name(&self.name).item("pk", self.pk()).item("sk", text(sk));
        put.item("digests", digest).send().await.unwrap();
    }
}

/// Other programs may read these rows.
#[tokio::test]
async fn writes_the_rows_of_the_contract() {
    let table = Table::new().await;
    let (state, feed) = (&table.state, table.feed);
    let listing = listing("2026-11-22T10:00:00Z", "2026-11-22T10:05:00Z", 2);
    assert_eq!(state.record_window(feed, None, listing.window).await.unwrap(), ConditionalWrite::Applied);
    assert_eq!(table.attribute("cursor", "listed_until").await, Some(text("2026-11-22T10:00:00Z")));
    assert_eq!(table.attribute("cursor", "planned_until").await, Some(text("2026-11-22T10:05:00Z")));

    let to = FeedState::default().move_past_window(listing.clone());
    let expected = Cursor::recording_first(listing.window);
    assert_eq!(state.move_cursor(feed, expected, &to).await.unwrap(), ConditionalWrite::Applied);
    assert_eq!(table.attribute("cursor", "listed_until").await, Some(text("2026-11-22T10:05:00Z")));
    assert_eq!(table.attribute("cursor", "planned_until").await, None);

    let window = "window#2026-11-22T10:00:00Z#2026-11-22T10:05:00Z";
    assert_eq!(table.attribute(window, "contents").await, Some(AttributeValue::N("2".into())));
    let digests = table.attribute(window, "digests").await.unwrap();
    assert_eq!(digests.as_b().unwrap().as_ref().len(), 2 * ContentDigest::BYTES);
    let expires_at = at("2027-02-20T12:00:00Z").as_second().to_string();
    assert_eq!(
        table.attribute(window, "expires_at").await,
        Some(AttributeValue::N(expires_at)),
        "90 days after the listing"
    );
}

/// What was processed has no second row: the reconciler reads only what is new.
#[tokio::test]
async fn has_a_second_row_for_an_unprocessed_loss() {
    let table = Table::new().await;
    let bounds = (at("2026-11-22T10:00:00Z"), at("2026-11-22T10:05:00Z"));
    let loss = Loss::of_content(bounds, "id".to_owned(), Vec::new());
    let name = format!("content#2026-11-22T10:00:00Z#content_gone#{}", ContentDigest::of("id"));
    table.state.record_loss(table.feed, &loss).await.unwrap();
    assert_eq!(table.sort_keys().await, [format!("lost#{name}"), format!("unprocessed#{name}")]);
    table.state.mark_processed(table.feed, &loss).await.unwrap();
    assert_eq!(table.sort_keys().await, [format!("lost#{name}")]);
}

/// A poller that crashes before it moves the cursor may leave rows with the digests of a window that has no first row.
#[tokio::test]
async fn ignores_parts_without_a_first_row() {
    let table = Table::new().await;
    let (state, feed) = (&table.state, table.feed);
    let listing = listing("2026-11-22T10:05:00Z", "2026-11-22T10:10:00Z", 2);
    for bounds in [
        "2026-11-22T10:00:00Z#2026-11-22T10:05:00Z",
        "2026-11-22T10:05:00Z#2026-11-22T10:06:00Z",
        "2026-11-22T10:05:00Z#2026-11-22T10:11:00Z",
        "2026-11-22T10:10:00Z#2026-11-22T10:15:00Z",
    ] {
        table.put_part(&format!("window#{bounds}#part0000")).await;
        table.put_part(&format!("window#{bounds}#part0001")).await;
    }
    let record = WindowRecord::new(&listing);
    state.update_window(feed, &record).await.unwrap();
    for limit in [1, 2, 10] {
        let (from, before) = (at("2026-11-22T10:00:00Z"), at("2026-11-22T11:00:00Z"));
        let found = state.windows(feed, from, before, limit).await.unwrap();
        assert_eq!(found, slice::from_ref(&record), "the first {limit} windows");
        let counts = state.window_counts(feed, from, before).await.unwrap();
        assert_eq!(counts, [(&record).into()]);
    }
}
