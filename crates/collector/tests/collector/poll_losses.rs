//! What is lost is kept, reported, and stops nothing.

use collector::cursor::Cursor;
use collector::failure::{Failure, FailureKind};
use collector::loss::{Loss, LossReason};
use testkit::{at, feed, window};

use crate::poll_fixture::{PollFixture, only_feed};
use crate::scripted_ports::{Act, Event};

/// Seven days before the stories' now, and the margin.
const EDGE: &str = "2026-11-15T12:15:05Z";

/// What an outage of eight days costs.
fn eight_days() -> (PollFixture, Loss) {
    let from = "2026-11-14T12:00:00Z";
    let loss = Loss { from: at(from), to: at(EDGE), reason: LossReason::RetentionExpired, content: None };
    (PollFixture::exchange_listed_until(from), loss)
}

fn malformed(entry: &str) -> Loss {
    let (from, to) = (at("2026-11-22T11:55:00Z"), at("2026-11-22T12:00:00Z"));
    Loss { from, to, reason: LossReason::MalformedEntry, content: Some(entry.to_owned()) }
}

#[test]
fn what_slid_over_the_edge_is_kept_and_reported() {
    let (fixture, loss) = eight_days();
    let report = fixture.poll();
    assert_eq!((&only_feed(&report).lost, fixture.state.losses()), (&vec![loss.clone()], vec![loss]));
}

#[test]
fn what_is_left_is_listed_from_the_edge_on() {
    let (fixture, _) = eight_days();
    fixture.publish(&[("over the edge", "2026-11-15T12:15:04Z"), ("just inside", EDGE)]);
    fixture.poll();
    assert_eq!(fixture.asked(feed())[0], window(EDGE, "2026-11-15T13:00:00Z"));
    assert_eq!(fixture.queue.content_ids(), ["just inside"]);
    assert_eq!(fixture.state.cursor(feed()), Some(Cursor::at(at("2026-11-22T12:00:00Z"))));
}

#[test]
fn a_recorded_window_that_slid_over_the_edge_does_not_hold_up_the_feed() {
    let fixture = PollFixture::exchange_listed_until("2026-11-14T12:00:00Z");
    fixture.state.set_cursor(feed(), Cursor::recording(window("2026-11-14T12:00:00Z", "2026-11-14T13:00:00Z")));
    let report = fixture.poll();
    assert_eq!(only_feed(&report).error, None);
    assert_eq!(fixture.state.cursor(feed()), Some(Cursor::at(at("2026-11-22T12:00:00Z"))));
}

#[test]
fn a_loss_is_told_once() {
    let (fixture, loss) = eight_days();
    fixture.poll();
    fixture.five_minutes_later();
    assert_eq!(only_feed(&fixture.poll()).lost, []);
    assert_eq!(fixture.state.losses(), [loss]);
}

#[test]
fn a_loss_that_could_not_be_kept_moves_no_cursor() {
    let (fixture, loss) = eight_days();
    let report = fixture.poll_with(|event| match event {
        Event::Skip => Act::Fail(Failure::new(FailureKind::AwsService, "the state is down")),
        _ => Act::Proceed,
    });
    assert_eq!((&only_feed(&report).lost[..], fixture.listings().len()), (&[][..], 0));
    assert_eq!(only_feed(&fixture.poll()).lost, [loss], "it is told when it is kept");
}

#[test]
fn a_loss_is_reported_with_the_cursor_behind_it_if_the_first_listing_fails() {
    let (fixture, loss) = eight_days();
    let report = fixture.poll_with(|event| match event {
        Event::List(..) => Act::Fail(Failure::new(FailureKind::Transient, "HTTP 503")),
        _ => Act::Proceed,
    });
    assert_eq!((&only_feed(&report).lost[..], only_feed(&report).cursor), (&[loss][..], Some(at(EDGE))));
}

#[test]
fn a_loss_is_reported_even_if_the_deadline_comes_right_after_it() {
    let (fixture, loss) = eight_days();
    let deadline = fixture.deadline();
    let report = fixture.poll_with(|event| match event {
        Event::List(..) => {
            fixture.clock.set(deadline);
            Act::Hang
        }
        _ => Act::Proceed,
    });
    assert_eq!(only_feed(&report).lost, [loss], "the next poll will not notice it any more");
}

#[test]
fn an_unusable_entry_is_lost_and_the_rest_is_queued() {
    let fixture = PollFixture::exchange_listed_until("2026-11-22T11:55:00Z");
    fixture.publish(&[("a", "2026-11-22T11:57:00Z")]);
    fixture.api.publish_unusable(feed(), r#"{"contentType":"Audit.Exchange"}"#);
    let report = fixture.poll();
    let loss = malformed(r#"{"contentType":"Audit.Exchange"}"#);
    assert_eq!((fixture.state.losses(), &only_feed(&report).lost[..]), (vec![loss.clone()], &[loss][..]));
    assert_eq!(fixture.queue.content_ids(), ["a"]);
    assert_eq!(fixture.state.cursor(feed()), Some(Cursor::at(at("2026-11-22T12:00:00Z"))));
}

#[test]
fn an_unusable_entry_listed_twice_is_one_loss() {
    let fixture = PollFixture::exchange_listed_until("2026-11-22T11:55:00Z");
    fixture.api.publish_unusable(feed(), "{}");
    fixture.poll_with(|event| match event {
        Event::Commit => Act::Fail(Failure::new(FailureKind::AwsService, "the state is down")),
        _ => Act::Proceed,
    });
    fixture.poll();
    assert_eq!(fixture.state.losses(), [malformed("{}")]);
}

#[test]
fn an_unusable_entry_that_could_not_be_kept_moves_no_cursor() {
    let fixture = PollFixture::exchange_listed_until("2026-11-22T11:55:00Z");
    fixture.api.publish_unusable(feed(), "{}");
    fixture.poll_with(|event| match event {
        Event::RecordLoss => Act::Fail(Failure::new(FailureKind::AwsService, "the state is down")),
        _ => Act::Proceed,
    });
    let recorded = Cursor::recording(window("2026-11-22T11:55:00Z", "2026-11-22T12:00:00Z"));
    assert_eq!(fixture.state.cursor(feed()), Some(recorded));
}
