//! The contract of `RateLimiter`.

use collector::feed::TenantId;
use collector::ports::{Clock, RateLimiter};
use collector::rate_limit::RateLimitPolicy;
use jiff::{SignedDuration, Timestamp};

use crate::clock::ManualClock;

/// 600 requests a minute, and 20 at once.
pub const POLICY: RateLimitPolicy =
    RateLimitPolicy { requests_per_minute: 600.0, burst: SignedDuration::from_millis(1_900) };

/// How long after now each of these slots is, in milliseconds.
fn waits(slots: Option<Vec<Timestamp>>, clock: &ManualClock) -> Option<Vec<i128>> {
    Some(slots?.iter().map(|slot| slot.duration_since(clock.now()).as_millis()).collect())
}

/// A burst goes at once; after that each request gets the next slot, until all are reserved for a quarter of an hour.
///
/// `rate_limiter` must have [`POLICY`] at `clock`.
pub async fn reserves_one_slot_after_the_other(
    rate_limiter: &impl RateLimiter,
    tenant_id: TenantId,
    clock: &ManualClock,
) {
    let reserve = async |requests| waits(rate_limiter.reserve(tenant_id, requests).await.unwrap(), clock);
    assert_eq!(reserve(20).await, Some(vec![0; 20]), "the burst");
    assert_eq!(reserve(3).await, Some(vec![100, 200, 300]), "a tenth of a second each");
    assert_eq!(reserve(1).await, Some(vec![400]));
    let other = TenantId(uuid::Uuid::from_u128(tenant_id.0.as_u128() ^ 1));
    let others = rate_limiter.reserve(other, 1).await.unwrap();
    assert_eq!(waits(others, clock), Some(vec![0]), "each tenant has a rate of its own");

    clock.advance(SignedDuration::from_millis(400));
    assert_eq!(reserve(1).await, Some(vec![100]), "what was reserved stays reserved");
    rate_limiter.charge(tenant_id, 50).await.unwrap();
    assert_eq!(reserve(1).await, Some(vec![5_200]), "fifty requests were sent in between, without a slot");

    clock.advance(SignedDuration::from_mins(10));
    rate_limiter.charge(tenant_id, 20).await.unwrap();
    assert_eq!(reserve(2).await, Some(vec![100, 200]), "after a pause there is one burst, and not more");
    assert_eq!(reserve(8_990).await.and_then(|waits| waits.last().copied()), Some(899_200));
    assert_eq!(reserve(8).await, None, "the last one ends beyond the horizon, so that none is reserved");
    assert_eq!(reserve(7).await.and_then(|waits| waits.last().copied()), Some(899_900));
    clock.advance(SignedDuration::from_secs(1));
    assert_eq!(reserve(10).await.and_then(|waits| waits.last().copied()), Some(899_900));
}

/// A refusal by Microsoft reduces the rate, which recovers with time, and takes back what was reserved.
///
/// `rate_limiter` must have [`POLICY`] at `clock`.
pub async fn slows_down_after_a_refusal(rate_limiter: &impl RateLimiter, tenant_id: TenantId, clock: &ManualClock) {
    let reserve = async |requests| waits(rate_limiter.reserve(tenant_id, requests).await.unwrap(), clock);
    assert_eq!(rate_limiter.reduced_at(tenant_id).await.unwrap(), None);
    assert_eq!(reserve(6_000).await.and_then(|waits| waits.last().copied()), Some(598_000), "ten minutes are reserved");
    clock.advance(SignedDuration::from_secs(2));

    let refused_at = clock.now();
    rate_limiter.on_throttled(tenant_id, None).await.unwrap();
    rate_limiter.on_throttled(tenant_id, Some(SignedDuration::from_mins(5))).await.unwrap();

    assert_eq!(rate_limiter.reduced_at(tenant_id).await.unwrap(), Some(refused_at));
    assert_eq!(reserve(3).await, Some(vec![10_000, 10_125, 10_250]), "two refusals at once cost a fifth, and a pause");
    clock.advance(SignedDuration::from_secs(60));
    rate_limiter.on_throttled(tenant_id, Some(SignedDuration::from_secs(90))).await.unwrap();
    assert_eq!(reserve(1).await, Some(vec![90_000]), "as long as Microsoft asks");
    clock.advance(SignedDuration::from_mins(20));
    assert_eq!(reserve(22).await.map(|waits| waits[19..].to_vec()), Some(vec![0, 100, 200]), "it has recovered");
}
