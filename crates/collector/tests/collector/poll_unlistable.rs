//! A window that cannot be listed, or takes too long, while others of its feed can be listed: it is halved down to a minute,
//! which is passed over. Nothing else waits for it.

use std::cell::Cell;
use std::collections::BTreeSet;

use collector::cursor::Cursor;
use collector::failure::{Failure, FailureKind};
use collector::poll::{FeedReport, PollReport, UnlistedWindow};
use collector::shard::Shard;
use collector::window::Window;
use collector::window_record::WindowRecord;
use futures::executor::block_on;
use jiff::{SignedDuration, Timestamp};
use testkit::{Action, CrashPoint, Interceptor, PortCall, at, content, feed, window};

use crate::poll::idle_at;
use crate::poll_fixture::{PollFixture, only_feed};

/// The recorded window of a feed that has not been polled for an hour.
const HOUR: (&str, &str) = ("2026-11-22T11:00:00Z", "2026-11-22T12:00:00Z");

/// Whatever window holds this instant cannot be listed.
const BAD: &str = "2026-11-22T11:37:20Z";

const BAD_MINUTE: (&str, &str) = ("2026-11-22T11:37:00Z", "2026-11-22T11:38:00Z");

fn time_out() -> Failure {
    Failure::new(FailureKind::Transient, "no response within 60 seconds")
}

fn an_hour_behind() -> PollFixture {
    PollFixture::exchange_listed_until(HOUR.0)
}

fn holds(window: Window, instant: &str) -> bool {
    window.start() <= at(instant) && at(instant) < window.end()
}

/// Fails the listing of these windows.
fn failing(is_failing: impl Fn(Window) -> bool) -> impl Fn(PortCall<'_>) -> Action {
    move |call| match call {
        PortCall::List(_, window) if is_failing(window) => Action::Fail(time_out()),
        _ => Action::Proceed,
    }
}

fn minutes(window: Window) -> i64 {
    window.end().duration_since(window.start()).as_mins()
}

/// Polls every five minutes, this often.
fn poll_failing(fixture: &PollFixture, polls: usize, is_failing: impl Fn(Window) -> bool) -> Vec<PollReport> {
    let poll = |_| {
        let report = fixture.poll_with(failing(&is_failing));
        fixture.five_minutes_later();
        report
    };
    (0..polls).map(poll).collect()
}

fn poll_failing_bad(fixture: &PollFixture, polls: usize) -> Vec<PollReport> {
    poll_failing(fixture, polls, |window| holds(window, BAD))
}

/// The minutes past eleven at which the cursor stands, and at which the recorded window ends.
fn cursor_minutes(fixture: &PollFixture) -> (i64, Option<i64>) {
    let past = |instant: Timestamp| instant.duration_since(at(HOUR.0)).as_mins();
    let Cursor { listed_until, planned_until, .. } = fixture.state.cursor(feed()).unwrap();
    (past(listed_until), planned_until.map(past))
}

#[test]
fn dense_window_makes_the_next_ones_shorter() {
    let fixture = PollFixture::exchange_listed_until("2026-11-22T10:00:00Z");
    for number in 0..6_000 {
        fixture.api.publish(feed(), content(&format!("content-{number}"), "2026-11-22T10:30:00Z"), "[]");
    }
    fixture.poll();
    let expected = [
        window("2026-11-22T10:00:00Z", "2026-11-22T11:00:00Z"),
        window("2026-11-22T11:00:00Z", "2026-11-22T11:30:00Z"),
        window("2026-11-22T11:30:00Z", "2026-11-22T12:00:00Z"),
    ];
    assert_eq!(fixture.asked(feed()), expected);
    assert_eq!(fixture.state.feed_state(feed()).contents_per_hour, Some(1_500), "halved by two empty windows");
}

#[test]
fn windows_of_a_busy_feed_are_short_from_the_beginning_of_the_next_poll() {
    let fixture = an_hour_behind();
    fixture.state.set_density(feed(), 60_000);
    fixture.poll();
    let asked = fixture.asked(feed());
    assert_eq!(asked[0], window("2026-11-22T11:00:00Z", "2026-11-22T11:05:00Z"));
    assert_eq!(asked.last().unwrap().end(), at(HOUR.1), "the poll lists everything, in longer and longer windows");
}

#[test]
fn window_is_listed_with_its_bounds_in_three_polls_before_it_is_halved() {
    let fixture = an_hour_behind();
    for failures in 1..=2 {
        let report = &poll_failing(&fixture, 1, |window| minutes(window) >= 60)[0];
        assert_eq!(only_feed(report).error, Some(time_out().context(format!("window {}", window(HOUR.0, HOUR.1)))));
        assert_eq!(fixture.state.feed_state(feed()).failed_listings, failures);
        assert_eq!(cursor_minutes(&fixture), (0, Some(60)));
    }
    let report = &poll_failing(&fixture, 1, |window| minutes(window) >= 60)[0];
    let feed_report = only_feed(report);
    assert_eq!((feed_report.windows_halved, feed_report.windows_listed), (1, 2), "{feed_report:?}");
    assert_eq!(feed_report.error, None);
    assert_eq!(fixture.state.cursor(feed()), Some(Cursor::at(at("2026-11-22T12:10:00Z"))));
}

#[test]
fn probe_lists_the_last_minute_and_uses_nothing_of_it() {
    let fixture = an_hour_behind();
    fixture.publish(&[("recent", "2026-11-22T12:09:30Z")]);
    poll_failing(&fixture, 3, |window| minutes(window) > 1);
    let (hour, recent) = (window(HOUR.0, HOUR.1), window("2026-11-22T12:09:00Z", "2026-11-22T12:10:00Z"));
    assert_eq!(fixture.asked(feed())[..4], [hour, hour, hour, recent]);
    assert!(!fixture.queued().contains("recent"));
}

/// Half an hour, a quarter, seven minutes, three, one.
#[test]
fn halves_that_fail_are_halved_in_the_same_poll() {
    let fixture = an_hour_behind();
    let reports = poll_failing(&fixture, 3, |window| minutes(window) > 1 && window.start() == at(HOUR.0));
    assert_eq!(only_feed(&reports[2]).windows_halved, 5);
    let asked: Vec<i64> = fixture.asked(feed()).into_iter().map(minutes).collect();
    assert_eq!(asked[..9], [60, 60, 60, 1, 30, 15, 7, 3, 1], "a probe, and the halves");
    assert_eq!(only_feed(&reports[2]).error, None, "the rest of the hour can be listed");
}

/// The second half is a window like any other: its first failure may be an accident.
#[test]
fn next_window_must_fail_in_three_polls_again() {
    let fixture = an_hour_behind();
    poll_failing_bad(&fixture, 3);
    assert_eq!(cursor_minutes(&fixture), (30, Some(70)), "the first half hour is listed");
    assert_eq!(fixture.state.feed_state(feed()).failed_listings, 1);
    poll_failing_bad(&fixture, 1);
    assert_eq!(cursor_minutes(&fixture), (30, Some(70)));
    poll_failing_bad(&fixture, 1);
    assert_eq!(cursor_minutes(&fixture), (35, Some(80)));
}

#[test]
fn bad_minute_is_passed_over_and_everything_else_is_listed() {
    let fixture = an_hour_behind();
    let times = (0..60).map(|minute| format!("2026-11-22T11:{minute:02}:20Z"));
    times.for_each(|time| fixture.publish(&[(&time, &time)]));
    let reports = poll_failing_bad(&fixture, 16);

    let mut others: BTreeSet<String> = (0..60).map(|minute| format!("2026-11-22T11:{minute:02}:20Z")).collect();
    others.remove(BAD);
    assert_eq!(fixture.queued(), others);
    let unlisted: Vec<WindowRecord> =
        fixture.state.committed(feed()).into_iter().filter(|record| record.unlisted).collect();
    let passed_over_at = unlisted[0].listed_at;
    assert_eq!(unlisted, [WindowRecord::unlisted(window(BAD_MINUTE.0, BAD_MINUTE.1), passed_over_at)]);
    assert_eq!(fixture.state.losses(), [], "nothing is lost yet");

    let reported: Vec<&UnlistedWindow> =
        reports.iter().flat_map(|report| &only_feed(report).windows_unlisted).collect();
    let bad_minute = window(BAD_MINUTE.0, BAD_MINUTE.1);
    let error = time_out().context(format!("window {bad_minute}"));
    assert_eq!(reported, [&UnlistedWindow { window: bad_minute, error }]);
    assert_eq!(only_feed(&reports[15]).error, None);
    assert_eq!(fixture.state.cursor(feed()), Some(Cursor::at(fixture.now() - SignedDuration::from_secs(305))));
}

#[test]
fn minute_must_fail_in_three_polls_of_its_own() {
    let fixture = PollFixture::exchange_listed_until(BAD_MINUTE.0);
    fixture.state.set_cursor(feed(), Cursor::recording(window(BAD_MINUTE.0, BAD_MINUTE.1)));
    for poll in 1..=2 {
        poll_failing_bad(&fixture, 1);
        assert_eq!(cursor_minutes(&fixture), (37, Some(38)), "after poll {poll}");
    }
    let reports = poll_failing_bad(&fixture, 1);
    assert_eq!(only_feed(&reports[0]).windows_unlisted.len(), 1);
    assert_eq!(only_feed(&reports[0]).windows_listed, 1, "the rest is listed in the same poll");
}

#[test]
fn nothing_is_halved_while_no_window_can_be_listed() {
    let fixture = an_hour_behind();
    let writes = Cell::new(0);
    for _ in 0..20 {
        fixture.poll_with(|call| match call {
            PortCall::List(..) => Action::Fail(time_out()),
            PortCall::SaveFailedListings(_) => {
                writes.set(writes.get() + 1);
                Action::Proceed
            }
            _ => Action::Proceed,
        });
        fixture.five_minutes_later();
    }
    assert_eq!(cursor_minutes(&fixture), (0, Some(60)));
    assert_eq!(fixture.state.history().replaced, []);
    assert_eq!(writes.get(), 3, "a long outage writes no more");
}

#[test]
fn window_that_is_listed_after_an_outage_was_not_to_blame() {
    let fixture = an_hour_behind();
    poll_failing(&fixture, 5, |_| true);
    let report = fixture.poll();
    assert_eq!(only_feed(&report).windows_halved, 0);
    assert_eq!(fixture.state.feed_state(feed()).failed_listings, 0);
    assert_eq!(fixture.asked(feed())[0], window(HOUR.0, HOUR.1));
}

#[test]
fn listed_window_ends_the_row_of_failures() {
    let fixture = an_hour_behind();
    poll_failing(&fixture, 2, |window| minutes(window) >= 60);
    poll_failing(&fixture, 1, |window| window.start() >= at(HOUR.1));
    assert_eq!(fixture.state.feed_state(feed()).failed_listings, 1, "of the next window");
    assert_eq!(fixture.state.history().replaced, []);
}

#[test]
fn failures_that_say_nothing_of_the_window_do_not_count() {
    for kind in [
        FailureKind::Throttled,
        FailureKind::RateLimited,
        FailureKind::CredentialsRejected,
        FailureKind::Permission,
        FailureKind::Tenant,
        FailureKind::WindowOutOfRange,
        FailureKind::RequestRejected,
        FailureKind::AwsService,
    ] {
        let fixture = an_hour_behind();
        for _ in 0..5 {
            fixture.poll_with(|call| match call {
                PortCall::List(_, window) if minutes(window) >= 60 => Action::Fail(Failure::new(kind, "refused")),
                _ => Action::Proceed,
            });
            fixture.five_minutes_later();
        }
        assert_eq!(fixture.state.feed_state(feed()).failed_listings, 0, "{kind:?}");
        assert_eq!(cursor_minutes(&fixture), (0, Some(60)), "{kind:?}");
    }
}

#[test]
fn feed_that_was_never_listed_still_was_not_after_a_halving() {
    let fixture = PollFixture::exchange();
    fixture.api.enable(feed());
    let reports = poll_failing(&fixture, 3, |window| window.end() <= at(HOUR.0));
    assert!(only_feed(&reports[2]).windows_halved > 0);
    let cursor = fixture.state.cursor(feed()).unwrap();
    assert!(cursor.never_listed, "{cursor:?}");
}

/// Polls while every page takes so long.
fn poll_slowly(fixture: &PollFixture, page: SignedDuration) -> PollReport {
    let script = |call: PortCall<'_>| {
        if let PortCall::Page(_) = call {
            fixture.clock.advance(page);
        }
        Action::Proceed
    };
    let deadline = fixture.now() + SignedDuration::from_mins(14);
    block_on(fixture.poller(&Interceptor::script(&script)).run(Shard::WHOLE, deadline)).unwrap()
}

/// A content a minute, two to a page.
fn busy_hour() -> PollFixture {
    let fixture = an_hour_behind();
    (0..60).for_each(|minute| {
        let time = format!("2026-11-22T11:{minute:02}:20Z");
        fixture.publish(&[(&time, &time)]);
    });
    fixture
}

#[test]
fn window_that_takes_more_than_two_minutes_is_halved_at_once() {
    let fixture = busy_hour();
    let report = poll_slowly(&fixture, SignedDuration::from_secs(10));
    let asked: Vec<i64> = fixture.asked(feed()).into_iter().map(minutes).collect();
    assert_eq!(asked, [60, 30, 15, 51, 25, 30], "the rest goes on to when its turn begins");
    assert_eq!(only_feed(&report).windows_halved, 3);
    assert_eq!(only_feed(&report).error, None);
    assert_eq!(fixture.queued().len(), 60);
    assert_eq!(fixture.state.cursor(feed()), Some(Cursor::at(at("2026-11-22T12:10:30Z"))));
}

/// Polls for so long, while every page takes four seconds, and the fifth one of the windows that are longer than this never comes.
/// Returns how often a failure was counted.
fn poll_cut_off(fixture: &PollFixture, longest: i64, time: SignedDuration) -> (PollReport, usize) {
    let (pages, counted) = (Cell::new(0), Cell::new(0));
    let deadline = fixture.now() + time;
    let script = |call: PortCall<'_>| match call {
        PortCall::List(_, window) => {
            pages.set(if minutes(window) > longest { 0 } else { -1_000 });
            Action::Proceed
        }
        PortCall::Page(_) => {
            pages.set(pages.get() + 1);
            fixture.clock.advance(SignedDuration::from_secs(4));
            if pages.get() < 5 {
                return Action::Proceed;
            }
            fixture.clock.set(deadline);
            Action::Hang
        }
        PortCall::SaveFailedListings(_) => {
            counted.set(counted.get() + 1);
            Action::Proceed
        }
        _ => Action::Proceed,
    };
    let report = block_on(fixture.poller(&Interceptor::script(&script)).run(Shard::WHOLE, deadline)).unwrap();
    fixture.clock.set(deadline);
    (report, counted.get())
}

/// The deadline drops a task like a crash: nothing of it is known, unless it was on record before.
#[test]
fn window_that_the_deadline_cuts_off_again_and_again_is_halved() {
    let fixture = busy_hour();
    for failed in 1..=4 {
        let (report, counted) = poll_cut_off(&fixture, 5, SignedDuration::from_secs(20));
        assert_eq!((only_feed(&report).windows_halved, counted), (0, 1), "poll {failed}");
        assert_eq!(fixture.state.feed_state(feed()).failed_listings, failed);
        assert!(report.more_to_do);
    }
    let (report, _) = poll_cut_off(&fixture, 40, SignedDuration::from_mins(4));
    assert_eq!(only_feed(&report).windows_halved, 1, "{report:?}");
    assert_eq!(fixture.asked(feed())[5], window(HOUR.0, "2026-11-22T11:30:00Z"));
    assert_eq!(fixture.queued().len(), 60);
}

/// A minute that never ends: nothing else may wait for it.
#[test]
fn window_of_a_minute_that_is_cut_off_again_and_again_is_passed_over() {
    let fixture = PollFixture::exchange_listed_until("2026-11-22T11:59:00Z");
    (0..60).for_each(|number| fixture.publish(&[(&format!("content-{number}"), "2026-11-22T11:59:30Z")]));
    let minute = window("2026-11-22T11:59:00Z", "2026-11-22T12:00:00Z");
    let poll_slowly = || {
        let script = |call: PortCall<'_>| match call {
            PortCall::Page(_) => {
                fixture.clock.advance(SignedDuration::from_secs(15));
                Action::GiveWay
            }
            _ => Action::Proceed,
        };
        let deadline = fixture.now() + SignedDuration::from_secs(225);
        block_on(fixture.poller(&Interceptor::script(&script)).run(Shard::WHOLE, deadline)).unwrap()
    };
    for poll in 1..=4 {
        assert_eq!(only_feed(&poll_slowly()).windows_unlisted, [], "poll {poll}");
        assert_eq!(fixture.state.feed_state(feed()).failed_listings, poll);
    }
    let report = poll_slowly();
    let unlisted: Vec<Window> = only_feed(&report).windows_unlisted.iter().map(|unlisted| unlisted.window).collect();
    assert_eq!(unlisted, [minute]);
}

/// Otherwise every busy feed would have a window halved, and records archived twice, after every outage of Microsoft's.
#[test]
fn window_that_takes_long_after_an_outage_is_not_halved() {
    let fixture = an_hour_behind();
    (0..12).for_each(|number| fixture.publish(&[(&format!("content-{number}"), "2026-11-22T11:30:00Z")]));
    poll_failing(&fixture, 5, |_| true);
    let report = poll_slowly(&fixture, SignedDuration::from_secs(4));
    assert_eq!((only_feed(&report).windows_listed, only_feed(&report).windows_halved), (2, 0));
    assert_eq!(fixture.state.feed_state(feed()).failed_listings, 0);
}

#[test]
fn long_listing_that_ends_is_no_failure() {
    let fixture = an_hour_behind();
    (0..12).for_each(|number| fixture.publish(&[(&format!("content-{number}"), "2026-11-22T11:30:00Z")]));
    let report = poll_slowly(&fixture, SignedDuration::from_secs(4));
    assert_eq!((only_feed(&report).windows_listed, only_feed(&report).windows_halved), (1, 0));
    assert_eq!(fixture.state.feed_state(feed()).failed_listings, 0);
}

#[test]
fn last_page_counts_however_late_it_comes() {
    let fixture = an_hour_behind();
    fixture.publish(&[("a", "2026-11-22T11:10:00Z"), ("b", "2026-11-22T11:20:00Z")]);
    let report = poll_slowly(&fixture, SignedDuration::from_mins(3));
    assert_eq!(only_feed(&report).windows_halved, 0);
    assert_eq!(fixture.asked(feed()), [window(HOUR.0, HOUR.1)]);
}

#[test]
fn window_of_a_minute_may_take_as_long_as_the_poll() {
    let fixture = PollFixture::exchange_listed_until("2026-11-22T11:59:00Z");
    (0..20).for_each(|number| fixture.publish(&[(&format!("content-{number}"), "2026-11-22T11:59:30Z")]));
    let report = poll_slowly(&fixture, SignedDuration::from_secs(30));
    assert_eq!(only_feed(&report).windows_listed, 1);
    assert_eq!(only_feed(&report).contents_queued, 20);
}

/// Another poller moves the cursor right before this one makes the call.
fn overtaken_before(fixture: &PollFixture, call: impl Fn(PortCall<'_>) -> bool) -> PollReport {
    let ahead = Cursor::at(at("2026-11-22T11:59:00Z"));
    let report = fixture.poll_with(|event| {
        if call(event) {
            fixture.state.set_cursor(feed(), ahead);
        }
        failing(|window| holds(window, BAD))(event)
    });
    assert_eq!(fixture.state.cursor(feed()), Some(ahead), "the other poller's cursor is left as it is");
    report
}

#[test]
fn poller_that_was_overtaken_neither_counts_nor_halves_nor_passes_over() {
    type IsCall = fn(PortCall<'_>) -> bool;
    let calls: [(&str, usize, IsCall); 3] = [
        (HOUR.0, 1, |call| matches!(call, PortCall::SaveFailedListings(_))),
        (HOUR.0, 2, |call| matches!(call, PortCall::ReplaceWindow(_))),
        (BAD_MINUTE.0, 2, |call| matches!(call, PortCall::PassOver(_))),
    ];
    for (listed_until, polls, call) in calls {
        let fixture = PollFixture::exchange_listed_until(listed_until);
        if listed_until == BAD_MINUTE.0 {
            fixture.state.set_cursor(feed(), Cursor::recording(window(BAD_MINUTE.0, BAD_MINUTE.1)));
        }
        poll_failing_bad(&fixture, polls);
        let report = overtaken_before(&fixture, call);
        let FeedReport { cursor_lag_seconds, .. } = *only_feed(&report);
        let expected = FeedReport { lost_race: true, cursor_lag_seconds, ..idle_at(listed_until) };
        assert_eq!(*only_feed(&report), expected);
        assert_eq!(fixture.state.committed(feed()), []);
    }
}

/// Crashes each of the polls that it takes, one at a time, at each of its steps.
#[test]
fn crash_at_any_step_around_a_bad_minute_skips_nothing_else() {
    const POLLS: usize = 20;
    for crashed_poll in 0..12 {
        for step in 1.. {
            let title = format!("crashed at step {step} of poll {crashed_poll}");
            let fixture = PollFixture::exchange_listed_until("2026-11-22T11:34:00Z");
            let times: BTreeSet<String> = (34..60).map(|minute| format!("2026-11-22T11:{minute}:20Z")).collect();
            times.iter().for_each(|time| fixture.publish(&[(time, time)]));
            let mut survived = true;
            for poll in 0..POLLS {
                let script = failing(|window| holds(window, BAD));
                let crash_point = if poll == crashed_poll { CrashPoint::at(step) } else { CrashPoint::default() };
                let interceptor = Interceptor::script(&script).and_crash_at(&crash_point);
                survived &= fixture.poll_intercepted(&interceptor, &crash_point).is_some();
                fixture.five_minutes_later();
            }
            let unlisted: Vec<Window> = fixture
                .state
                .committed(feed())
                .into_iter()
                .filter_map(|record| record.unlisted.then_some(record.window))
                .collect();
            assert_eq!(unlisted, [window(BAD_MINUTE.0, BAD_MINUTE.1)], "{title}");
            let queued = fixture.queued();
            let missing: Vec<&String> = times.iter().filter(|time| !queued.contains(*time)).collect();
            assert_eq!(missing, [BAD], "{title}");
            let end = fixture.now() - SignedDuration::from_secs(305);
            assert_eq!(fixture.state.cursor(feed()), Some(Cursor::at(end)), "{title}");
            assert_eq!(fixture.state.losses(), [], "{title}");
            if survived {
                break;
            }
        }
    }
}
