//! The daily reports that answer "do I have everything?".

use collector::loss::{Loss, LossReason};
use jiff::SignedDuration;
use serde_json::json;
use testkit::{Action, PortCall, TENANT, at, feed, tenant};

use crate::poll_fixture::{EXCHANGE, OTHER, feed_of};
use crate::reconcile_fixture::{BOUNDS, ReconcileFixture};

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
    let gone = ("gone", "2026-11-22T10:40:00Z");
    fixture.list(feed(), ("2026-11-22T10:30:00Z", "2026-11-22T11:00:00Z"), &[gone]);
    fixture.publish(feed(), &[("late", "2026-11-22T10:41:00Z")]);
    fixture.archive(feed(), &[("late", "2026-11-22T10:41:00Z")]);
    let (from, to) = (at("2026-11-22T10:30:00Z"), at("2026-11-22T11:00:00Z"));
    let loss =
        Loss { from, to, reason: LossReason::ContentGone, content: Some("gone".to_owned()), objects: Vec::new() };
    fixture.lose(&loss);
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
      "reported_at": "2026-11-22T12:00:05Z",
      "tenant_id": "11111111-2222-3333-4444-555555555555",
      "window_reports": [
        {
          "archived": 1,
          "end": "2026-11-22T11:00:00Z",
          "listed": 2,
          "lost": 1,
          "settled_at": "2026-11-22T12:00:05Z",
          "start": "2026-11-22T10:30:00Z"
        },
        {
          "archived": 1,
          "end": "2026-11-22T11:30:00Z",
          "listed": 2,
          "lost": 0,
          "settled_at": null,
          "start": "2026-11-22T11:00:00Z"
        },
        {
          "archived": 0,
          "end": "2026-11-22T12:00:00Z",
          "listed": 1,
          "lost": 0,
          "settled_at": null,
          "start": "2026-11-22T11:50:00Z"
        }
      ],
      "windows": 3,
      "windows_settled": 1
    }
    "#);
}

#[test]
fn replaces_a_report_with_current_counts() {
    let fixture = ReconcileFixture::with(&[A]);
    fixture.reconcile();
    fixture.archive(feed(), &[A]);
    fixture.an_hour_later();
    fixture.reconcile();
    let day = fixture.day("2026-11-22").unwrap();
    assert_eq!(day["windows_settled"], 1);
    assert_eq!(day["contents_archived"], 1);
    assert_eq!(day["contents_missing"], 0);
    assert_eq!(day["reported_at"], "2026-11-22T13:00:05Z");
    assert_eq!(fixture.days(), ["2026-11-22"]);
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
    // A recheck takes a second.
    let reconcile = || {
        fixture.reconcile_with(|event| {
            if matches!(event, PortCall::UpdateWindow(_)) {
                fixture.clock.advance(SignedDuration::from_secs(1));
            }
            Action::Proceed
        })
    };
    reconcile();
    fixture.list(feed(), BOUNDS, &[]);
    fixture.later(SignedDuration::from_hours(4));
    reconcile();
    let reported_at = ["2026-11-20", "2026-11-22"].map(|day| fixture.day(day).unwrap()["reported_at"].clone());
    assert_eq!(reported_at, [json!("2026-11-22T12:00:06Z"), json!("2026-11-22T16:00:07Z")]);
}

#[test]
fn replaced_report_keeps_all_windows_of_its_day() {
    let fixture = ReconcileFixture::exchange();
    fixture.list(feed(), ("2026-11-14T02:00:00Z", "2026-11-14T02:30:00Z"), &[]);
    fixture.list(feed(), ("2026-11-14T13:00:00Z", "2026-11-14T13:30:00Z"), &[]);
    fixture.reconcile();
    assert_eq!(fixture.day("2026-11-14").unwrap()["windows"], 2, "the windows of 7.5 and 8.5 days ago");
}
