//! Passes a scheduled event to the use case, and turns its report into the response, the logs and the metrics.

use std::collections::BTreeSet;

use collector::failure::FailureKind;
use collector::feed::TenantId;
use collector::ports::Ports;
use collector::reconcile::{FeedReconciliation, LOSSES_IN_REPORT, Reconcile, ReconcileReport};
use collector::shard::Shard;
use jiff::Timestamp;
use lambda_runtime::LambdaEvent;
use lambda_support::{InvocationError, Metrics, MetricsLog, deadline, log_loss, log_overdue_shards, shard};
use serde_json::Value;

pub(crate) async fn handle<P: Ports>(
    event: LambdaEvent<Value>,
    reconcile: &Reconcile<P>,
    metrics: &MetricsLog,
) -> Result<ReconcileReport, InvocationError> {
    let shard = shard(&event.payload)?;
    let report = reconcile.run(shard, deadline(&event.context, Timestamp::now())).await;
    let report = report.map_err(|failure| nothing_reconciled(format!("{failure:#}")))?;
    if let Some(until) = report.other_run_until {
        tracing::warn!(%until, "another run of this shard is going on; this one ends without having done anything");
        return Ok(report);
    }
    log(&report);
    metrics.write(&metrics_of(&report, shard));
    reconcile.mark_losses_reported(&report).await;
    if report.is_failure() {
        let errors: Vec<String> = report.errors().map(|error| format!("{error:#}")).collect();
        return Err(nothing_reconciled(errors.join(" | ")));
    }
    Ok(report)
}

fn nothing_reconciled(why: String) -> InvocationError {
    InvocationError::new("NothingReconciled", format!("no window could be rechecked: {why}"))
}

fn metrics_of(report: &ReconcileReport, shard: Shard) -> Metrics {
    let lost_of = |feed: &FeedReconciliation| feed.lost.len().min(LOSSES_IN_REPORT) as u64 + feed.lost_omitted;
    let lost: u64 = report.feeds.iter().map(lost_of).sum();
    let failing: BTreeSet<TenantId> =
        report.feeds.iter().filter(|feed| feed.error.is_some()).map(|feed| feed.tenant_id).collect();
    let throttled = report.errors().filter(|error| error.kind == FailureKind::Throttled).count() as u64;
    let metrics = Metrics {
        content_lost: Some(lost.into()),
        tenant_errors: Some((failing.len() as u64).into()),
        throttled: Some(throttled.into()),
        shards_overdue: (shard != Shard::WHOLE).then(|| (report.overdue_shards.len() as u64).into()),
        ..Metrics::default()
    };
    if report.is_failure() {
        // A run that rechecked nothing does not know what is missing. Without these two metrics the alarm on missing
        // runs counts it as one.
        return metrics;
    }
    let late: u64 = report.feeds.iter().map(|feed| feed.late.len() as u64 + feed.late_omitted).sum();
    let missing: u64 = report.feeds.iter().map(|feed| feed.missing).sum();
    Metrics { late_content: Some(late.into()), missing_content: Some(missing.into()), ..metrics }
}

fn log(report: &ReconcileReport) {
    for feed in &report.feeds {
        let (tenant_id, content_type) = (feed.tenant_id.to_string(), feed.content_type.as_str());
        if let Some(error) = &feed.error {
            tracing::error!(tenant_id, content_type, kind = ?error.kind, "not all windows were rechecked: {error:#}");
        }
        feed.lost.iter().take(LOSSES_IN_REPORT).for_each(|loss| log_loss(feed.id(), loss));
        if feed.lost_omitted > 0 {
            let lost_omitted = feed.lost_omitted;
            tracing::error!(tenant_id, content_type, lost_omitted, "more is lost; the state table has all losses");
        }
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
            tracing::warn!(
                tenant_id,
                content_type,
                missing,
                "listed content has no object yet; it is queued until it has"
            );
        }
    }
    log_overdue_shards(&report.overdue_shards);
    if let Some(error) = &report.lease_error {
        tracing::warn!(kind = ?error.kind, "the lease of the shard was not released, and ends at its deadline: {error:#}");
    }
    if let Some(error) = &report.dead_letters.error {
        tracing::error!(kind = ?error.kind, "not all dead letters were examined: {error:#}");
    }
    let windows_checked: u64 = report.feeds.iter().map(|feed| feed.windows_checked).sum();
    let (reopened, left, more_to_do) = (report.dead_letters.reopened, report.dead_letters.left, report.more_to_do);
    tracing::info!(
        windows_checked,
        dead_letters_reopened = reopened,
        dead_letters_left = left,
        more_to_do,
        "reconciled"
    );
}

#[cfg(test)]
mod tests {
    use collector::cursor::Cursor;
    use collector::failure::Failure;
    use collector::feed::ContentType;
    use collector::feed_state::FeedState;
    use collector::loss::{Loss, LossReason, LossRecord};
    use collector::ports::{ConditionalWrite, Cursors, Losses};
    use collector::rate_limit::RateLimitPolicy;
    use collector::reconcile::ReconcilePolicy;
    use collector::scheduler::RunLimits;
    use jiff::SignedDuration;
    use lambda_runtime::Context;
    use testkit::contracts::state::listing;
    use testkit::{
        Action, FakeManagementApi, InMemory, Interceptor, ManualClock, MemoryArchive, MemoryLeases, MemoryQueue,
        MemoryRateLimiter, MemoryState, MemoryTenants, PortCall, TENANT, WithInterceptor, feed, tenant,
    };

    use super::*;

    /// A report of one feed with one loss, and with this many rechecked windows.
    fn report(windows_checked: u64, error: Option<Failure>) -> ReconcileReport {
        let (from, to) = (Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_hours(1));
        let loss = Loss { from, to, reason: LossReason::Unchecked, content: None, objects: Vec::new() };
        let feed = FeedReconciliation {
            tenant_id: serde_json::from_value(serde_json::json!("11111111-2222-3333-4444-555555555555"))
                .expect("an id"),
            content_type: ContentType::Exchange,
            windows_checked,
            late: Vec::new(),
            late_omitted: 0,
            missing: 0,
            lost: vec![loss],
            lost_omitted: 0,
            more_to_do: false,
            error,
        };
        ReconcileReport { feeds: vec![feed], ..ReconcileReport::default() }
    }

    fn unavailable() -> Failure {
        Failure::new(FailureKind::Transient, "HTTP 503")
    }

    #[test]
    fn omits_completeness_metrics_if_nothing_was_rechecked() {
        let metrics = metrics_of(&report(0, Some(unavailable())), Shard::WHOLE);
        assert_eq!(metrics.content_lost.map(|count| count.into_inner()), Some(1));
        assert!(metrics.missing_content.is_none() && metrics.late_content.is_none());
    }

    #[test]
    fn writes_all_metrics_if_something_was_rechecked() {
        let metrics = metrics_of(&report(1, Some(unavailable())), Shard::WHOLE);
        assert_eq!(metrics.tenant_errors.map(|count| count.into_inner()), Some(1));
        assert_eq!(metrics.missing_content.map(|count| count.into_inner()), Some(0));
    }

    /// Reconciles while every listing fails.
    async fn reconcile_while_down(
        state: &MemoryState,
        clock: &ManualClock,
    ) -> Result<ReconcileReport, InvocationError> {
        let script = |call: PortCall<'_>| {
            if let PortCall::List(..) = call { Action::Fail(unavailable()) } else { Action::Proceed }
        };
        let interceptor = Interceptor::script(&script);
        let reconcile = Reconcile::<WithInterceptor<'_, InMemory>> {
            leases: interceptor.wrap(MemoryLeases::new(clock)),
            tenants: interceptor.wrap(MemoryTenants::of([tenant(TENANT, &[ContentType::Exchange])])),
            management_api: interceptor.wrap(FakeManagementApi::default()),
            windows: interceptor.wrap(state.clone()),
            open_contents: interceptor.wrap(state.clone()),
            losses: interceptor.wrap(state.clone()),
            queue: interceptor.wrap(MemoryQueue::new(clock)),
            archive: interceptor.wrap(MemoryArchive::default()),
            dead_letters: interceptor.wrap(None),
            rate_limiter: interceptor.wrap(MemoryRateLimiter::new(RateLimitPolicy::under(2_000), clock)),
            clock: clock.clone(),
            policy: ReconcilePolicy {
                ages: vec![SignedDuration::ZERO],
                limits: RunLimits { concurrency: 1, stop_before: SignedDuration::ZERO },
            },
        };
        handle(LambdaEvent::new(Value::Null, Context::default()), &reconcile, &MetricsLog::new(None)).await
    }

    #[tokio::test]
    async fn marks_a_loss_as_reported_even_if_every_recheck_fails() {
        let listing = listing("2026-11-22T10:00:00Z", "2026-11-22T11:00:00Z", 1);
        let clock = ManualClock::at(listing.listed_at + SignedDuration::from_mins(30));
        let state = MemoryState::default();
        state.set_cursor(feed(), Cursor::recording(listing.window));
        let to = FeedState::default().move_past_window(listing.clone());
        let expected = Cursor::recording(listing.window);
        assert_eq!(state.move_cursor(feed(), expected, &to).await.expect("memory"), ConditionalWrite::Applied);
        let (from, to) = (listing.window.start(), listing.window.end());
        let loss = Loss { from, to, reason: LossReason::Unchecked, content: None, objects: Vec::new() };
        state.record_loss(feed(), &loss).await.expect("memory");

        let error = reconcile_while_down(&state, &clock).await.expect_err("nothing could be rechecked");

        assert_eq!(error.error_type, "NothingReconciled");
        assert!(error.message.starts_with("no window could be rechecked: window [2026-11-22T10:00:00Z"), "{error:?}");
        assert!(error.message.ends_with(": HTTP 503"), "{error:?}");
        let losses = state.loss_records(feed());
        assert_eq!(losses.iter().map(LossRecord::is_reported).collect::<Vec<_>>(), [true]);
    }
}
