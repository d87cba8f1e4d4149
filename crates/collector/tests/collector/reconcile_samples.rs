//! Values that the tests of the reconciler share.

use collector::failure::{Failure, FailureKind};
use collector::loss::{Loss, LossReason};
use collector::reconcile::FeedReconciliation;
use jiff::SignedDuration;
use testkit::{TENANT, at};

use crate::poll_fixture::EXCHANGE;
use crate::reconcile_fixture::BOUNDS;

pub(crate) fn down() -> Failure {
    Failure::new(FailureKind::AwsService, "AWS is down")
}

pub(crate) fn http_503() -> Failure {
    Failure::new(FailureKind::Transient, "HTTP 503")
}

/// A content of the window of [`BOUNDS`] that can never be collected.
pub(crate) fn gone(content: &str) -> Loss {
    Loss { content: Some(content.to_owned()), ..span(BOUNDS.0, BOUNDS.1, LossReason::ContentGone) }
}

/// A span of which nobody knows what it held.
pub(crate) fn span(from: &str, to: &str, reason: LossReason) -> Loss {
    Loss { from: at(from), to: at(to), reason, content: None, objects: Vec::new() }
}

pub(crate) const QUARTER: SignedDuration = SignedDuration::from_mins(15);
pub(crate) const THREE_HOURS: SignedDuration = SignedDuration::from_hours(3);
pub(crate) const DAY: SignedDuration = SignedDuration::from_hours(24);
pub(crate) const SIX_DAYS: SignedDuration = SignedDuration::from_hours(6 * 24);

/// The ages that are the default in production.
pub(crate) fn ages() -> Vec<SignedDuration> {
    vec![QUARTER, THREE_HOURS, DAY, SIX_DAYS]
}

/// The report row of [`testkit::feed`] in a run that finds nothing to do.
pub(crate) fn nothing_found() -> FeedReconciliation {
    FeedReconciliation {
        tenant_id: TENANT,
        content_type: EXCHANGE,
        windows_checked: 0,
        late: Vec::new(),
        late_omitted: 0,
        missing: 0,
        lost: Vec::new(),
        lost_omitted: 0,
        more_to_do: false,
        error: None,
    }
}
