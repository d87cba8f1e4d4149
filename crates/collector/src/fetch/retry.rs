//! When a message that was not archived comes back.

use jiff::SignedDuration;

use crate::ports::DelayedCopy;
use crate::rate_limit::RateLimitPolicy;

/// How long a throttled message waits: at least what the server asked for, at least the minute over which Microsoft counts,
/// and up to as much again, so that the copies do not come back together. `None` where the server asks for more than SQS can
/// delay.
pub(super) fn throttle_delay(retry_after: Option<SignedDuration>, sample: f64) -> Option<SignedDuration> {
    let least = retry_after.unwrap_or_default().max(SignedDuration::from_mins(1));
    (least <= DelayedCopy::LONGEST_DELAY).then(|| scale(least, 1.0 + sample).min(DelayedCopy::LONGEST_DELAY))
}

/// How long a message waits for which no slot is free: slots are free again before it returns, and until the last of those
/// that are reserved now.
pub(super) fn beyond_horizon(sample: f64) -> SignedDuration {
    scale(RateLimitPolicy::HORIZON, (2.0 + sample) / 3.0)
}

/// Exponential backoff with jitter, as the visibility timeout of a failed message: half a minute, doubled with each
/// receive up to an hour, plus or minus a quarter.
pub(super) fn backoff(receive_count: u32, sample: f64) -> SignedDuration {
    let doublings = receive_count.saturating_sub(1).min(7);
    let seconds = (30_u32 << doublings).min(3_600);
    scale(SignedDuration::from_secs(i64::from(seconds)), 0.75 + sample / 2.0)
}

fn scale(duration: SignedDuration, factor: f64) -> SignedDuration {
    SignedDuration::from_secs_f64(duration.as_secs_f64() * factor)
}
