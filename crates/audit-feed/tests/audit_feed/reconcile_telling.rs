//! A loss that nobody was told of is told by the one who looks back, once.

use audit_feed::loss::{Loss, LossReason};
use audit_feed::ports::State;
use futures::executor::block_on;
use jiff::SignedDuration;
use testkit::{at, feed};

use crate::books::{BOUNDS, Books, only};

fn gone(content: &str) -> Loss {
    let (from, to, reason) = (at(BOUNDS.0), at(BOUNDS.1), LossReason::ContentGone);
    Loss { from, to, reason, content: Some(content.to_owned()) }
}

fn gap(from: &str, to: &str) -> Loss {
    Loss { from: at(from), to: at(to), reason: LossReason::SevenDayEdge, content: None }
}

#[test]
fn an_untold_loss_is_told_after_fifteen_minutes_and_once() {
    let books = Books::exchange();
    books.lose(&gone("b"));
    for (minutes, lost) in [(0, vec![]), (14, vec![]), (1, vec![gone("b")]), (60, vec![gone("b")])] {
        books.later(SignedDuration::from_mins(minutes));
        let report = books.look();
        assert_eq!(only(&report).lost, lost, "{minutes} minutes later");
    }
    books.tell(&books.look());
    books.an_hour_later();
    assert_eq!(only(&books.look()).lost, []);
}

#[test]
fn a_told_loss_is_not_told_again() {
    let books = Books::exchange();
    books.lose(&gone("b"));
    block_on(books.state.mark_told(feed(), &gone("b"))).unwrap();
    books.an_hour_later();
    assert_eq!(only(&books.look()).lost, []);
}

#[test]
fn a_gap_that_has_grown_is_told_again() {
    let books = Books::exchange();
    let (from, first, second) = ("2026-11-22T09:00:00Z", "2026-11-22T10:00:00Z", "2026-11-22T11:00:00Z");
    books.lose(&gap(from, first));
    books.an_hour_later();
    books.tell(&books.look());
    books.lose(&gap(from, second));
    books.an_hour_later();
    assert_eq!(only(&books.look()).lost, [gap(from, second)]);
}

#[test]
fn a_gap_that_grows_while_it_is_told_is_told_again() {
    let books = Books::exchange();
    let (from, first, second) = ("2026-11-22T09:00:00Z", "2026-11-22T10:00:00Z", "2026-11-22T11:00:00Z");
    books.lose(&gap(from, first));
    books.an_hour_later();
    let report = books.look();
    books.lose(&gap(from, second));
    books.tell(&report);
    books.an_hour_later();
    assert_eq!(only(&books.look()).lost, [gap(from, second)]);
}

#[test]
fn a_gap_that_began_weeks_ago_is_told() {
    let books = Books::exchange();
    for from in ["2026-11-13T12:00:00Z", "2026-10-23T12:00:00Z"] {
        books.lose(&gap(from, "2026-11-15T12:05:05Z"));
    }
    books.an_hour_later();
    assert_eq!(only(&books.look()).lost.len(), 2);
}
