//! Polls in which nothing goes wrong.

use audit_feed::cursor::Cursor;
use audit_feed::feed::ContentType;
use audit_feed::plan::PlanPolicy;
use audit_feed::poll::{PollReport, Shard};
use futures::executor::block_on;
use serde_json::json;
use testkit::{Call, Power, TENANT, at, feed, tenant, window};

use crate::script::{Act, Event};
use crate::story::{EXCHANGE, OTHER, Story, feed_of, only_feed};

#[test]
fn content_on_two_pages_is_queued_once() {
    let story = Story::exchange_listed_until("2026-11-22T11:55:00Z");
    let created = "2026-11-22T11:57:00Z";
    story.publish(&[("a", created), ("b", created), ("a", created), ("c", created)]);
    let report = story.poll();
    assert_eq!(story.queue.content_ids(), ["a", "b", "c"]);
    assert_eq!(only_feed(&report).contents_queued, 3);
}

/// A tenant of all five types, polled five minutes ago.
fn steady_tenant() -> Story {
    let story = Story::of([tenant(TENANT, &ContentType::ALL)]);
    for content_type in ContentType::ALL {
        story.listed_until(feed_of(TENANT, content_type), "2026-11-22T11:55:00Z");
    }
    story
}

#[test]
fn a_steady_poll_costs_one_call_per_tenant_and_one_per_type() {
    let story = steady_tenant();
    story.poll();
    let now = window("2026-11-22T11:55:00Z", "2026-11-22T12:00:00Z");
    let mut expected = vec![Call::Subscriptions(TENANT)];
    expected.extend(ContentType::ALL.map(|content_type| Call::List(feed_of(TENANT, content_type), now)));
    assert_eq!(story.api.calls(), expected);
}

#[test]
fn a_steady_poll_with_nothing_new_makes_eleven_state_calls_and_no_queue_call() {
    let story = steady_tenant();
    let (state, queue) = (Power::default(), Power::default());
    let poller = story.poller(story.api.clone(), state.feed(story.state.clone()), queue.feed(story.queue.clone()));
    block_on(poller.run(Shard::WHOLE, story.deadline())).unwrap();
    // Each call takes the power two steps: one question for all cursors, then to record and to commit each window.
    assert_eq!((state.steps() / 2, queue.steps() / 2), (1 + 5 + 5, 0));
}

#[test]
fn a_poll_right_after_a_poll_asks_for_nothing() {
    let story = Story::exchange_listed_until("2026-11-22T12:00:00Z");
    let report = story.poll();
    assert_eq!(story.api.calls(), [Call::Subscriptions(TENANT)]);
    assert_eq!((only_feed(&report).error.clone(), only_feed(&report).more_to_do), (None, false));
}

#[test]
fn a_clock_that_went_back_moves_nothing_back() {
    let story = Story::exchange_listed_until("2026-11-22T13:00:00Z");
    let report = story.poll();
    assert_eq!(story.listings(), []);
    assert_eq!(story.state.cursor(feed()), Some(Cursor::at(at("2026-11-22T13:00:00Z"))));
    assert_eq!((only_feed(&report).error.clone(), only_feed(&report).cursor_lag_seconds), (None, Some(0)));
}

#[test]
fn a_long_backfill_does_not_keep_anothers_newest_window_waiting() {
    let mut story = Story::of([tenant(TENANT, &[EXCHANGE]), tenant(OTHER, &[EXCHANGE])]);
    story.policy.plan = PlanPolicy::with_backfill_hours(168);
    story.policy.pace.concurrency = 1;
    story.listed_until(feed_of(OTHER, EXCHANGE), "2026-11-22T11:55:00Z");
    story.poll();
    let turns: Vec<_> = story.listings().into_iter().map(|(feed, _)| feed.tenant_id).collect();
    let newest = turns.iter().position(|tenant_id| *tenant_id == OTHER);
    assert_eq!((newest, turns.len()), (Some(1), 168 + 1), "the backfill had one turn before it");
}

#[test]
fn no_more_is_in_hand_at_once_than_allowed() {
    let mut story = Story::of([tenant(TENANT, &ContentType::ALL), tenant(OTHER, &ContentType::ALL)]);
    story.policy.pace.concurrency = 3;
    let (in_hand, most) = (std::cell::Cell::new(0), std::cell::Cell::new(0));
    story.poll_with(|event| {
        match event {
            Event::List(..) => in_hand.set(in_hand.get() + 1),
            Event::Commit => in_hand.set(in_hand.get() - 1),
            _ => {}
        }
        most.set(most.get().max(in_hand.get()));
        Act::GiveWay
    });
    assert_eq!(most.get(), 3);
}

#[test]
fn without_tenants_there_is_nothing_to_do_and_nothing_wrong() {
    let report = Story::of([]).poll();
    assert_eq!(report, PollReport::default());
    assert!(!report.is_failure());
}

#[test]
fn a_report_is_readable_json() {
    let story = Story::exchange_listed_until("2026-11-22T11:55:00Z");
    story.publish(&[("a", "2026-11-22T11:57:00Z")]);
    story.api.publish_unusable(feed(), "{}");
    story.tenants.put_bad("m365/fabrikam", "client_id is missing");
    assert_eq!(
        serde_json::to_value(story.poll()).unwrap(),
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
                            "reason": "unusable_entry",
                            "content": "{}",
                        }],
                        "subscription_started": false,
                        "yielded": false,
                        "more_to_do": false,
                        "error": null,
                    }],
                },
                {
                    "secret_id": "m365/fabrikam",
                    "tenant_id": null,
                    "error": {
                        "kind": "bad_secret",
                        "message": "secret m365/fabrikam is not a tenant: client_id is missing",
                    },
                    "more_to_do": false,
                    "content_types": [],
                },
            ],
        })
    );
}
