#[test]
fn reports_every_record_that_is_lost() {
    chaos::run_campaign();
}
