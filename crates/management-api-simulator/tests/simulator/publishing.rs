//! Publishing: folders, generated records, a continuous feed, and the oracle.

use std::{
    collections::BTreeSet,
    fs,
    io::Write,
    path::PathBuf,
    time::{Duration, Instant},
};

use flate2::{Compression, write::GzEncoder};
use management_api_simulator::{CONTENT_TYPES, Config, Generate, Published, Publishing, Simulator, Tenant};
use serde_json::Value;

use crate::{EXCHANGE, at, hours, simulator_at_noon, today};

/// A folder that is deleted when this is dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.0.join(name), text).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[tokio::test]
async fn folder_is_published_in_order_and_evenly_spread() {
    let folder = Folder::new("records");
    let lines: Vec<String> = (0..100).map(|number| format!(r#"{{"Id":"{number}"}}"#)).collect();
    let mut file = GzEncoder::new(Vec::new(), Compression::default());
    file.write_all(lines.join("\n").as_bytes()).unwrap();
    fs::write(folder.0.join("Audit.Exchange.jsonl.gz"), file.finish().unwrap()).unwrap();
    folder.write("DLP.All.jsonl", "{\"Id\":\"x\"}\r\n\n  {\"Id\":\"y\"}\n");
    folder.write("README.md", "not records");

    let (microsoft, contoso) = simulator_at_noon().await;
    let counts = microsoft.load_folder(contoso, &folder.0, hours(10), today("12:00:00"), 5).unwrap();
    assert_eq!(counts, [(EXCHANGE.to_owned(), 100), ("DLP.All".to_owned(), 2)].into());
    assert_eq!(microsoft.obtainable_records(contoso, EXCHANGE), lines);
    assert_eq!(microsoft.obtainable_records(contoso, "DLP.All"), [r#"{"Id":"x"}"#, r#"{"Id":"y"}"#]);

    let slices = microsoft.published(contoso).remove(EXCHANGE).unwrap();
    assert!(slices.iter().all(|slice| (1..=40).contains(&slice.content.count())));
    assert_eq!(slices[0].created, today("02:00:00"));
    let distances: BTreeSet<i64> = slices
        .windows(2)
        .map(|pair| (pair[1].created.as_millisecond() - pair[0].created.as_millisecond()) / 10)
        .collect();
    assert!(distances.len() <= 2, "evenly: {distances:?}");
    assert!(slices.last().unwrap().created < today("12:00:00"));
}

#[tokio::test]
async fn unusable_folder_is_named() {
    let (microsoft, contoso) = simulator_at_noon().await;
    let load =
        |path: &PathBuf| microsoft.load_folder(contoso, path, hours(1), today("12:00:00"), 1).unwrap_err().to_string();
    let missing = PathBuf::from("no/such/folder");
    assert!(load(&missing).starts_with("cannot read no/such/folder: "), "{}", load(&missing));
    let folder = Folder::new("unusable");
    assert!(load(&folder.0).contains("it contains no file {ContentType}.jsonl"));
    folder.write("Audit.Teams.jsonl", "{}");
    let message = load(&folder.0);
    assert!(message.contains("Audit.Teams.jsonl: \"Audit.Teams\" is not a content type"), "{message}");
}

async fn simulator_with_generated(settings: Generate) -> (Simulator, management_api_simulator::Uuid) {
    let (microsoft, contoso) = simulator_at_noon().await;
    microsoft.generate(contoso, &settings);
    (microsoft, contoso)
}

#[tokio::test]
async fn generated_records_depend_on_the_seed_alone() {
    let settings = Generate::new(11, 2_000, hours(24), at("2026-11-22T12:00:00Z"));
    let (microsoft, contoso) = simulator_with_generated(settings).await;
    let (again, _) = simulator_with_generated(settings).await;
    let (other, _) = simulator_with_generated(Generate { seed: 12, ..settings }).await;
    let mut ids = BTreeSet::new();
    for content_type in CONTENT_TYPES {
        let records = microsoft.published_records(contoso, content_type);
        assert!(records.len() >= 20, "{content_type}: {}", records.len());
        assert_eq!(records, again.published_records(contoso, content_type));
        assert_ne!(records, other.published_records(contoso, content_type));
        for record in &records {
            let json: Value = serde_json::from_slice(&record.bytes).unwrap();
            ids.insert(json["Id"].as_str().unwrap().to_owned());
            assert!(json["RecordType"].is_u64() && json["Operation"].is_string());
            let created: jiff::civil::DateTime = json["CreationTime"].as_str().unwrap().parse().unwrap();
            assert!(created < record.created.to_zoned(jiff::tz::TimeZone::UTC).datetime());
            assert!(record.bytes.starts_with(br#"{"CreationTime":""#));
        }
    }
    assert_eq!(ids.len(), 2_000);
}

/// Includes the shapes that break parsers.
#[tokio::test]
async fn made_up_records_vary_as_live_ones_do() {
    let what = Generate::new(11, 2_000, hours(24), at("2026-11-22T12:00:00Z"));
    let (microsoft, contoso) = simulator_with_generated(what).await;
    let texts: Vec<String> = CONTENT_TYPES
        .into_iter()
        .flat_map(|content_type| microsoft.obtainable_records(contoso, content_type))
        .map(|record| String::from_utf8(record.to_vec()).unwrap())
        .collect();
    for shape in [
        r#""Parameters":""#,
        r#""Parameters":["#,
        r#""Parameters":{"#,
        r#""ModifiedProperties":["#,
        r#""ModifiedProperties":{"#,
        r#""ClientIP":"""#,
        r#""ClientIP":"[2001:db8::"#,
        r"\/",
        r"\u000d\u000a",
        r#"\""#,
        "zoë.müller",
        "議事録",
        "🗂",
    ] {
        assert!(texts.iter().any(|text| text.contains(shape)), "{shape}");
    }
}

#[tokio::test]
async fn generated_feeds_can_repeat_records() {
    let settings = Generate::new(11, 3_000, hours(24), at("2026-11-22T12:00:00Z"));
    let (microsoft, contoso) = simulator_with_generated(settings.repeating_one_in(4)).await;
    let records = microsoft.obtainable_records(contoso, EXCHANGE);
    let unique: BTreeSet<_> = records.iter().collect();
    assert_eq!(unique.len(), 1_020);
    assert!(records.len() > 1_030, "{}", records.len());
}

#[tokio::test]
async fn continuous_feed_stops_when_its_publisher_is_dropped() {
    let microsoft = Simulator::start(Config::default()).await.unwrap();
    let contoso = microsoft.add_tenant(Tenant::example(1).subscribed());
    let total = |published: std::collections::BTreeMap<String, Vec<Published>>| -> u64 {
        published.values().flatten().map(|slice| slice.content.count()).sum()
    };
    let settings = Publishing { seed: 1, every: Duration::from_millis(5), records: 10 };
    let publisher = microsoft.keep_publishing(contoso, settings);
    let deadline = Instant::now() + Duration::from_secs(20);
    while total(microsoft.published(contoso)) < 30 && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    drop(publisher);
    tokio::time::sleep(Duration::from_millis(20)).await;
    let stopped = total(microsoft.published(contoso));
    assert!(stopped >= 30 && stopped.is_multiple_of(10), "{stopped}");
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(total(microsoft.published(contoso)), stopped);
}

#[tokio::test]
async fn oracle_of_100_000_records_is_fast() {
    let (microsoft, contoso) = simulator_at_noon().await;
    for slice in 0..2_500_u64 {
        let created = today("00:00:00") + Duration::from_secs(slice);
        microsoft.publish(contoso, EXCHANGE, created, (0..40).map(|number| format!("{{\"Id\":\"{slice}-{number}\"}}")));
    }
    let start = Instant::now();
    assert_eq!(microsoft.obtainable_records(contoso, EXCHANGE).len(), 100_000);
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}
