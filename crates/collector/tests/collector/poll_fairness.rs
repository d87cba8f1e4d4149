//! Nobody is always last, and who does not answer holds up nobody else.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;

use collector::failure::{Failure, FailureKind};
use collector::feed::{ContentType, FeedId};
use collector::lease::Handover;
use collector::poll::PollReport;
use collector::ports::{Clock, Leases};
use collector::shard::Shard;
use futures::executor::block_on;
use jiff::SignedDuration;
use testkit::{Action, Interceptor, MemoryLeases, PortCall, TENANT, tenant};

use crate::poll_fixture::{EXCHANGE, PollFixture, numbered};

fn tenants(count: u128) -> PollFixture {
    let fixture = PollFixture::of((1..=count).map(|number| tenant(numbered(number), &[EXCHANGE])));
    for number in 1..=count {
        fixture.listed_until(FeedId { tenant_id: numbered(number), content_type: EXCHANGE }, "2026-11-22T11:55:00Z");
    }
    fixture
}

/// The numbers of the tenants of which a window was listed, in order.
fn listed(report: &PollReport) -> Vec<u128> {
    let listed = report.feeds().filter(|(_, feed)| feed.windows_listed > 0);
    listed.map(|(tenant, _)| tenant.tenant_id.unwrap().0.as_u128()).collect()
}

/// Polls until so many listings have begun; after that, there is no time for another.
fn poll_with_time_for(fixture: &PollFixture, listings: u32) -> Vec<u128> {
    let (begun, order, deadline) = (Cell::new(0), RefCell::new(Vec::new()), fixture.deadline());
    fixture.poll_with(|call| {
        if let PortCall::List(feed, _) = call {
            order.borrow_mut().push(feed.tenant_id.0.as_u128());
            begun.set(begun.get() + 1);
            if begun.get() == listings {
                fixture.clock.set(deadline - SignedDuration::from_secs(15));
            }
        }
        Action::Proceed
    });
    order.into_inner()
}

#[test]
fn a_run_begins_after_the_last_tenant_of_the_run_before() {
    let mut fixture = tenants(5);
    fixture.policy.limits.concurrency = 1;
    assert_eq!(poll_with_time_for(&fixture, 2), [1, 2]);
    assert_eq!(poll_with_time_for(&fixture, 2), [3, 4]);
    assert_eq!(poll_with_time_for(&fixture, 2), [5, 1]);
    fixture.tenants.put(tenant(numbered(9), &[EXCHANGE]));
    assert_eq!(poll_with_time_for(&fixture, 6), [2, 3, 4, 5, 9, 1], "a new tenant has its place");
}

/// Of two tenants the first one hangs, for as long as it takes to commit a window of the second one.
fn poll_while_the_first_hangs(fixture: &PollFixture, seconds: i64) -> PollReport {
    fixture.poll_with(|call| match call {
        PortCall::List(feed, _) if feed.tenant_id == numbered(1) => Action::Hang,
        PortCall::CommitWindow(_) => {
            fixture.clock.advance(SignedDuration::from_secs(seconds));
            Action::Proceed
        }
        _ => Action::Proceed,
    })
}

#[test]
fn a_window_that_never_answers_counts_as_failed_once_it_had_the_time_for_it() {
    let fixture = tenants(2);
    let first = FeedId { tenant_id: numbered(1), content_type: EXCHANGE };
    for (poll, seconds, kind, failed) in
        [(1, 20, FailureKind::Unanswered, 0), (2, 100, FailureKind::Transient, 1), (3, 100, FailureKind::Transient, 2)]
    {
        let report = poll_while_the_first_hangs(&fixture, seconds);
        let error = report.tenants[0].content_types[0].error.as_ref().unwrap();
        assert_eq!(error.kind, kind, "poll {poll}");
        assert_eq!(fixture.state.feed_state(first).failed_listings, failed, "poll {poll}");
        fixture.five_minutes_later();
    }
}

/// The states of ten tenants at a time are read by several workers at once.
#[test]
fn with_several_workers_nobody_has_two_turns_before_everyone_has_had_one() {
    let fixture = tenants(45);
    let mut turns = Vec::new();
    for _ in 0..4 {
        fixture.five_minutes_later();
        turns.extend(poll_with_time_for(&fixture, 12));
    }
    let everyone: BTreeSet<u128> = turns[..45].iter().copied().collect();
    assert_eq!(everyone.len(), 45, "{turns:?}");
}

#[test]
fn where_everyone_has_failed_all_workers_try_again() {
    let fixture = tenants(8);
    let down = Failure::new(FailureKind::Transient, "HTTP 503");
    fixture.poll_with(|call| match call {
        PortCall::List(..) => Action::Fail(down.clone()),
        _ => Action::Proceed,
    });
    fixture.five_minutes_later();
    let (hanging, deadline) = (Cell::new(0), fixture.deadline());
    fixture.poll_with(|call| match call {
        PortCall::List(..) => {
            hanging.set(hanging.get() + 1);
            if hanging.get() == 4 {
                fixture.clock.set(deadline);
            }
            Action::Hang
        }
        _ => Action::Proceed,
    });
    assert_eq!(hanging.get(), 4, "all four workers");
}

#[test]
fn a_turn_that_takes_too_long_ends_as_a_failure() {
    let fixture = PollFixture::exchange_listed_until("2026-11-22T11:59:00Z");
    (0..30).for_each(|number| fixture.publish(&[(&format!("content-{number}"), "2026-11-22T11:59:30Z")]));
    let started = fixture.clock.now();
    let slow_pages = |call: PortCall<'_>| match call {
        PortCall::Page(_) => {
            fixture.clock.advance(SignedDuration::from_secs(15));
            Action::GiveWay
        }
        _ => Action::Proceed,
    };
    let poller = fixture.poller(&Interceptor::script(&slow_pages));
    let report = block_on(poller.run(Shard::WHOLE, started + SignedDuration::from_mins(10))).unwrap();
    let error = report.tenants[0].content_types[0].error.as_ref().unwrap();
    assert_eq!(error.kind, FailureKind::Unanswered);
    assert!(error.message.contains("took more than 130 seconds"), "{error}");
    assert_eq!(fixture.clock.now(), started + SignedDuration::from_secs(135));
    assert_eq!(fixture.leases.handover().failed.len(), 1);
}

#[test]
fn a_tenant_that_does_not_answer_costs_twenty_seconds_and_has_more_time_in_the_next_run() {
    let fixture = tenants(2);
    let started = fixture.clock.now();
    let hang_first = |call: PortCall<'_>| match call {
        PortCall::List(feed, _) if feed.tenant_id == numbered(1) => Action::Hang,
        PortCall::CommitWindow(_) => {
            fixture.clock.set(started + SignedDuration::from_secs(20));
            Action::Proceed
        }
        _ => Action::Proceed,
    };
    let report = fixture.poll_with(hang_first);
    assert_eq!(listed(&report), [2]);
    let error = report.tenants[0].content_types[0].error.as_ref().unwrap();
    assert_eq!(error.kind, FailureKind::Unanswered);
    assert!(error.message.contains("did not answer within 20 seconds"), "{error}");
    assert!(!report.more_to_do, "it is not tried again in this run");

    fixture.five_minutes_later();
    let deadline = fixture.deadline();
    let report = fixture.poll_with(|call| match call {
        PortCall::List(feed, _) if feed.tenant_id == numbered(1) => {
            fixture.clock.advance(SignedDuration::from_secs(25));
            Action::Proceed
        }
        _ => Action::Proceed,
    });
    assert!(fixture.clock.now() < deadline);
    assert_eq!(listed(&report), [1, 2], "a slow answer is better than none");
}

#[test]
fn feeds_that_failed_take_a_quarter_of_the_workers_at_most() {
    let fixture = tenants(8);
    let down = Failure::new(FailureKind::Transient, "HTTP 503");
    let is_failing = |feed: FeedId| feed.tenant_id.0.as_u128() <= 6;
    fixture.poll_with(|call| match call {
        PortCall::List(feed, _) if is_failing(feed) => Action::Fail(down.clone()),
        _ => Action::Proceed,
    });
    fixture.five_minutes_later();

    let (hanging, deadline) = (Cell::new(0), fixture.deadline());
    let report = fixture.poll_with(|call| match call {
        PortCall::List(feed, _) if is_failing(feed) => {
            hanging.set(hanging.get() + 1);
            Action::Hang
        }
        PortCall::CommitWindow(feed) if feed.tenant_id == numbered(8) => {
            fixture.clock.set(deadline);
            Action::Proceed
        }
        _ => Action::Proceed,
    });

    assert_eq!(hanging.get(), 1, "one of four workers");
    assert_eq!(listed(&report), [7, 8]);
    let failed: Vec<u128> = fixture.leases.handover().failed.iter().map(|feed| feed.tenant_id.0.as_u128()).collect();
    assert_eq!(failed, [1, 2, 3, 4, 5, 6], "a feed without a turn is still one that failed");
    let error = report.tenants[5].content_types[0].error.as_ref().unwrap();
    assert!(error.message.contains("this run had no time to try it again"), "{error}");
}

#[test]
fn of_the_feeds_that_failed_nobody_is_always_last() {
    let mut fixture = tenants(6);
    fixture.policy.limits.concurrency = 1;
    let down = Failure::new(FailureKind::Transient, "HTTP 503");
    fixture.poll_with(|call| match call {
        PortCall::List(..) => Action::Fail(down.clone()),
        _ => Action::Proceed,
    });
    let tried = || {
        fixture.five_minutes_later();
        poll_with_time_for(&fixture, 2)[..2].to_vec()
    };
    assert_eq!([tried(), tried(), tried()], [[1, 2], [3, 4], [5, 6]]);
}

#[test]
fn a_tenant_that_the_deadline_cuts_off_is_not_the_first_again() {
    let mut fixture = tenants(3);
    fixture.policy.limits.concurrency = 1;
    let down = Failure::new(FailureKind::Transient, "HTTP 503");
    fixture.poll_with(|call| match call {
        PortCall::List(..) => Action::Fail(down.clone()),
        _ => Action::Proceed,
    });
    let hangs_until_the_deadline = || {
        fixture.five_minutes_later();
        let (tried, deadline) = (RefCell::new(Vec::new()), fixture.deadline());
        fixture.poll_with(|call| match call {
            PortCall::List(feed, _) => {
                tried.borrow_mut().push(feed.tenant_id.0.as_u128());
                fixture.clock.set(deadline);
                Action::Hang
            }
            _ => Action::Proceed,
        });
        tried.into_inner()
    };
    let tried = [hangs_until_the_deadline(), hangs_until_the_deadline(), hangs_until_the_deadline()];
    assert_eq!(tried, [[1], [2], [3]]);
}

#[test]
fn a_failing_feed_does_not_slow_down_the_others_of_its_tenant() {
    let dlp = FeedId { tenant_id: TENANT, content_type: ContentType::Dlp };
    let fixture = PollFixture::of([tenant(TENANT, &[EXCHANGE, ContentType::Dlp])]);
    let denied = Failure::new(FailureKind::Permission, "ActivityFeed.ReadDlp is missing");
    let deny = |call: PortCall<'_>| match call {
        PortCall::List(feed, _) if feed == dlp => Action::Fail(denied.clone()),
        _ => Action::Proceed,
    };
    fixture.poll_with(deny);
    assert_eq!(fixture.leases.handover().failed, [dlp].into());
    fixture.five_minutes_later();
    let report = fixture.poll_with(deny);
    let [exchange, denied] = &report.tenants[0].content_types[..] else { panic!("{report:?}") };
    assert_eq!((exchange.windows_listed, exchange.more_to_do, denied.windows_listed), (1, false, 0));
    assert_eq!(denied.error.as_ref().map(|error| error.kind), Some(FailureKind::Permission));
}

#[test]
fn states_are_read_for_ten_tenants_at_once() {
    let fixture = tenants(25);
    let reads = RefCell::new(Vec::new());
    let report = fixture.poll_with(|call| {
        if let PortCall::Feeds(feeds) = call {
            reads.borrow_mut().push(feeds.len());
        }
        Action::Proceed
    });
    assert_eq!(listed(&report).len(), 25);
    assert_eq!(reads.into_inner(), [10, 10, 5]);
}

#[test]
fn each_tenant_reads_its_own_states_if_they_cannot_be_read_together() {
    let fixture = tenants(3);
    let down = Failure::new(FailureKind::AwsService, "the state is down");
    let report = fixture.poll_with(|call| match call {
        PortCall::Feeds(feeds) if feeds.len() > 1 || feeds[0].tenant_id == numbered(2) => Action::Fail(down.clone()),
        _ => Action::Proceed,
    });
    assert_eq!(listed(&report), [1, 3]);
    assert_eq!(report.tenants[1].content_types[0].error, Some(down));
}

#[test]
fn every_page_is_charged_and_a_refused_one_slows_all_down() {
    let fixture = PollFixture::exchange_listed_until("2026-11-22T11:55:00Z");
    for second in 0..5 {
        fixture.publish(&[(&format!("a{second}"), &format!("2026-11-22T11:56:0{second}Z"))]);
    }
    let charged = Cell::new(0);
    fixture.poll_with(|call| {
        charged.set(charged.get() + u32::from(matches!(call, PortCall::Charge(TENANT))));
        Action::Proceed
    });
    assert_eq!(charged.get(), 3, "three pages of two");

    fixture.five_minutes_later();
    let throttled = Failure::new(FailureKind::Throttled, "AF429").with_retry_after(Some(SignedDuration::from_secs(60)));
    let slowed_down = Cell::new(0);
    fixture.poll_with(|call| match call {
        PortCall::List(..) => Action::Fail(throttled.clone()),
        PortCall::OnThrottled(TENANT) => {
            slowed_down.set(slowed_down.get() + 1);
            Action::Proceed
        }
        _ => Action::Proceed,
    });
    assert_eq!(slowed_down.get(), 1);
}

#[test]
fn a_limiter_that_fails_does_not_stop_a_poll() {
    let fixture = tenants(1);
    let down = Failure::new(FailureKind::AwsService, "the table is down");
    let report = fixture.poll_with(|call| match call {
        PortCall::Charge(_) => Action::Fail(down.clone()),
        _ => Action::Proceed,
    });
    assert_eq!(listed(&report), [1]);
}

#[test]
fn rejected_credentials_are_read_again_for_the_next_poll() {
    let fixture = tenants(1);
    let rejected = Failure::new(FailureKind::CredentialsRejected, "the secret has expired");
    let read = RefCell::new(Vec::new());
    fixture.poll_with(|call| match call {
        PortCall::List(..) => Action::Fail(rejected.clone()),
        PortCall::ReadTenant(secret_id) => {
            read.borrow_mut().push(secret_id.to_owned());
            Action::Proceed
        }
        _ => Action::Proceed,
    });
    assert_eq!(read.into_inner(), [tenant(numbered(1), &[]).secret_id]);
}

#[test]
fn of_two_runs_at_once_one_works() {
    let fixture = PollFixture { leases: MemoryLeases::new(&tenants(1).clock), ..tenants(1) };
    let until = fixture.deadline() - SignedDuration::from_secs(1);
    block_on(fixture.leases.acquire(Shard::WHOLE, until)).unwrap();
    let report = fixture.poll_with(|call| {
        assert!(matches!(call, PortCall::AcquireLease), "{call:?}");
        Action::Proceed
    });
    assert_eq!(report, PollReport { other_run_until: Some(until), ..PollReport::default() });
    assert!(!report.is_failure());
}

#[test]
fn a_poll_that_fails_releases_its_lease() {
    let fixture = tenants(1);
    let fixture = PollFixture { leases: MemoryLeases::new(&fixture.clock), ..fixture };
    let denied = Failure::new(FailureKind::AwsService, "AccessDenied");
    let script = |call: PortCall<'_>| match call {
        PortCall::AllTenants => Action::Fail(denied.clone()),
        _ => Action::Proceed,
    };
    let poller = fixture.poller(&Interceptor::script(&script));
    assert_eq!(block_on(poller.run(Shard::WHOLE, fixture.deadline())), Err(denied.clone()));
    assert_eq!(listed(&fixture.poll()), [1]);
}

#[test]
fn a_shard_that_nobody_runs_is_in_the_report_of_the_others() {
    let fixture = tenants(1);
    let poll = |index| {
        let poller = fixture.poller(&Interceptor::default());
        block_on(poller.run(Shard::new(index, 3).unwrap(), fixture.deadline())).unwrap().overdue_shards
    };
    assert_eq!(poll(0), [0_u64; 0], "nothing is known yet");
    for _ in 0..2 {
        assert_eq!(poll(1), [0_u64; 0]);
        fixture.five_minutes_later();
        assert_eq!(poll(0), [0_u64; 0], "the third may come late");
    }
    poll(1);
    fixture.clock.advance(SignedDuration::from_secs(301));
    assert_eq!(poll(0), [2]);
    poll(2);
    assert_eq!(poll(1), [0_u64; 0]);
    assert_eq!(fixture.leases.handover(), Handover::default(), "each number of shards has leases of its own");
}
