//! From a scheduled event to a look back, and from its report to the answer, the logs and the metrics.

use std::collections::BTreeSet;

use collector::failure::{Failure, FailureKind};
use collector::feed::{FeedId, TenantId};
use collector::reconcile::ReconcileReport;
use jiff::Timestamp;
use lambda_runtime::{Error, LambdaEvent};
use lambda_support::{Metrics, MetricsLog, deadline, log_loss};
use serde_json::Value;

/// Looks back, and tells of it. The event's content does not matter.
pub(crate) async fn handle(
    event: LambdaEvent<Value>,
    reconcile: &impl AsyncFn(Timestamp) -> Result<ReconcileReport, Failure>,
    mark_losses_reported: &impl AsyncFn(&ReconcileReport),
    metrics: &MetricsLog,
) -> Result<ReconcileReport, Error> {
    let report = reconcile(deadline(&event.context, Timestamp::now())).await;
    let report = report.inspect_err(|failure| {
        tracing::error!(kind = ?failure.kind, "nothing could be looked at again: {failure}");
    })?;
    log(&report);
    metrics.write(&metrics_of(&report));
    mark_losses_reported(&report).await;
    if report.is_failure() {
        let errors: Vec<String> = report.errors().map(Failure::to_string).collect();
        return Err(format!("nothing could be looked at again: {}", errors.join(" | ")).into());
    }
    Ok(report)
}

fn metrics_of(report: &ReconcileReport) -> Metrics {
    let lost: u64 = report.feeds.iter().map(|feed| feed.lost.len() as u64).sum();
    let failing: BTreeSet<TenantId> =
        report.feeds.iter().filter(|feed| feed.error.is_some()).map(|feed| feed.tenant_id).collect();
    let throttled = report.errors().filter(|error| error.kind == FailureKind::Throttled).count() as u64;
    let metrics_of = Metrics {
        content_lost: Some(lost.into()),
        tenant_errors: Some((failing.len() as u64).into()),
        throttled: Some(throttled.into()),
        ..Metrics::default()
    };
    if report.is_failure() {
        // Whoever saw nothing does not know what is missing, and is missed: the alarm on missing runs goes by that.
        return metrics_of;
    }
    let late: u64 = report.feeds.iter().map(|feed| feed.late.len() as u64).sum();
    let missing: u64 = report.feeds.iter().map(|feed| feed.missing).sum();
    Metrics { late_content: Some(late.into()), missing_content: Some(missing.into()), ..metrics_of }
}

fn log(report: &ReconcileReport) {
    for feed in &report.feeds {
        let (tenant_id, content_type) = (feed.tenant_id.to_string(), feed.content_type.as_str());
        if let Some(error) = &feed.error {
            tracing::error!(tenant_id, content_type, kind = ?error.kind, "not all windows were looked at again: {error}");
        }
        let id = FeedId { tenant_id: feed.tenant_id, content_type: feed.content_type };
        feed.lost.iter().for_each(|loss| log_loss(id, loss));
        for late in &feed.late {
            let (content_id, content_created) = (&late.content_id, &late.content_created);
            let (not_listed_after_seconds, listed_after_seconds) =
                (late.not_listed_after_seconds, late.listed_after_seconds);
            tracing::warn!(
                tenant_id,
                content_type,
                content_id,
                %content_created,
                not_listed_after_seconds,
                listed_after_seconds,
                "content appeared after its window had been listed; it is queued"
            );
        }
        if feed.missing > 0 {
            let missing = feed.missing;
            tracing::warn!(tenant_id, content_type, missing, "listed content has no object yet; it is queued again");
        }
    }
    if let Some(error) = &report.dead_letters.error {
        tracing::error!(kind = ?error.kind, "not all dead letters were looked at: {error}");
    }
    let windows_checked: u64 = report.feeds.iter().map(|feed| feed.windows_checked).sum();
    let windows_open: u64 = report.feeds.iter().map(|feed| feed.windows_open).sum();
    let (redriven, kept, more_to_do) = (report.dead_letters.redriven, report.dead_letters.kept, report.more_to_do);
    tracing::info!(
        windows_checked,
        windows_open,
        dead_letters_redriven = redriven,
        dead_letters_kept = kept,
        more_to_do,
        "looked back"
    );
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use collector::feed::ContentType;
    use collector::loss::{Loss, LossReason};
    use collector::reconcile::FeedReconciliation;
    use lambda_runtime::Context;

    use super::*;

    /// One feed of which a loss is told, and in which so many windows could be looked at.
    fn report(windows_checked: u64, error: Option<Failure>) -> ReconcileReport {
        let (from, to) = (Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_hours(1));
        let loss = Loss { from, to, reason: LossReason::NotRechecked, content: None };
        let feed = FeedReconciliation {
            tenant_id: serde_json::from_value(serde_json::json!("11111111-2222-3333-4444-555555555555"))
                .expect("an id"),
            content_type: ContentType::Exchange,
            windows_checked,
            late: Vec::new(),
            missing: 0,
            lost: vec![loss],
            windows_open: 0,
            more_to_do: false,
            error,
        };
        ReconcileReport { feeds: vec![feed], ..ReconcileReport::default() }
    }

    fn down() -> Failure {
        Failure::new(FailureKind::Transient, "HTTP 503")
    }

    #[test]
    fn a_run_that_saw_nothing_counts_what_is_lost_and_is_missed_by_the_alarm_on_missing_runs() {
        let metrics_of = metrics_of(&report(0, Some(down())));
        assert_eq!(metrics_of.content_lost.map(|count| count.into_inner()), Some(1));
        assert!(metrics_of.missing_content.is_none() && metrics_of.late_content.is_none());
    }

    #[test]
    fn a_run_that_saw_something_measures_all() {
        let metrics_of = metrics_of(&report(1, Some(down())));
        assert_eq!(metrics_of.tenant_errors.map(|count| count.into_inner()), Some(1));
        assert_eq!(metrics_of.missing_content.map(|count| count.into_inner()), Some(0));
    }

    #[test]
    fn a_loss_is_told_once_even_if_nothing_could_be_looked_at() {
        let marked = RefCell::new(Vec::new());
        let answer = tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(handle(
            LambdaEvent::new(Value::Null, Context::default()),
            &async |_| Ok(report(0, Some(down()))),
            &async |report: &ReconcileReport| marked.borrow_mut().extend(report.feeds[0].lost.clone()),
            &MetricsLog::new(None),
        ));
        let error = answer.expect_err("nothing could be looked at").to_string();
        assert_eq!(error, "nothing could be looked at again: HTTP 503");
        assert_eq!(marked.borrow().len(), 1, "what was logged and counted is marked as told");
    }
}
