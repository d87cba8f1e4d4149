//! Entries at the bounds of their window, and outside of it.

use management_api_simulator::{Config, Fault, FaultKind, Match, Operation, Tenant};

use super::fixture::Case;
use crate::today;

#[tokio::test]
async fn content_created_outside_its_window_settles() {
    for created in ["11:59:55", "12:00:00", "09:00:00"] {
        let case = Case::of(Tenant::example(1).subscribed(), Config { inclusive_end: true, ..Config::default() }).await;
        let odd = FaultKind::EntryCreated { at: today(created) };
        case.microsoft.inject(Fault::new(Match::operation(Operation::ListContent), odd).always());
        case.publish("11:30:00");
        case.poll().await;
        case.fetch().await;
        let report = case.reconcile().await;
        assert_eq!(report.missing, 0, "created at {created}");
        assert_eq!(case.open_contents(), [], "created at {created}");
        assert!(case.queue.is_empty(), "created at {created}: queued again");
        case.advance_minutes(8 * 24 * 60);
        case.reconcile().await;
        let lost: Vec<_> = case.losses().into_iter().filter(|loss| loss.content.is_some()).collect();
        assert_eq!(lost, [], "created at {created}");
    }
}
