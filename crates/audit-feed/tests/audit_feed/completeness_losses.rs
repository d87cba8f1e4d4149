//! Every loss stands in the reports of the days that it touches.

use audit_feed::loss::{Loss, LossReason};
use audit_feed::ports::{LookBackProgress, State, WindowLog};
use futures::executor::block_on;
use jiff::SignedDuration;
use serde_json::json;
use testkit::{at, feed};

use crate::books::Books;

fn keep(books: &Books, from: &str, to: &str) -> Loss {
    let loss = Loss { from: at(from), to: at(to), reason: LossReason::SevenDayEdge, content: None };
    books.lose(&loss);
    loss
}

#[test]
fn a_loss_stands_in_the_report_of_every_day_that_it_touches() {
    let books = Books::with(&[]);
    let loss = keep(&books, "2026-11-19T18:00:00Z", "2026-11-22T00:00:00.5Z");
    books.an_hour_later();
    books.look();
    assert_eq!(books.days(), ["2026-11-19", "2026-11-20", "2026-11-21", "2026-11-22"]);
    for day in books.days() {
        assert_eq!(books.day(&day).unwrap()["lost"], json!([loss]), "{day}");
    }
    assert_eq!(books.day("2026-11-20").unwrap()["windows"], 0, "a day without windows has a report");
}

#[test]
fn a_loss_that_ends_at_midnight_does_not_touch_the_next_day() {
    let books = Books::exchange();
    keep(&books, "2026-11-20T23:59:59Z", "2026-11-21T00:00:00Z");
    books.an_hour_later();
    books.look();
    assert_eq!(books.days(), ["2026-11-20"]);
}

#[test]
fn a_loss_that_the_poller_told_is_in_the_reports_too() {
    let books = Books::exchange();
    let loss = keep(&books, "2026-11-13T18:00:00Z", "2026-11-15T12:05:05Z");
    block_on(books.state.mark_told(feed(), &loss)).unwrap();
    books.look();
    assert_eq!(books.days(), ["2026-11-13", "2026-11-14", "2026-11-15"]);
    books.an_hour_later();
    books.look();
    books.later(SignedDuration::from_hours(48));
    let before = books.archive.reports();
    books.look();
    assert_eq!(books.archive.reports(), before, "an old loss is no news");
}

#[test]
fn a_report_of_long_ago_that_is_written_anew_has_its_windows() {
    let books = Books::exchange();
    let long_ago = ("2026-11-12T02:00:00Z", "2026-11-12T02:30:00Z");
    books.list(feed(), long_ago, &[]);
    let progress = LookBackProgress { done_until: Some(at("2026-11-14T06:00:00Z")), reported_at: None };
    block_on(books.state.keep_progress(feed(), progress)).unwrap();
    keep(&books, long_ago.1, "2026-11-15T12:05:05Z");
    books.look();
    assert_eq!(books.days(), ["2026-11-12", "2026-11-13", "2026-11-14", "2026-11-15"]);
    assert_eq!(books.day("2026-11-12").unwrap()["windows"], 1);
}
