use collector::window::Window;
use testkit::at;

#[test]
fn accepts_a_half_open_window_of_an_hour() {
    let window = Window::new(at("2026-11-22T10:00:00Z"), at("2026-11-22T11:00:00Z")).unwrap();
    assert_eq!(window.to_string(), "[2026-11-22T10:00:00Z, 2026-11-22T11:00:00Z)");
}

#[test]
fn rejects_an_invalid_window() {
    for (title, start, end) in [
        ("empty", "2026-11-22T10:00:00Z", "2026-11-22T10:00:00Z"),
        ("reversed", "2026-11-22T10:05:00Z", "2026-11-22T10:00:00Z"),
        ("an hour and one second", "2026-11-22T10:00:00Z", "2026-11-22T11:00:01Z"),
        ("25 hours", "2026-11-22T10:00:00Z", "2026-11-23T11:00:00Z"),
        ("a start with a fraction", "2026-11-22T10:00:00.1Z", "2026-11-22T10:05:00Z"),
        ("an end with a fraction", "2026-11-22T10:00:00Z", "2026-11-22T10:05:00.1Z"),
    ] {
        let invalid = Window::new(at(start), at(end)).expect_err(title);
        let reason = "is not a valid window: it must be 1 second to 1 hour long, and start and end on whole seconds";
        assert_eq!(invalid.to_string(), format!("{} to {} {reason}", at(start), at(end)), "{title}");
    }
}

/// Whole minutes where possible, and never more than a half.
#[test]
fn first_half_ends_on_a_whole_minute_where_one_is_in_it() {
    for (start, end, half) in [
        ("10:00:00Z", "11:00:00Z", Some("10:30:00Z")),
        ("10:00:00Z", "10:15:00Z", Some("10:07:00Z")),
        ("10:00:00Z", "10:03:00Z", Some("10:01:00Z")),
        ("10:00:05Z", "11:00:00Z", Some("10:30:00Z")),
        ("10:00:05Z", "10:02:00Z", Some("10:01:00Z")),
        ("10:00:00Z", "10:01:59Z", Some("10:00:59Z")),
        ("10:00:00Z", "10:01:01Z", Some("10:00:30Z")),
        ("10:00:00Z", "10:01:00Z", None),
        ("10:00:30Z", "10:01:30Z", None),
        ("10:00:00Z", "10:00:01Z", None),
    ] {
        let at = |time: &str| at(&format!("2026-11-22T{time}"));
        let window = Window::new(at(start), at(end)).unwrap();
        let expected = half.map(|half| Window::new(at(start), at(half)).unwrap());
        assert_eq!(window.first_half(), expected, "{window}");
    }
}
