use collector::window::Window;
use testkit::at;

#[test]
fn a_window_is_half_open_and_up_to_an_hour_long() {
    let window = Window::new(at("2026-11-22T10:00:00Z"), at("2026-11-22T11:00:00Z")).unwrap();
    assert_eq!(window.to_string(), "[2026-11-22T10:00:00Z, 2026-11-22T11:00:00Z)");
}

#[test]
fn what_is_always_illegal_cannot_be_built() {
    for (title, start, end) in [
        ("empty", "2026-11-22T10:00:00Z", "2026-11-22T10:00:00Z"),
        ("reversed", "2026-11-22T10:05:00Z", "2026-11-22T10:00:00Z"),
        ("an hour and a second", "2026-11-22T10:00:00Z", "2026-11-22T11:00:01Z"),
        ("25 hours", "2026-11-22T10:00:00Z", "2026-11-23T11:00:00Z"),
        ("a start with a fraction", "2026-11-22T10:00:00.1Z", "2026-11-22T10:05:00Z"),
        ("an end with a fraction", "2026-11-22T10:00:00Z", "2026-11-22T10:05:00.1Z"),
    ] {
        let refused = Window::new(at(start), at(end)).expect_err(title);
        let reason = "is no window: it must be whole seconds, not empty, not reversed and at most an hour long";
        assert_eq!(refused.to_string(), format!("{} to {} {reason}", at(start), at(end)), "{title}");
    }
}
