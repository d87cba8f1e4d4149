//! What is lost is kept, reported, and stops nothing.

use audit_feed::cursor::Cursor;
use audit_feed::failure::{Failure, FailureKind};
use audit_feed::loss::{Loss, LossReason};
use testkit::{at, feed, window};

use crate::script::{Act, Event};
use crate::story::{Story, only_feed};

/// Seven days before the stories' now, and the margin.
const EDGE: &str = "2026-11-15T12:15:05Z";

/// What an outage of eight days costs.
fn eight_days() -> (Story, Loss) {
    let from = "2026-11-14T12:00:00Z";
    let loss = Loss { from: at(from), to: at(EDGE), reason: LossReason::SevenDayEdge, content: None };
    (Story::exchange_listed_until(from), loss)
}

fn unusable(entry: &str) -> Loss {
    let (from, to) = (at("2026-11-22T11:55:00Z"), at("2026-11-22T12:00:00Z"));
    Loss { from, to, reason: LossReason::UnusableEntry, content: Some(entry.to_owned()) }
}

#[test]
fn what_slid_over_the_edge_is_kept_and_reported() {
    let (story, loss) = eight_days();
    let report = story.poll();
    assert_eq!((&only_feed(&report).lost, story.state.losses()), (&vec![loss.clone()], vec![loss]));
}

#[test]
fn what_is_left_is_listed_from_the_edge_on() {
    let (story, _) = eight_days();
    story.publish(&[("over the edge", "2026-11-15T12:15:04Z"), ("just inside", EDGE)]);
    story.poll();
    assert_eq!(story.asked(feed())[0], window(EDGE, "2026-11-15T13:00:00Z"));
    assert_eq!(story.queue.content_ids(), ["just inside"]);
    assert_eq!(story.state.cursor(feed()), Some(Cursor::at(at("2026-11-22T12:00:00Z"))));
}

#[test]
fn a_recorded_window_that_slid_over_the_edge_does_not_hold_up_the_feed() {
    let story = Story::exchange_listed_until("2026-11-14T12:00:00Z");
    story.state.set_cursor(feed(), Cursor::recording(window("2026-11-14T12:00:00Z", "2026-11-14T13:00:00Z")));
    let report = story.poll();
    assert_eq!(only_feed(&report).error, None);
    assert_eq!(story.state.cursor(feed()), Some(Cursor::at(at("2026-11-22T12:00:00Z"))));
}

#[test]
fn a_loss_is_told_once() {
    let (story, loss) = eight_days();
    story.poll();
    story.five_minutes_later();
    assert_eq!(only_feed(&story.poll()).lost, []);
    assert_eq!(story.state.losses(), [loss]);
}

#[test]
fn a_loss_that_could_not_be_kept_moves_no_cursor() {
    let (story, loss) = eight_days();
    let report = story.poll_with(|event| match event {
        Event::Skip => Act::Fail(Failure::new(FailureKind::Aws, "the state is down")),
        _ => Act::Proceed,
    });
    assert_eq!((&only_feed(&report).lost[..], story.listings().len()), (&[][..], 0));
    assert_eq!(only_feed(&story.poll()).lost, [loss], "it is told when it is kept");
}

#[test]
fn a_loss_is_reported_with_the_cursor_behind_it_if_the_first_listing_fails() {
    let (story, loss) = eight_days();
    let report = story.poll_with(|event| match event {
        Event::List(..) => Act::Fail(Failure::new(FailureKind::Passing, "HTTP 503")),
        _ => Act::Proceed,
    });
    assert_eq!((&only_feed(&report).lost[..], only_feed(&report).cursor), (&[loss][..], Some(at(EDGE))));
}

#[test]
fn a_loss_is_reported_even_if_the_deadline_comes_right_after_it() {
    let (story, loss) = eight_days();
    let deadline = story.deadline();
    let report = story.poll_with(|event| match event {
        Event::List(..) => {
            story.clock.set(deadline);
            Act::Hang
        }
        _ => Act::Proceed,
    });
    assert_eq!(only_feed(&report).lost, [loss], "the next poll will not notice it any more");
}

#[test]
fn an_unusable_entry_is_lost_and_the_rest_is_queued() {
    let story = Story::exchange_listed_until("2026-11-22T11:55:00Z");
    story.publish(&[("a", "2026-11-22T11:57:00Z")]);
    story.api.publish_unusable(feed(), r#"{"contentType":"Audit.Exchange"}"#);
    let report = story.poll();
    let loss = unusable(r#"{"contentType":"Audit.Exchange"}"#);
    assert_eq!((story.state.losses(), &only_feed(&report).lost[..]), (vec![loss.clone()], &[loss][..]));
    assert_eq!(story.queue.content_ids(), ["a"]);
    assert_eq!(story.state.cursor(feed()), Some(Cursor::at(at("2026-11-22T12:00:00Z"))));
}

#[test]
fn an_unusable_entry_listed_twice_is_one_loss() {
    let story = Story::exchange_listed_until("2026-11-22T11:55:00Z");
    story.api.publish_unusable(feed(), "{}");
    story.poll_with(|event| match event {
        Event::Commit => Act::Fail(Failure::new(FailureKind::Aws, "the state is down")),
        _ => Act::Proceed,
    });
    story.poll();
    assert_eq!(story.state.losses(), [unusable("{}")]);
}

#[test]
fn an_unusable_entry_that_could_not_be_kept_moves_no_cursor() {
    let story = Story::exchange_listed_until("2026-11-22T11:55:00Z");
    story.api.publish_unusable(feed(), "{}");
    story.poll_with(|event| match event {
        Event::KeepLoss => Act::Fail(Failure::new(FailureKind::Aws, "the state is down")),
        _ => Act::Proceed,
    });
    let recorded = Cursor::recording(window("2026-11-22T11:55:00Z", "2026-11-22T12:00:00Z"));
    assert_eq!(story.state.cursor(feed()), Some(recorded));
}
