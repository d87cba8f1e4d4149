//! A loss is recorded and reported, and does not stop the feed.

use collector::cursor::Cursor;
use collector::failure::{Failure, FailureKind};
use collector::loss::{Loss, LossReason};
use jiff::SignedDuration;
use testkit::{Action, PortCall, at, feed, window};

use crate::poll_fixture::{PollFixture, only_feed};
use crate::reconcile_samples::http_503;

/// Seven days before [`crate::poll_fixture::NOW`], plus the safety margin.
const RETENTION_EDGE: &str = "2026-11-15T12:15:05Z";

/// A feed after an outage of eight days, and the loss that the outage causes.
fn after_eight_days() -> (PollFixture, Loss) {
    let from = "2026-11-14T12:00:00Z";
    let loss = Loss {
        from: at(from),
        to: at(RETENTION_EDGE),
        reason: LossReason::RetentionExpired,
        content: None,
        objects: Vec::new(),
    };
    (PollFixture::exchange_listed_until(from), loss)
}

fn malformed(entry: &str) -> Loss {
    let (from, to) = (at("2026-11-22T11:55:00Z"), at("2026-11-22T12:00:00Z"));
    Loss { from, to, reason: LossReason::MalformedEntry, content: Some(entry.to_owned()), objects: Vec::new() }
}

#[test]
fn records_and_reports_content_past_retention() {
    let (fixture, loss) = after_eight_days();
    let report = fixture.poll();
    let losses = [loss];
    assert_eq!(only_feed(&report).lost, losses);
    assert_eq!(fixture.state.losses(), losses);
}

#[test]
fn resumes_listing_at_the_retention_edge() {
    let (fixture, _) = after_eight_days();
    fixture.publish(&[("past retention", "2026-11-15T12:15:04Z"), ("just inside", RETENTION_EDGE)]);
    fixture.poll();
    assert_eq!(fixture.asked(feed())[0], window(RETENTION_EDGE, "2026-11-15T13:00:00Z"));
    assert_eq!(fixture.queue.content_ids(), ["just inside"]);
    assert_eq!(fixture.state.cursor(feed()), Some(Cursor::at(at("2026-11-22T12:00:00Z"))));
}

#[test]
fn skips_a_recorded_window_past_retention() {
    let fixture = PollFixture::exchange_listed_until("2026-11-14T12:00:00Z");
    fixture.state.set_cursor(feed(), Cursor::recording(window("2026-11-14T12:00:00Z", "2026-11-14T13:00:00Z")));
    let report = fixture.poll();
    assert_eq!(only_feed(&report).error, None);
    assert_eq!(fixture.state.cursor(feed()), Some(Cursor::at(at("2026-11-22T12:00:00Z"))));
}

#[test]
fn reports_a_loss_once() {
    let (fixture, loss) = after_eight_days();
    fixture.poll();
    fixture.five_minutes_later();
    assert_eq!(only_feed(&fixture.poll()).lost, []);
    assert_eq!(fixture.state.losses(), [loss]);
}

/// Polls every six hours for two days while Microsoft lists nothing.
fn poll_two_days_in_vain(fixture: &PollFixture) -> Vec<Loss> {
    let mut reported = Vec::new();
    for _ in 0..8 {
        let report = fixture.poll_with(|call| match call {
            PortCall::List(..) => Action::Fail(http_503()),
            _ => Action::Proceed,
        });
        reported.extend(only_feed(&report).lost.clone());
        fixture.clock.advance(SignedDuration::from_hours(6));
    }
    reported
}

#[test]
fn loss_that_grows_from_poll_to_poll_is_one_loss() {
    let (fixture, loss) = after_eight_days();
    poll_two_days_in_vain(&fixture);
    let to = at(RETENTION_EDGE) + SignedDuration::from_hours(42);
    assert_eq!(fixture.state.losses(), [Loss { to, ..loss }]);
}

#[test]
fn loss_that_grows_is_reported_when_it_begins() {
    let (fixture, loss) = after_eight_days();
    assert_eq!(poll_two_days_in_vain(&fixture), [loss]);
}

#[test]
fn loss_after_a_listing_is_another_loss() {
    let (fixture, loss) = after_eight_days();
    fixture.poll();
    fixture.clock.advance(SignedDuration::from_hours(8 * 24));
    let reported = poll_two_days_in_vain(&fixture);
    assert_eq!(reported.len(), 1);
    assert_eq!(fixture.state.losses().len(), 2);
    assert_eq!(fixture.state.losses()[0], loss);
}

#[test]
fn unrecorded_loss_does_not_move_the_cursor() {
    let (fixture, loss) = after_eight_days();
    let report = fixture.poll_with(|call| match call {
        PortCall::Skip(_) => Action::Fail(Failure::new(FailureKind::AwsService, "the state is down")),
        _ => Action::Proceed,
    });
    assert_eq!(only_feed(&report).lost, []);
    assert_eq!(fixture.listings(), []);
    assert_eq!(only_feed(&fixture.poll()).lost, [loss], "it is reported once it is recorded");
}

#[test]
fn reports_a_loss_even_if_listing_fails() {
    let (fixture, loss) = after_eight_days();
    let report = fixture.poll_with(|call| match call {
        PortCall::List(..) => Action::Fail(Failure::new(FailureKind::Transient, "HTTP 503")),
        _ => Action::Proceed,
    });
    assert_eq!(only_feed(&report).lost, [loss]);
    assert_eq!(only_feed(&report).cursor, Some(at(RETENTION_EDGE)));
}

#[test]
fn reports_a_loss_recorded_just_before_the_deadline() {
    let (fixture, loss) = after_eight_days();
    let deadline = fixture.deadline();
    let report = fixture.poll_with(|call| match call {
        PortCall::List(..) => {
            fixture.clock.set(deadline);
            Action::Hang
        }
        _ => Action::Proceed,
    });
    assert_eq!(only_feed(&report).lost, [loss], "the next poll no longer finds it");
}

#[test]
fn records_a_malformed_entry_and_queues_the_rest() {
    let fixture = PollFixture::exchange_listed_until("2026-11-22T11:55:00Z");
    fixture.publish(&[("a", "2026-11-22T11:57:00Z")]);
    fixture.api.publish_malformed(feed(), r#"{"contentType":"Audit.Exchange"}"#);
    let report = fixture.poll();
    let losses = [malformed(r#"{"contentType":"Audit.Exchange"}"#)];
    assert_eq!(only_feed(&report).lost, losses);
    assert_eq!(fixture.state.losses(), losses);
    assert_eq!(fixture.queue.content_ids(), ["a"]);
    assert_eq!(fixture.state.cursor(feed()), Some(Cursor::at(at("2026-11-22T12:00:00Z"))));
}

#[test]
fn malformed_entry_listed_twice_is_one_loss() {
    let fixture = PollFixture::exchange_listed_until("2026-11-22T11:55:00Z");
    fixture.api.publish_malformed(feed(), "{}");
    fixture.poll_with(|call| match call {
        PortCall::CommitWindow(_) => Action::Fail(Failure::new(FailureKind::AwsService, "the state is down")),
        _ => Action::Proceed,
    });
    fixture.poll();
    assert_eq!(fixture.state.losses(), [malformed("{}")]);
}

#[test]
fn unrecorded_malformed_entry_does_not_move_the_cursor() {
    let fixture = PollFixture::exchange_listed_until("2026-11-22T11:55:00Z");
    fixture.api.publish_malformed(feed(), "{}");
    fixture.poll_with(|call| match call {
        PortCall::RecordLoss(_) => Action::Fail(Failure::new(FailureKind::AwsService, "the state is down")),
        _ => Action::Proceed,
    });
    let recorded = Cursor::recording(window("2026-11-22T11:55:00Z", "2026-11-22T12:00:00Z"));
    assert_eq!(fixture.state.cursor(feed()), Some(recorded));
}
