//! Passes a scheduled event to the use case, and turns its report into the response, the logs and the metrics.

use collector::failure::FailureKind;
use collector::feed::FeedId;
use collector::poll::{Poll, PollReport, UnlistedWindow};
use collector::ports::Ports;
use collector::shard::Shard;
use jiff::Timestamp;
use lambda_runtime::LambdaEvent;
use lambda_support::{InvocationError, Metrics, MetricsLog, deadline, log_loss, log_overdue_shards, shard};
use serde_json::Value;

pub(crate) async fn handle<P: Ports>(
    event: LambdaEvent<Value>,
    poll: &Poll<P>,
    metrics: &MetricsLog,
) -> Result<PollReport, InvocationError> {
    let shard = shard(&event.payload)?;
    let report = poll.run(shard, deadline(&event.context, Timestamp::now())).await.map_err(|failure| {
        metrics.write(&Metrics { tenant_errors: Some(1.into()), ..Metrics::default() });
        nothing_polled(format!("{failure:#}"))
    })?;
    if let Some(until) = report.other_run_until {
        tracing::warn!(%until, "another poll of this shard is running; this one ends without having done anything");
        return Ok(report);
    }
    log(&report);
    metrics.write(&metrics_of(&report, shard));
    poll.mark_losses_reported(&report).await;
    if report.is_failure() {
        let errors = report.tenants.iter().flat_map(|tenant| tenant.errors().map(|error| format!("{error:#}")));
        return Err(nothing_polled(errors.collect::<Vec<_>>().join(" | ")));
    }
    Ok(report)
}

fn nothing_polled(why: String) -> InvocationError {
    InvocationError::new("NothingPolled", format!("no tenant could be polled: {why}"))
}

fn metrics_of(report: &PollReport, shard: Shard) -> Metrics {
    let errors = || report.tenants.iter().flat_map(|tenant| tenant.errors());
    let throttled = errors().filter(|error| error.kind == FailureKind::Throttled).count() as u64;
    let lost: u64 = report.feeds().map(|(_, feed)| feed.lost.len() as u64).sum();
    let listed: u64 = report.feeds().map(|(_, feed)| feed.contents_queued).sum();
    let failing = report.tenants.iter().filter(|tenant| tenant.errors().next().is_some()).count() as u64;
    let lag = report.feeds().filter_map(|(_, feed)| u64::try_from(feed.cursor_lag_seconds?).ok()).max();
    Metrics {
        content_listed: Some(listed.into()),
        content_lost: Some(lost.into()),
        throttled: Some(throttled.into()),
        tenant_errors: Some(failing.into()),
        cursor_lag_seconds: lag.map(Into::into),
        shards_overdue: (shard != Shard::WHOLE).then(|| (report.overdue_shards.len() as u64).into()),
        ..Metrics::default()
    }
}

fn log(report: &PollReport) {
    for tenant in &report.tenants {
        let secret_id = &tenant.secret_id;
        let tenant_id = tenant.tenant_id.map(|id| id.to_string());
        if let Some(error) = &tenant.error {
            tracing::error!(secret_id, tenant_id, kind = ?error.kind, "the tenant was not polled: {error:#}");
        }
        if let Some(error) = &tenant.subscriptions_error {
            tracing::warn!(secret_id, tenant_id, kind = ?error.kind, "its subscriptions could not be listed; the list is requested again within an hour: {error:#}");
        }
    }
    for (tenant, feed) in report.feeds() {
        let secret_id = &tenant.secret_id;
        let tenant_id = tenant.tenant_id.map(|id| id.to_string());
        let content_type = feed.content_type.as_str();
        if let Some(error) = &feed.error {
            tracing::error!(secret_id, tenant_id, content_type, kind = ?error.kind, "the content type was not polled to the end: {error:#}");
        }
        for UnlistedWindow { window, error } in &feed.windows_unlisted {
            tracing::error!(secret_id, tenant_id, content_type, kind = ?error.kind, %window, "the window was passed over: others of this content type can be listed, and this one is too short to be halved; the reconciler lists it from its first recheck on, and reports it as lost when Microsoft no longer does, 7 days after it began: {error:#}");
        }
        if feed.windows_halved > 0 {
            let windows_halved = feed.windows_halved;
            tracing::warn!(
                secret_id,
                tenant_id,
                content_type,
                windows_halved,
                "windows were halved because they could not be listed or took too long; records of them may be archived twice, under different content ids"
            );
        }
        if let Some(error) = &feed.subscription_error {
            tracing::warn!(secret_id, tenant_id, content_type, kind = ?error.kind, "its subscription is not on the list, and could not be started: {error:#}");
        }
        if let Some(tenant_id) = tenant.tenant_id {
            let id = FeedId { tenant_id, content_type: feed.content_type };
            feed.lost.iter().for_each(|loss| log_loss(id, loss));
        }
        if feed.subscription_started {
            tracing::info!(secret_id, tenant_id, content_type, "the subscription was not enabled; it has been started");
        }
    }
    if let Some(clock_offset_seconds) = report.clock_offset_seconds {
        tracing::warn!(
            clock_offset_seconds,
            "Microsoft's clock is ahead of this function's by so many seconds (behind if negative); windows follow Microsoft's"
        );
    }
    log_overdue_shards(&report.overdue_shards);
    if let Some(error) = &report.lease_error {
        tracing::warn!(kind = ?error.kind, "the lease of the shard was not released, and ends at its deadline: {error:#}");
    }
    if report.tenants.is_empty() {
        tracing::warn!(
            "there is no tenant to poll: no secret's name begins with the prefix, or none of its tenants belongs to this shard"
        );
    }
    let windows_listed: u64 = report.feeds().map(|(_, feed)| feed.windows_listed).sum();
    let contents_queued: u64 = report.feeds().map(|(_, feed)| feed.contents_queued).sum();
    let (tenants, more_to_do) = (report.tenants.len(), report.more_to_do);
    tracing::info!(tenants, windows_listed, contents_queued, more_to_do, "polled");
}
