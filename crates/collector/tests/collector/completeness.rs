//! The daily reports that answer "do I have everything?".

use collector::loss::{Loss, LossReason};
use collector::window_record::WindowRecord;
use jiff::SignedDuration;
use serde_json::json;
use testkit::{TENANT, at, feed, tenant};

use crate::poll_fixture::{EXCHANGE, OTHER, feed_of};
use crate::reconcile_fixture::{BOUNDS, ReconcileFixture};
use crate::reconcile_samples::{DAY, THREE_HOURS, gone, span};

const A: (&str, &str) = ("a", "2026-11-22T11:03:00Z");
const B: (&str, &str) = ("b", "2026-11-22T11:17:00Z");

#[test]
fn report_key_names_day_tenant_and_type() {
    let fixture = ReconcileFixture::of([tenant(TENANT, &[EXCHANGE]), tenant(OTHER, &[EXCHANGE])]);
    for tenant_id in [TENANT, OTHER] {
        fixture.list(feed_of(tenant_id, EXCHANGE), BOUNDS, &[]);
    }
    fixture.reconcile();
    let keys: Vec<String> = fixture.archive.reports().into_keys().collect();
    let key = |tenant_id| format!("completeness/day=2026-11-22/tenant={tenant_id}/Audit.Exchange.json");
    assert_eq!(keys, [TENANT, OTHER].map(key));
}

#[test]
fn report_counts_each_window_of_the_day() {
    let fixture = ReconcileFixture::with(&[A, B]);
    fixture.archive(feed(), &[A]);
    let lost = ("gone", "2026-11-22T10:40:00Z");
    let late = ("late", "2026-11-22T10:41:00Z");
    fixture.list(feed(), ("2026-11-22T10:30:00Z", "2026-11-22T11:00:00Z"), &[lost]);
    fixture.publish(feed(), &[late]);
    fixture.archive(feed(), &[late]);
    let before = span("2026-11-22T10:30:00Z", "2026-11-22T11:00:00Z", LossReason::ContentGone);
    fixture.lose(&Loss { content: Some("gone".to_owned()), ..before });
    fixture.list(feed(), ("2026-11-22T11:50:00Z", "2026-11-22T12:00:00Z"), &[("new", "2026-11-22T11:55:00Z")]);

    fixture.reconcile();

    insta::assert_json_snapshot!(fixture.day("2026-11-22").unwrap(), @r#"
    {
      "content_type": "Audit.Exchange",
      "contents_archived": 2,
      "contents_late": 1,
      "contents_listed": 5,
      "contents_lost": 1,
      "contents_missing": 1,
      "day": "2026-11-22",
      "lost": [
        {
          "content": "gone",
          "from": "2026-11-22T10:30:00Z",
          "reason": "content_gone",
          "to": "2026-11-22T11:00:00Z"
        }
      ],
      "lost_omitted": 0,
      "reported_at": "2026-11-22T12:00:05Z",
      "tenant_id": "11111111-2222-3333-4444-555555555555",
      "window_reports": [
        {
          "archived": 1,
          "end": "2026-11-22T11:00:00Z",
          "listed": 2,
          "lost": 1,
          "missing": 0,
          "settled": true,
          "start": "2026-11-22T10:30:00Z"
        },
        {
          "archived": 1,
          "end": "2026-11-22T11:30:00Z",
          "listed": 2,
          "lost": 0,
          "missing": 1,
          "settled": false,
          "start": "2026-11-22T11:00:00Z"
        },
        {
          "archived": 0,
          "end": "2026-11-22T12:00:00Z",
          "listed": 1,
          "lost": 0,
          "missing": 0,
          "settled": false,
          "start": "2026-11-22T11:50:00Z"
        }
      ],
      "windows": 3,
      "windows_rechecked": {
        "1440": 0,
        "15": 2,
        "180": 0,
        "8640": 0
      },
      "windows_settled": 1,
      "windows_unlisted": 0
    }
    "#);
}

#[test]
fn replaces_a_report_once_contents_are_archived() {
    let fixture = ReconcileFixture::with(&[A]);
    fixture.reconcile();
    assert_eq!(fixture.day("2026-11-22").unwrap()["contents_missing"], 1);
    fixture.archive(feed(), &[A]);
    fixture.an_hour_later();
    fixture.reconcile();
    let day = fixture.day("2026-11-22").unwrap();
    assert_eq!(day["windows_settled"], 1);
    assert_eq!(day["contents_archived"], 1);
    assert_eq!(day["contents_missing"], 0);
    assert_eq!(day["reported_at"], "2026-11-22T13:00:05Z");
}

#[test]
fn window_that_was_not_compared_yet_is_not_settled() {
    let mut fixture = ReconcileFixture::with(&[A]);
    fixture.policy.ages = vec![DAY];
    fixture.lose(&gone("b"));
    fixture.an_hour_later();
    fixture.reconcile();
    let day = fixture.day("2026-11-22").unwrap();
    assert_eq!(day["windows_settled"], 0);
    assert_eq!(day["contents_archived"], 0, "nobody has looked");
}

#[test]
fn late_content_makes_its_window_open_again() {
    let fixture = ReconcileFixture::with(&[A]);
    fixture.archive(feed(), &[A]);
    fixture.reconcile();
    assert_eq!(fixture.day("2026-11-22").unwrap()["windows_settled"], 1);
    fixture.publish(feed(), &[B]);
    fixture.reconcile_at_age(THREE_HOURS);
    assert_eq!(fixture.day("2026-11-22").unwrap()["windows_settled"], 0);
    fixture.archive(feed(), &[B]);
    fixture.later(SignedDuration::from_mins(5));
    fixture.reconcile();
    assert_eq!(fixture.day("2026-11-22").unwrap()["windows_settled"], 1);
}

#[test]
fn report_of_a_whole_day_says_at_which_ages_it_was_rechecked() {
    let fixture = ReconcileFixture::exchange();
    for hour in 0..24 {
        let start = at("2026-11-21T00:00:00Z") + SignedDuration::from_hours(hour);
        let end = start + SignedDuration::from_hours(1);
        fixture.list(feed(), (&start.to_string(), &end.to_string()), &[]);
    }
    fixture.later(SignedDuration::from_hours(12));
    fixture.reconcile();
    let at_a_day = json!({"15": 24, "180": 24, "1440": 24, "8640": 0});
    assert_eq!(fixture.day("2026-11-21").unwrap()["windows_rechecked"], at_a_day);
    for _ in 0..21 {
        fixture.later(SignedDuration::from_hours(6));
        fixture.reconcile();
    }
    let at_all_ages = json!({"15": 24, "180": 24, "1440": 24, "8640": 24});
    assert_eq!(fixture.day("2026-11-21").unwrap()["windows_rechecked"], at_all_ages);
}

#[test]
fn window_belongs_to_the_day_it_starts() {
    let fixture = ReconcileFixture::exchange();
    fixture.list(feed(), ("2026-11-21T23:59:59Z", "2026-11-22T00:30:00Z"), &[]);
    fixture.list(feed(), ("2026-11-22T00:30:00Z", "2026-11-22T01:00:00Z"), &[]);
    fixture.reconcile();
    assert_eq!(fixture.days(), ["2026-11-21", "2026-11-22"]);
    for day in ["2026-11-21", "2026-11-22"] {
        assert_eq!(fixture.day(day).unwrap()["windows"], 1, "{day}");
    }
}

#[test]
fn rewrites_only_reports_of_changed_days() {
    let fixture = ReconcileFixture::exchange();
    fixture.list(feed(), ("2026-11-20T10:00:00Z", "2026-11-20T10:30:00Z"), &[]);
    fixture.reconcile();
    fixture.list(feed(), BOUNDS, &[]);
    fixture.later(SignedDuration::from_hours(4));
    fixture.reconcile();
    let reported_at = ["2026-11-20", "2026-11-22"].map(|day| fixture.day(day).unwrap()["reported_at"].clone());
    assert_eq!(reported_at, [json!("2026-11-22T12:00:05Z"), json!("2026-11-22T16:00:05Z")]);
}

#[test]
fn report_whose_windows_have_expired_is_kept() {
    let fixture = ReconcileFixture::with(&[]);
    fixture.reconcile();
    let before = fixture.day("2026-11-22");
    fixture.clock.set(at("2026-11-22T00:00:00Z") + WindowRecord::TTL);
    fixture.lose(&span(BOUNDS.1, "2027-02-13T00:00:00Z", LossReason::RetentionExpired));
    fixture.an_hour_later();
    fixture.reconcile();
    assert_eq!(fixture.day("2026-11-22"), before);
    assert!(fixture.days().contains(&"2026-11-23".to_owned()), "the other days of the loss are reported");
}

#[test]
fn replaced_report_keeps_all_windows_of_its_day() {
    let fixture = ReconcileFixture::exchange();
    fixture.list(feed(), ("2026-11-14T02:00:00Z", "2026-11-14T02:30:00Z"), &[]);
    fixture.list(feed(), ("2026-11-14T13:00:00Z", "2026-11-14T13:30:00Z"), &[]);
    fixture.reconcile();
    assert_eq!(fixture.day("2026-11-14").unwrap()["windows"], 2, "the windows of 7.5 and 8.5 days ago");
}
