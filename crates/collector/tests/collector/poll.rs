//! Polls in which nothing goes wrong.

use collector::cursor::Cursor;
use collector::feed::ContentType;
use collector::plan::PlanPolicy;
use collector::poll::{PollReport, Shard};
use futures::executor::block_on;
use serde_json::json;
use testkit::{Call, CrashPoint, TENANT, at, feed, tenant, window};

use crate::poll_fixture::{EXCHANGE, OTHER, PollFixture, feed_of, only_feed};
use crate::scripted_ports::{Act, Event};

#[test]
fn content_on_two_pages_is_queued_once() {
    let fixture = PollFixture::exchange_listed_until("2026-11-22T11:55:00Z");
    let created = "2026-11-22T11:57:00Z";
    fixture.publish(&[("a", created), ("b", created), ("a", created), ("c", created)]);
    let report = fixture.poll();
    assert_eq!(fixture.queue.content_ids(), ["a", "b", "c"]);
    assert_eq!(only_feed(&report).contents_queued, 3);
}

/// A tenant of all five types, polled five minutes ago.
fn steady_tenant() -> PollFixture {
    let fixture = PollFixture::of([tenant(TENANT, &ContentType::ALL)]);
    for content_type in ContentType::ALL {
        fixture.listed_until(feed_of(TENANT, content_type), "2026-11-22T11:55:00Z");
    }
    fixture
}

#[test]
fn a_steady_poll_costs_one_call_per_tenant_and_one_per_type() {
    let fixture = steady_tenant();
    fixture.poll();
    let now = window("2026-11-22T11:55:00Z", "2026-11-22T12:00:00Z");
    let mut expected = vec![Call::Subscriptions(TENANT)];
    expected.extend(ContentType::ALL.map(|content_type| Call::List(feed_of(TENANT, content_type), now)));
    assert_eq!(fixture.api.calls(), expected);
}

#[test]
fn a_steady_poll_with_nothing_new_makes_eleven_state_calls_and_no_queue_call() {
    let fixture = steady_tenant();
    let (state, queue) = (CrashPoint::default(), CrashPoint::default());
    let poller =
        fixture.poller(fixture.api.clone(), state.feed(fixture.state.clone()), queue.feed(fixture.queue.clone()));
    block_on(poller.run(Shard::WHOLE, fixture.deadline())).unwrap();
    // Each call takes the crash_point two steps: one question for all cursors, then to record and to commit each window.
    assert_eq!((state.steps() / 2, queue.steps() / 2), (1 + 5 + 5, 0));
}

#[test]
fn a_poll_right_after_a_poll_asks_for_nothing() {
    let fixture = PollFixture::exchange_listed_until("2026-11-22T12:00:00Z");
    let report = fixture.poll();
    assert_eq!(fixture.api.calls(), [Call::Subscriptions(TENANT)]);
    assert_eq!((only_feed(&report).error.clone(), only_feed(&report).more_to_do), (None, false));
}

#[test]
fn a_clock_that_went_back_moves_nothing_back() {
    let fixture = PollFixture::exchange_listed_until("2026-11-22T13:00:00Z");
    let report = fixture.poll();
    assert_eq!(fixture.listings(), []);
    assert_eq!(fixture.state.cursor(feed()), Some(Cursor::at(at("2026-11-22T13:00:00Z"))));
    assert_eq!((only_feed(&report).error.clone(), only_feed(&report).cursor_lag_seconds), (None, Some(0)));
}

#[test]
fn a_long_backfill_does_not_keep_anothers_newest_window_waiting() {
    let mut fixture = PollFixture::of([tenant(TENANT, &[EXCHANGE]), tenant(OTHER, &[EXCHANGE])]);
    fixture.policy.plan = PlanPolicy::with_backfill_hours(168);
    fixture.policy.limits.concurrency = 1;
    fixture.listed_until(feed_of(OTHER, EXCHANGE), "2026-11-22T11:55:00Z");
    fixture.poll();
    let turns: Vec<_> = fixture.listings().into_iter().map(|(feed, _)| feed.tenant_id).collect();
    let newest = turns.iter().position(|tenant_id| *tenant_id == OTHER);
    assert_eq!((newest, turns.len()), (Some(1), 168 + 1), "the backfill had one turn before it");
}

#[test]
fn no_more_is_in_hand_at_once_than_allowed() {
    let mut fixture = PollFixture::of([tenant(TENANT, &ContentType::ALL), tenant(OTHER, &ContentType::ALL)]);
    fixture.policy.limits.concurrency = 3;
    let (in_flight, most) = (std::cell::Cell::new(0), std::cell::Cell::new(0));
    fixture.poll_with(|event| {
        match event {
            Event::List(..) => in_flight.set(in_flight.get() + 1),
            Event::Commit => in_flight.set(in_flight.get() - 1),
            _ => {}
        }
        most.set(most.get().max(in_flight.get()));
        Act::GiveWay
    });
    assert_eq!(most.get(), 3);
}

#[test]
fn without_tenants_there_is_nothing_to_do_and_nothing_wrong() {
    let report = PollFixture::of([]).poll();
    assert_eq!(report, PollReport::default());
    assert!(!report.is_failure());
}

#[test]
fn a_report_is_readable_json() {
    let fixture = PollFixture::exchange_listed_until("2026-11-22T11:55:00Z");
    fixture.publish(&[("a", "2026-11-22T11:57:00Z")]);
    fixture.api.publish_unusable(feed(), "{}");
    fixture.tenants.put_bad("m365/fabrikam", "client_id is missing");
    assert_eq!(
        serde_json::to_value(fixture.poll()).unwrap(),
        json!({
            "more_to_do": false,
            "tenants": [
                {
                    "secret_id": "m365/11111111-2222-3333-4444-555555555555",
                    "tenant_id": "11111111-2222-3333-4444-555555555555",
                    "error": null,
                    "more_to_do": false,
                    "content_types": [{
                        "content_type": "Audit.Exchange",
                        "windows_listed": 1,
                        "contents_queued": 1,
                        "cursor": "2026-11-22T12:00:00Z",
                        "cursor_lag_seconds": 5,
                        "lost": [{
                            "from": "2026-11-22T11:55:00Z",
                            "to": "2026-11-22T12:00:00Z",
                            "reason": "malformed_entry",
                            "content": "{}",
                        }],
                        "subscription_started": false,
                        "lost_race": false,
                        "more_to_do": false,
                        "error": null,
                    }],
                },
                {
                    "secret_id": "m365/fabrikam",
                    "tenant_id": null,
                    "error": {
                        "kind": "invalid_secret",
                        "message": "secret m365/fabrikam is not a tenant: client_id is missing",
                    },
                    "more_to_do": false,
                    "content_types": [],
                },
            ],
        })
    );
}
