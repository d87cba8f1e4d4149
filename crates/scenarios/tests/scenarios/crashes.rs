//! Pollers that crash, and pollers that run at the same time.

use futures::join;
use testkit::CrashPoint;

use crate::fixture::Fixture;

/// A poll is killed before or after any of its port calls, from the first request to the last commit; the next poll
/// completes its work.
#[tokio::test]
async fn poll_crashed_at_any_step_loses_and_duplicates_nothing() {
    let mut step = 0;
    loop {
        step += 1;
        let mut fixture = Fixture::of(&["Audit.Exchange", "Audit.General"]).await;
        fixture.collector.backfill_hours = 2;
        for (second, record) in [(1, r#"{"Id":"1"}"#), (2, r#"{"Id":"2"}"#), (59, r#"{"Id":"3"}"#)] {
            fixture.publish_one(&format!("2026-11-22T10:30:{second:02}Z"), record);
            fixture.publish_one(&format!("2026-11-22T11:55:{second:02}Z"), &record.replace("Id", "Other"));
        }
        let finished = fixture.collector.poll_until(&CrashPoint::at(step)).await.is_some();
        // Time has passed: a poll that listed other windows now would get other content ids.
        fixture.advance_minutes(5);
        fixture.collector.poll().await;
        fixture.collector.fetch_all(1).await;
        let total = fixture.comparison().await.total();
        assert_eq!((total.archived, total.lost, total.surplus), (6, 0, 0), "killed at step {step}");
        if finished {
            assert!(step > 20, "a poll of only {step} steps shows too little");
            return;
        }
    }
}

#[tokio::test]
async fn three_concurrent_pollers_lose_and_duplicate_nothing() {
    let fixture = Fixture::of(&["Audit.Exchange", "Audit.SharePoint"]).await;
    fixture.publish(7, 120, 6);
    for _ in 0..3 {
        let poll = || fixture.collector.poll();
        let (first, second, third) = join!(poll(), poll(), poll());
        for report in [&first, &second, &third] {
            let errors: Vec<_> = report.tenants.iter().flat_map(|tenant| tenant.errors()).collect();
            assert!(errors.is_empty(), "{errors:?}");
        }
        fixture.advance_minutes(5);
    }
    fixture.collector.poll().await;
    fixture.collector.fetch_all(1).await;
    let comparison = fixture.comparison().await;
    for content_type in ["Audit.Exchange", "Audit.SharePoint"] {
        let figures = comparison.content_types[content_type];
        assert!(figures.published > 0);
        assert_eq!((figures.lost, figures.surplus), (0, 0), "{content_type}");
    }
}
