//! The reports from which "do I have everything?" is answered.

use collector::loss::{Loss, LossReason};
use jiff::SignedDuration;
use serde_json::{Value, json};
use testkit::{TENANT, at, feed, tenant};

use crate::poll_fixture::{EXCHANGE, OTHER, feed_of};
use crate::reconcile_fixture::{BOUNDS, ReconcileFixture};
use crate::scripted_ports::{Act, Event};

const A: (&str, &str) = ("a", "2026-11-22T11:03:00Z");
const B: (&str, &str) = ("b", "2026-11-22T11:17:00Z");

#[test]
fn a_report_is_named_after_day_tenant_and_type() {
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
fn a_report_holds_the_figures_of_its_day_and_every_window() {
    let fixture = ReconcileFixture::with(&[A, B]);
    fixture.archive(feed(), &[A]);
    let gone = ("gone", "2026-11-22T10:40:00Z");
    fixture.list(feed(), ("2026-11-22T10:30:00Z", "2026-11-22T11:00:00Z"), &[gone]);
    fixture.publish(feed(), &[("late", "2026-11-22T10:41:00Z")]);
    fixture.archive(feed(), &[("late", "2026-11-22T10:41:00Z")]);
    let (from, to) = (at("2026-11-22T10:30:00Z"), at("2026-11-22T11:00:00Z"));
    let loss = Loss { from, to, reason: LossReason::ContentGone, content: Some("gone".to_owned()) };
    fixture.lose(&loss);
    fixture.list(feed(), ("2026-11-22T11:50:00Z", "2026-11-22T12:00:00Z"), &[("new", "2026-11-22T11:55:00Z")]);

    fixture.reconcile();

    let expected = json!({
        "tenant_id": TENANT, "content_type": "Audit.Exchange", "day": "2026-11-22",
        "reported_at": "2026-11-22T12:00:05Z",
        "windows": 3, "windows_settled": 1,
        "contents_listed": 5, "contents_archived": 2, "contents_late": 1, "contents_missing": 1, "contents_lost": 1,
        "window_reports": [
            { "start": "2026-11-22T10:30:00Z", "end": "2026-11-22T11:00:00Z",
              "listed": 2, "archived": 1, "lost": 1, "settled_at": "2026-11-22T12:00:05Z" },
            { "start": "2026-11-22T11:00:00Z", "end": "2026-11-22T11:30:00Z",
              "listed": 2, "archived": 1, "lost": 0, "settled_at": null },
            { "start": "2026-11-22T11:50:00Z", "end": "2026-11-22T12:00:00Z",
              "listed": 1, "archived": 0, "lost": 0, "settled_at": null },
        ],
        "lost": [{ "from": "2026-11-22T10:30:00Z", "to": "2026-11-22T11:00:00Z",
                   "reason": "content_gone", "content": "gone" }],
    });
    assert_eq!(fixture.day("2026-11-22"), Some(expected));
}

#[test]
fn a_report_is_written_anew_from_the_rows() {
    let fixture = ReconcileFixture::with(&[A]);
    fixture.reconcile();
    fixture.archive(feed(), &[A]);
    fixture.an_hour_later();
    fixture.reconcile();
    let day = fixture.day("2026-11-22").unwrap();
    let figures = ["windows_settled", "contents_archived", "contents_missing"].map(|figure| day[figure].clone());
    assert_eq!(figures, [1, 1, 0].map(Value::from));
    assert_eq!((fixture.days().len(), day["reported_at"].clone()), (1, json!("2026-11-22T13:00:05Z")));
}

#[test]
fn a_window_belongs_to_the_day_on_which_it_starts() {
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
fn only_days_with_something_new_are_reported() {
    let fixture = ReconcileFixture::exchange();
    fixture.list(feed(), ("2026-11-20T10:00:00Z", "2026-11-20T10:30:00Z"), &[]);
    // Looking takes a second.
    let look = || {
        fixture.reconcile_with(|event| {
            if matches!(event, Event::UpdateWindow) {
                fixture.clock.advance(SignedDuration::from_secs(1));
            }
            Act::Proceed
        })
    };
    look();
    fixture.list(feed(), BOUNDS, &[]);
    fixture.later(SignedDuration::from_hours(4));
    look();
    let reported_at = ["2026-11-20", "2026-11-22"].map(|day| fixture.day(day).unwrap()["reported_at"].clone());
    assert_eq!(reported_at, [json!("2026-11-22T12:00:06Z"), json!("2026-11-22T16:00:07Z")]);
}

#[test]
fn a_report_that_is_written_anew_keeps_the_windows_of_its_whole_day() {
    let fixture = ReconcileFixture::exchange();
    fixture.list(feed(), ("2026-11-14T02:00:00Z", "2026-11-14T02:30:00Z"), &[]);
    fixture.list(feed(), ("2026-11-14T13:00:00Z", "2026-11-14T13:30:00Z"), &[]);
    fixture.reconcile();
    assert_eq!(fixture.day("2026-11-14").unwrap()["windows"], 2, "seven and a half, and eight and a half days ago");
}
