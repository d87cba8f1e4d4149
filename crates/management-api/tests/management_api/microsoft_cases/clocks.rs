//! Microsoft's clock and ours.

use super::fixture::Case;

#[tokio::test]
async fn feed_at_the_retention_edge_follows_microsofts_clock() {
    let case = Case::subscribed().await;
    case.poll().await;
    // The collector stands still for a week; then its clock is twenty minutes behind.
    case.advance_minutes(7 * 24 * 60);
    case.advance_collector(-20);
    for _ in 0..3 {
        case.poll().await;
        case.advance_minutes(5);
    }
    let report = case.poll_report().await;
    assert_eq!(report.tenants[0].content_types[0].error, None);
    assert_eq!(report.clock_offset_seconds, Some(20 * 60));
    assert_eq!(case.state.cursor(case.feed()).map(|cursor| cursor.planned_until), Some(None));
}
