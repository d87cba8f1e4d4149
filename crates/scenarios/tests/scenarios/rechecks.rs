//! The reconciler finds content that was listed late, and content that was not archived.

use management_api_simulator::{Fault, FaultKind, Match, Operation, Slice};
use serde_json::{Value, json};

use crate::fixture::{Fixture, at};

#[tokio::test]
async fn finds_and_queues_content_that_is_listed_late() {
    let fixture = Fixture::of(&["Audit.Exchange"]).await;
    fixture.publish_one("2026-11-22T11:30:00Z", r#"{"Id":"on time"}"#);
    let late = Slice::new(at("2026-11-22T11:40:00Z"), [r#"{"Id":"late"}"#]).visible_at(at("2026-11-22T12:10:00Z"));
    fixture.microsoft.publish_slice(fixture.tenant, "Audit.Exchange", late);
    fixture.collector.poll().await;
    fixture.collector.fetch_all(1).await;
    fixture.advance_minutes(20);

    let report = fixture.collector.reconcile(&[15]).await;
    fixture.collector.fetch_all(1).await;

    let feed = &report.feeds[0];
    assert_eq!(feed.error, None);
    assert_eq!(feed.late.len(), 1);
    assert_eq!(feed.late[0].content_created, at("2026-11-22T11:40:00Z"));
    assert_eq!((feed.late[0].not_listed_after_seconds, feed.late[0].listed_after_seconds), (20 * 60, 40 * 60));
    fixture.assert_complete().await;
    fixture.advance_minutes(60);
    assert_eq!(fixture.collector.reconcile(&[15]).await.feeds[0].late.len(), 0, "late content is reported once");
}

#[tokio::test]
async fn fetches_a_missing_object_again() {
    let fixture = Fixture::of(&["Audit.Exchange"]).await;
    fixture.publish_one("2026-11-22T11:30:00Z", r#"{"Id":"1"}"#);
    fixture.collector.poll().await;
    fixture.collector.fetch_all(1).await;
    delete_all_objects(&fixture).await;

    let report = fixture.collector.reconcile(&[0]).await;
    assert_eq!(report.feeds[0].missing, 1);
    let day = day_report(&fixture).await;
    assert_eq!(figures(&day, ["contents_listed", "contents_archived", "contents_missing"]), [1, 0, 1]);
    assert_eq!(fixture.collector.fetch_all(1).await, [], "its message may still be waiting");

    fixture.advance_minutes(6 * 60);
    fixture.collector.reconcile(&[0]).await;
    fixture.collector.fetch_all(1).await;
    fixture.assert_complete().await;
    fixture.advance_minutes(60);
    let report = fixture.collector.reconcile(&[0]).await;
    assert_eq!(report.feeds[0].missing, 0);
    let day = day_report(&fixture).await;
    assert_eq!(figures(&day, ["contents_listed", "contents_archived", "contents_missing"]), [1, 1, 0]);
    assert_eq!(day["windows"], day["windows_settled"]);
}

#[tokio::test]
async fn reports_content_that_is_gone_once() {
    let fixture = Fixture::of(&["Audit.Exchange"]).await;
    fixture.publish_one("2026-11-22T11:30:00Z", r#"{"Id":"1"}"#);
    let expired = FaultKind::Error { status: 400, code: "AF20051".to_owned() };
    fixture.microsoft.inject(Fault::new(Match::operation(Operation::FetchContent), expired));
    fixture.collector.poll().await;
    fixture.collector.fetch_all(1).await;

    let report = fixture.collector.reconcile(&[0]).await;

    assert_eq!(report.feeds[0].missing, 0);
    assert_eq!(report.feeds[0].lost, []);
    let day = day_report(&fixture).await;
    assert_eq!(figures(&day, ["contents_listed", "contents_archived", "contents_lost"]), [1, 0, 1]);
    assert_eq!(day["lost"].as_array().unwrap().len(), 1);
    assert_eq!(day["lost"][0]["reason"], json!("content_gone"));
    assert!(day["lost"][0]["content"].is_string(), "the loss names the content");
}

#[tokio::test]
async fn queues_dead_letters_again_once_their_cause_is_gone() {
    let fixture = Fixture::of(&["Audit.Exchange"]).await;
    fixture.publish_one("2026-11-22T11:30:00Z", r#"{"Id":"1"}"#);
    fixture.collector.poll().await;
    let resources = &fixture.collector.resources;
    let (sqs, dead_letters) = (resources.sdk.sqs(), &resources.dead_letter_queue_url);
    let delivered = sqs.receive_message().queue_url(&resources.queue_url).send().await.unwrap().messages.unwrap();
    let bodies = [delivered[0].body().unwrap(), "not one of ours"];
    for body in bodies {
        sqs.send_message().queue_url(dead_letters).message_body(body).send().await.unwrap();
    }
    let handle = delivered[0].receipt_handle().unwrap();
    sqs.delete_message().queue_url(&resources.queue_url).receipt_handle(handle).send().await.unwrap();

    let report = fixture.collector.reconcile(&[]).await;

    assert_eq!(report.dead_letters.reopened, 1);
    assert_eq!(report.dead_letters.left, 1);
    fixture.collector.fetch_all(1).await;
    fixture.assert_complete().await;
}

async fn delete_all_objects(fixture: &Fixture) {
    let (s3, bucket) = (fixture.collector.resources.sdk.s3(), &fixture.collector.resources.bucket);
    for object in s3.list_objects_v2().bucket(bucket).send().await.unwrap().contents() {
        s3.delete_object().bucket(bucket).key(object.key().unwrap()).send().await.unwrap();
    }
}

async fn day_report(fixture: &Fixture) -> Value {
    let (s3, bucket) = (fixture.collector.resources.sdk.s3(), &fixture.collector.resources.bucket);
    let key = format!("m365/completeness/day=2026-11-22/tenant={}/Audit.Exchange.json", fixture.tenant);
    let report = s3.get_object().bucket(bucket).key(key).send().await.unwrap();
    serde_json::from_slice(&report.body.collect().await.unwrap().into_bytes()).unwrap()
}

fn figures<const N: usize>(report: &Value, names: [&str; N]) -> [u64; N] {
    names.map(|name| report[name].as_u64().unwrap())
}
