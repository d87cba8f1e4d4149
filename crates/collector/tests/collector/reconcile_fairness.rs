//! Of the tenants of a reconciler nobody is always last, and shards divide them.

use std::cell::{Cell, RefCell};

use collector::failure::FailureKind;
use collector::feed::FeedId;
use collector::ports::Leases;
use collector::reconcile::ReconcileReport;
use collector::shard::Shard;
use futures::executor::block_on;
use jiff::SignedDuration;
use testkit::{Action, Interceptor, MemoryLeases, PortCall, message, tenant};

use crate::fetch_fixture::body;
use crate::poll_fixture::{EXCHANGE, feed_of, numbered};
use crate::reconcile_fixture::{BOUNDS, ReconcileFixture};

/// So many tenants, each with a window that is due.
fn tenants(count: u128) -> ReconcileFixture {
    let fixture = ReconcileFixture::of((1..=count).map(|number| tenant(numbered(number), &[EXCHANGE])));
    for number in 1..=count {
        fixture.list(feed_of(numbered(number), EXCHANGE), BOUNDS, &[]);
    }
    fixture
}

/// The numbers of the tenants of which a window was rechecked.
fn rechecked(report: &ReconcileReport) -> Vec<u128> {
    let checked = report.feeds.iter().filter(|feed| feed.windows_checked > 0);
    checked.map(|feed| feed.tenant_id.0.as_u128()).collect()
}

fn number(feed: FeedId) -> u128 {
    feed.tenant_id.0.as_u128()
}

#[test]
fn a_run_begins_after_the_last_tenant_of_the_run_before() {
    let mut fixture = tenants(5);
    fixture.policy.limits.concurrency = 1;
    let with_time_for_two = || {
        let (deadline, turns) = (fixture.deadline(), RefCell::new(Vec::new()));
        fixture.reconcile_with(|call| {
            if let PortCall::Rechecks(feed) = call {
                turns.borrow_mut().push(number(feed));
                if turns.borrow().len() == 2 {
                    fixture.clock.set(deadline - fixture.policy.limits.stop_before);
                }
            }
            Action::Proceed
        });
        turns.into_inner()
    };
    assert_eq!([with_time_for_two(), with_time_for_two(), with_time_for_two()], [[1, 2], [3, 4], [5, 1]]);
}

#[test]
fn a_tenant_that_does_not_answer_waits_for_a_worker_of_those_that_failed() {
    let mut fixture = tenants(3);
    fixture.policy.limits.concurrency = 3;
    let report = fixture.reconcile_with(|call| match call {
        PortCall::List(feed, _) if number(feed) <= 2 => Action::Hang,
        PortCall::SaveRechecks(feed) if number(feed) == 3 => {
            fixture.clock.advance(SignedDuration::from_secs(20));
            Action::Proceed
        }
        _ => Action::Proceed,
    });
    let kinds: Vec<_> = report.feeds.iter().map(|feed| feed.error.as_ref().map(|error| error.kind)).collect();
    assert_eq!(kinds, [Some(FailureKind::Unanswered), Some(FailureKind::Unanswered), None]);
    assert_eq!(fixture.leases.handover().failed.len(), 2);
}

#[test]
fn feeds_that_failed_take_a_quarter_of_the_workers_at_most() {
    let fixture = tenants(6);
    let down = || Action::Fail(crate::reconcile_samples::http_503());
    fixture.reconcile_with(|call| match call {
        PortCall::List(feed, _) if number(feed) <= 4 => down(),
        _ => Action::Proceed,
    });
    fixture.an_hour_later();
    (5..=6).for_each(|number| {
        let bounds = ("2026-11-22T12:00:00Z", "2026-11-22T12:30:00Z");
        fixture.list(feed_of(numbered(number), EXCHANGE), bounds, &[]);
    });
    let (hanging, deadline) = (Cell::new(0), fixture.deadline());
    let report = fixture.reconcile_with(|call| match call {
        PortCall::List(feed, _) if number(feed) <= 4 => {
            hanging.set(hanging.get() + 1);
            Action::Hang
        }
        PortCall::SaveRechecks(feed) if number(feed) == 6 => {
            fixture.clock.set(deadline);
            Action::Proceed
        }
        _ => Action::Proceed,
    });
    assert_eq!(hanging.get(), 1, "one of four workers");
    assert_eq!(rechecked(&report), [5, 6]);
    assert_eq!(fixture.leases.handover().failed.len(), 4, "who had no time is still one that failed");
}

#[test]
fn of_two_runs_at_once_one_works() {
    let fixture = tenants(1);
    let fixture = ReconcileFixture { leases: MemoryLeases::new(&fixture.clock), ..fixture };
    let until = fixture.deadline() - SignedDuration::from_secs(1);
    block_on(fixture.leases.acquire(Shard::WHOLE, until)).unwrap();
    let report = fixture.reconcile_with(|call| {
        assert!(matches!(call, PortCall::AcquireLease), "{call:?}");
        Action::Proceed
    });
    assert_eq!(report, ReconcileReport { other_run_until: Some(until), ..ReconcileReport::default() });
    assert!(!report.is_failure());
}

#[test]
fn each_tenant_is_rechecked_by_one_shard() {
    let fixture = tenants(20);
    let mut all = Vec::new();
    for index in 0..3 {
        let reconciler = fixture.reconciler(&Interceptor::default());
        let report = block_on(reconciler.run(Shard::new(index, 3).unwrap(), fixture.deadline())).unwrap();
        assert_eq!(rechecked(&report).len(), report.feeds.len(), "a shard has its own feeds only");
        all.extend(rechecked(&report));
    }
    all.sort_unstable();
    assert_eq!(all, (1..=20).collect::<Vec<u128>>());
}

#[test]
fn dead_letters_are_taken_up_although_a_tenant_hangs() {
    let fixture = tenants(1);
    let mut message = message("a", "2026-11-22T11:10:00Z");
    message.tenant_id = numbered(1);
    fixture.dead_letters.put(body(&message));
    let deadline = fixture.deadline();
    let report = fixture.reconcile_with(|call| match call {
        PortCall::List(..) => Action::Hang,
        PortCall::RemoveDeadLetter => {
            fixture.clock.set(deadline);
            Action::Proceed
        }
        _ => Action::Proceed,
    });
    assert_eq!(report.dead_letters.reopened, 1);
}

/// All shards receive from one dead-letter queue.
#[test]
fn dead_letters_are_taken_up_by_whichever_shard_receives_them() {
    let fixture = tenants(1);
    let mut message = message("a", "2026-11-22T11:10:00Z");
    message.tenant_id = numbered(1);
    for index in 0..2 {
        fixture.dead_letters.put(body(&message));
        let reconciler = fixture.reconciler(&Interceptor::default());
        let report = block_on(reconciler.run(Shard::new(index, 2).unwrap(), fixture.deadline())).unwrap();
        assert_eq!((report.dead_letters.reopened, report.dead_letters.left), (1, 0), "shard {index}");
    }
}
