//! Polls in which nothing goes wrong.

use std::cell::RefCell;
use std::collections::BTreeMap;

use collector::cursor::Cursor;
use collector::feed::ContentType;
use collector::plan::PlanPolicy;
use collector::poll::{FeedReport, PollReport};
use testkit::{Action, Call, PortCall, TENANT, at, feed, tenant, window};

use crate::poll_fixture::{EXCHANGE, NOW, OTHER, PollFixture, feed_of, numbered, only_feed};

/// The report row of [`feed`] after a poll at [`NOW`] that found the cursor here and had nothing to do.
pub(crate) fn idle_at(cursor: &str) -> FeedReport {
    FeedReport {
        content_type: EXCHANGE,
        windows_listed: 0,
        windows_halved: 0,
        windows_unlisted: Vec::new(),
        contents_queued: 0,
        cursor: Some(at(cursor)),
        cursor_lag_seconds: Some(at(NOW).duration_since(at(cursor)).as_secs().max(0)),
        lost: Vec::new(),
        subscription_started: false,
        subscription_error: None,
        lost_race: false,
        more_to_do: false,
        error: None,
    }
}

#[test]
fn queues_content_on_two_pages_once() {
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
fn steady_poll_calls_once_per_tenant_and_type() {
    let fixture = steady_tenant();
    fixture.poll();
    let now = window("2026-11-22T11:55:00Z", "2026-11-22T12:00:00Z");
    let mut expected = vec![Call::Subscriptions(TENANT)];
    expected.extend(ContentType::ALL.map(|content_type| Call::List(feed_of(TENANT, content_type), now)));
    assert_eq!(fixture.api.calls(), expected);
}

#[test]
fn steady_empty_poll_makes_fourteen_state_calls() {
    let fixture = steady_tenant();
    let calls = RefCell::new(BTreeMap::<&str, u32>::new());
    fixture.poll_with(|call| {
        let name = match call {
            PortCall::Feeds(_) => "read all cursors",
            PortCall::RecordWindow(_) => "record a window",
            PortCall::CommitWindow(_) => "commit a window",
            PortCall::Charge(_) => "charge the first pages",
            PortCall::AcquireLease => "acquire the lease",
            PortCall::ReleaseLease => "release the lease",
            PortCall::AllTenants | PortCall::Subscriptions(_) | PortCall::List(..) | PortCall::Page(_) => {
                return Action::Proceed;
            }
            // Nothing to send, and no other state.
            other => panic!("{other:?}"),
        };
        *calls.borrow_mut().entry(name).or_default() += 1;
        Action::Proceed
    });
    let expected = [
        ("acquire the lease", 1),
        ("charge the first pages", 1),
        ("commit a window", 5),
        ("read all cursors", 1),
        ("record a window", 5),
        ("release the lease", 1),
    ];
    assert_eq!(calls.into_inner(), BTreeMap::from(expected));
}

#[test]
fn lists_nothing_right_after_a_poll() {
    let fixture = PollFixture::exchange_listed_until("2026-11-22T12:00:00Z");
    let report = fixture.poll();
    assert_eq!(fixture.api.calls(), []);
    assert_eq!(*only_feed(&report), idle_at("2026-11-22T12:00:00Z"));
}

#[test]
fn keeps_the_cursor_when_the_clock_goes_back() {
    let fixture = PollFixture::exchange_listed_until("2026-11-22T13:00:00Z");
    let report = fixture.poll();
    assert_eq!(fixture.listings(), []);
    assert_eq!(fixture.state.cursor(feed()), Some(Cursor::at(at("2026-11-22T13:00:00Z"))));
    let ahead_of_the_clock = FeedReport { cursor_lag_seconds: Some(0), ..idle_at("2026-11-22T13:00:00Z") };
    assert_eq!(*only_feed(&report), ahead_of_the_clock);
}

#[test]
fn long_backfill_does_not_delay_another_tenant() {
    let mut fixture = PollFixture::of([tenant(TENANT, &[EXCHANGE]), tenant(OTHER, &[EXCHANGE])]);
    fixture.policy.plan = PlanPolicy::with_backfill_hours(168);
    fixture.policy.limits.concurrency = 1;
    fixture.listed_until(feed_of(OTHER, EXCHANGE), "2026-11-22T11:55:00Z");
    fixture.poll();
    let turns: Vec<_> = fixture.listings().into_iter().map(|(feed, _)| feed.tenant_id).collect();
    let turn_of_other = turns.iter().position(|tenant_id| *tenant_id == OTHER);
    assert_eq!(turn_of_other, Some(1), "the backfill has one turn before it");
    assert_eq!(turns.len(), 168 + 1, "the whole backfill and one window of the other tenant");
}

#[test]
fn respects_the_concurrency_limit() {
    let tenants = (1..=7).map(|number| tenant(numbered(number), &[EXCHANGE]));
    let mut fixture = PollFixture::of(tenants);
    fixture.policy.limits.concurrency = 3;
    let (in_flight, most) = (std::cell::Cell::new(0), std::cell::Cell::new(0));
    fixture.poll_with(|event| {
        match event {
            PortCall::List(..) => in_flight.set(in_flight.get() + 1),
            PortCall::CommitWindow(_) => in_flight.set(in_flight.get() - 1),
            _ => {}
        }
        most.set(most.get().max(in_flight.get()));
        Action::GiveWay
    });
    assert_eq!(most.get(), 3);
}

#[test]
fn poll_without_tenants_succeeds() {
    let report = PollFixture::of([]).poll();
    assert_eq!(report, PollReport::default());
    assert!(!report.is_failure());
}

#[test]
fn serializes_the_report_as_readable_json() {
    let fixture = PollFixture::exchange_listed_until("2026-11-22T11:55:00Z");
    fixture.publish(&[("a", "2026-11-22T11:57:00Z")]);
    fixture.api.publish_malformed(feed(), "{}");
    fixture.tenants.put_bad("m365/fabrikam", "client_id is missing");
    insta::assert_json_snapshot!(fixture.poll(), @r#"
    {
      "more_to_do": false,
      "tenants": [
        {
          "secret_id": "m365/11111111-2222-3333-4444-555555555555",
          "tenant_id": "11111111-2222-3333-4444-555555555555",
          "error": null,
          "more_to_do": false,
          "content_types": [
            {
              "content_type": "Audit.Exchange",
              "windows_listed": 1,
              "windows_halved": 0,
              "contents_queued": 1,
              "cursor": "2026-11-22T12:00:00Z",
              "cursor_lag_seconds": 5,
              "lost": [
                {
                  "from": "2026-11-22T11:55:00Z",
                  "to": "2026-11-22T12:00:00Z",
                  "reason": "malformed_entry",
                  "content": "{}"
                }
              ],
              "subscription_started": false,
              "lost_race": false,
              "more_to_do": false,
              "error": null
            }
          ]
        },
        {
          "secret_id": "m365/fabrikam",
          "tenant_id": null,
          "error": {
            "kind": "invalid_secret",
            "message": "secret m365/fabrikam is not a tenant: client_id is missing"
          },
          "more_to_do": false,
          "content_types": []
        }
      ]
    }
    "#);
}
