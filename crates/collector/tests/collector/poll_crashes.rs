//! A poll that dies at any step repeats work and loses none.

use std::collections::BTreeSet;

use collector::cursor::Cursor;
use collector::failure::{Failure, FailureKind};
use collector::feed::ContentType;
use collector::loss::{Loss, LossReason};
use collector::poll::Shard;
use collector::ports::WindowLog;
use futures::executor::block_on;
use jiff::{SignedDuration, Timestamp};
use testkit::{Call, CrashPoint, TENANT, at, content, tenant, window};

use crate::poll_fixture::{EXCHANGE, PollFixture, assert_no_overlap, feed_of};
use crate::scripted_ports::{Act, Event, Scripted};

const TYPES: [ContentType; 2] = [EXCHANGE, ContentType::SharePoint];

const SOON: SignedDuration = SignedDuration::from_mins(5);
const MUCH_LATER: SignedDuration = SignedDuration::from_hours(3);

/// A blob every ten minutes of these hours: around the edge of seven days, and the last two.
fn blobs(content_type: ContentType) -> impl Iterator<Item = (String, Timestamp)> {
    let hours = ["2026-11-15T11", "2026-11-15T12", "2026-11-22T10", "2026-11-22T11"];
    let times = hours.into_iter().flat_map(|hour| (0..6).map(move |ten| format!("{hour}:{ten}5:30Z")));
    times.map(move |time| (format!("{content_type}@{time}"), at(&time)))
}

/// Two types whose blobs are there to be listed, never polled before.
fn unpolled() -> PollFixture {
    let fixture = PollFixture::of([tenant(TENANT, &TYPES)]);
    for content_type in TYPES {
        for (id, created) in blobs(content_type) {
            fixture.api.publish(feed_of(TENANT, content_type), content(&id, &created.to_string()), "[]");
        }
    }
    fixture
}

/// The same, left so by an earlier poll.
fn polled(cursor: Cursor) -> PollFixture {
    let fixture = unpolled();
    for content_type in TYPES {
        fixture.api.enable(feed_of(TENANT, content_type));
        fixture.state.set_cursor(feed_of(TENANT, content_type), cursor);
    }
    fixture
}

/// Lets the crash_point go at each step of a poll in turn. `later` the next one finds what the first left behind.
fn cut_at_every_step(world: impl Fn() -> PollFixture, later: SignedDuration, check: impl Fn(&PollFixture, &str)) {
    cut_at(1.., world, later, check);
}

/// The same for some of the steps, up to the one that is never reached.
fn cut_at(
    steps: impl IntoIterator<Item = u64>,
    world: impl Fn() -> PollFixture,
    later: SignedDuration,
    check: impl Fn(&PollFixture, &str),
) {
    for step in steps {
        let fixture = world();
        let crash_point = CrashPoint::failing_at(step);
        let poller = fixture.poller(
            crash_point.feed(fixture.api.clone()),
            crash_point.feed(fixture.state.clone()),
            crash_point.feed(fixture.queue.clone()),
        );
        let survived = block_on(crash_point.run(poller.run(Shard::WHOLE, fixture.deadline())));
        fixture.clock.advance(later);
        let title = format!("crash_point cut at step {step}, the next poll {later:#} later");
        let report = fixture.poll();
        let errors: Vec<&Failure> = report.tenants.iter().flat_map(|tenant| tenant.errors()).collect();
        assert!(errors.is_empty() && !report.more_to_do, "{title}: {errors:?}");
        let end = Cursor::at(at("2026-11-22T12:00:00Z") + later);
        for feed in TYPES.map(|content_type| feed_of(TENANT, content_type)) {
            assert_eq!(fixture.state.cursor(feed), Some(end), "{title}");
        }
        check(&fixture, &title);
        if survived.is_some() {
            assert!(step > 30, "a fixture of {step} steps is too short");
            break;
        }
    }
}

/// Everything since `since` is in the queue, asked for in windows that share no instant, and no loss was told.
fn assert_all_queued(since: &str) -> impl Fn(&PollFixture, &str) {
    let all = TYPES.into_iter().flat_map(blobs).filter(move |(_, created)| *created >= at(since));
    let expected: BTreeSet<String> = all.map(|(id, _)| id).collect();
    move |fixture, title| {
        assert_eq!(fixture.queued(), expected, "{title}");
        assert_eq!(fixture.state.losses(), [], "{title}");
        TYPES.into_iter().for_each(|content_type| assert_no_overlap(&fixture.asked(feed_of(TENANT, content_type))));
    }
}

#[test]
fn a_first_run_cut_anywhere_loses_nothing() {
    // Cut before it recorded a window, it starts two hours before the next poll: at 10:05:05.
    cut_at_every_step(unpolled, SOON, assert_all_queued("2026-11-22T10:05:05Z"));
}

#[test]
fn a_poll_cut_anywhere_loses_nothing() {
    for later in [SignedDuration::ZERO, SOON, MUCH_LATER] {
        let world = || polled(Cursor::at(at("2026-11-22T10:42:00Z")));
        cut_at_every_step(world, later, assert_all_queued("2026-11-22T10:42:00Z"));
    }
}

#[test]
fn a_poll_that_found_a_recorded_window_cut_anywhere_loses_nothing() {
    for later in [SignedDuration::ZERO, SOON, MUCH_LATER] {
        let world = || polled(Cursor::recording(window("2026-11-22T10:02:00Z", "2026-11-22T10:42:00Z")));
        cut_at_every_step(world, later, assert_all_queued("2026-11-22T10:02:00Z"));
    }
}

#[test]
fn after_eight_days_a_poll_cut_anywhere_queues_everything_or_tells_its_loss() {
    let from = at("2026-11-14T12:00:00Z");
    // Every step until the first windows are done, then, in the long catching up, some.
    cut_at(
        (1..50).chain((50..).step_by(29)),
        || polled(Cursor::at(from)),
        SOON,
        |fixture, title| {
            let queued = fixture.queued();
            for content_type in TYPES {
                let losses = block_on(WindowLog::losses(&fixture.state, feed_of(TENANT, content_type))).unwrap();
                let is_told = |created| losses.iter().any(|kept| kept.loss.from <= created && created < kept.loss.to);
                for (id, created) in blobs(content_type) {
                    assert!(queued.contains(&id) || is_told(created), "{title}: {id} is neither in the queue nor lost");
                }
            }
        },
    );
}

/// A poll, Microsoft listing nothing of a subscription that is off.
fn poll_strictly(fixture: &PollFixture, crash_point: &CrashPoint) -> bool {
    let off = Failure::new(FailureKind::SubscriptionDisabled, "AF20022");
    let script = |event: Event<'_>| match event {
        Event::List(feed, _) if !fixture.api.calls().contains(&Call::Start(feed)) => Act::Fail(off.clone()),
        _ => Act::Proceed,
    };
    let api = Scripted { port: fixture.api.clone(), script };
    let poller = fixture.poller(
        crash_point.feed(api),
        crash_point.feed(fixture.state.clone()),
        crash_point.feed(fixture.queue.clone()),
    );
    block_on(crash_point.run(poller.run(Shard::WHOLE, fixture.deadline()))).is_some()
}

#[test]
fn a_start_cut_anywhere_is_made_up_for_and_the_gap_stays_one_loss() {
    let listed_until = at("2026-11-22T11:40:00Z");
    for step in 1.. {
        let fixture = polled(Cursor::at(listed_until));
        TYPES.into_iter().for_each(|content_type| fixture.api.disable(feed_of(TENANT, content_type)));
        let survived = poll_strictly(&fixture, &CrashPoint::failing_at(step));
        // A start whose answer nobody saw is not repeated for fifteen minutes.
        for _ in 0..4 {
            fixture.five_minutes_later();
            assert!(poll_strictly(&fixture, &CrashPoint::default()));
        }
        for feed in TYPES.map(|content_type| feed_of(TENANT, content_type)) {
            assert_eq!(fixture.state.cursor(feed), Some(Cursor::at(at("2026-11-22T12:20:00Z"))), "cut at step {step}");
            let losses = block_on(WindowLog::losses(&fixture.state, feed)).unwrap();
            let losses: Vec<Loss> = losses.into_iter().map(|kept| kept.loss).collect();
            let [Loss { from, to, reason: LossReason::SubscriptionDisabled, content: None }] = losses[..] else {
                panic!("cut at step {step}: one gap was expected, not {losses:?}")
            };
            assert!(from == listed_until && to >= at("2026-11-22T12:00:05Z"), "cut at step {step}: {from} to {to}");
        }
        if survived {
            assert!(step > 30, "a fixture of {step} steps is too short");
            break;
        }
    }
}
