#[test]
fn nothing_is_lost_that_is_not_told() {
    chaos::run_campaign();
}
