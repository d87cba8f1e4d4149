//! All functions share one rate limiter for each tenant, and a message waits for its slot in the queue.

use std::cell::Cell;

use collector::failure::{Failure, FailureKind};
use collector::feed::TenantId;
use collector::fetch::{Delivery, Fetch, FetchOutcome};
use collector::message::ContentMessage;
use collector::ports::{Clock, RateLimiter};
use collector::rate_limit::RateLimitPolicy;
use futures::executor::block_on;
use jiff::{SignedDuration, Timestamp};
use testkit::{Action, Call, FixedJitter, InMemory, Interceptor, ManualClock, MemoryRateLimiter, PortCall, TENANT};
use uuid::Uuid;

use crate::fetch_fixture::{FetchFixture, body, message_for_a};

const OTHER: TenantId = TenantId(Uuid::from_u128(2));

fn seconds(seconds: i64) -> SignedDuration {
    SignedDuration::from_secs(seconds)
}

/// One request a second, and three at once.
fn one_request_a_second() -> FetchFixture {
    let fixture = FetchFixture::with_two_records();
    let policy = RateLimitPolicy { requests_per_minute: 60.0, burst: seconds(2) };
    FetchFixture { rate_limiter: MemoryRateLimiter::new(policy, &fixture.clock), ..fixture }
}

/// A copy for which this slot was reserved at [`FetchFixture`]'s time.
fn deliver_copy(
    fixture: &FetchFixture,
    slot: Timestamp,
    sent_at: Timestamp,
    script: impl Fn(PortCall<'_>) -> Action,
) -> FetchOutcome {
    let body = body(&message_for_a());
    let copy =
        Delivery { body: &body, receive_count: 1, sent_at: Some(sent_at), slot: Some(slot), ..Delivery::default() };
    let fetcher = fixture.fetcher(&Interceptor::script(&script));
    block_on(fetcher.run_batch(&[copy], fixture.deadline(), |_, _| ())).remove(0)
}

/// The copies in the queue: each with its delay and its slot.
fn copies(fixture: &FetchFixture) -> Vec<(ContentMessage, SignedDuration, Option<Timestamp>)> {
    let copies = fixture.queue.sent().into_iter().zip(fixture.queue.slots());
    copies.map(|((message, delay), slot)| (message, delay, slot)).collect()
}

fn kind(outcome: &FetchOutcome) -> Option<FailureKind> {
    match outcome {
        FetchOutcome::Postponed { failure, .. } | FetchOutcome::Failed { failure, .. } => Some(failure.kind),
        FetchOutcome::Archived(_) | FetchOutcome::Lost { .. } => None,
    }
}

#[test]
fn a_message_without_a_slot_now_is_replaced_by_a_copy_that_comes_at_its_slot() {
    let fixture = one_request_a_second();
    let body = body(&message_for_a());
    let now = fixture.clock.now();

    let outcomes = fixture.deliver_batch(&[body.as_str(); 6], 1, |_| Action::Proceed);

    let kinds: Vec<Option<FailureKind>> = outcomes.iter().map(kind).collect();
    assert_eq!(kinds[..3], [None; 3], "the burst is archived");
    assert_eq!(kinds[3..], [Some(FailureKind::RateLimited); 3]);
    let copies = copies(&fixture);
    let expected: Vec<(ContentMessage, SignedDuration, Option<Timestamp>)> =
        [1, 2, 3].map(|after| (message_for_a(), seconds(after), Some(now + seconds(after)))).into();
    assert_eq!(copies, expected);
}

#[test]
fn each_tenant_has_a_rate_of_its_own() {
    let fixture = one_request_a_second();
    block_on(fixture.rate_limiter.charge(TENANT, 3)).unwrap();
    let mut other = message_for_a();
    other.tenant_id = OTHER;
    let bodies = [body(&message_for_a()), body(&other), "not one of ours".to_owned()];
    let bodies: Vec<&str> = bodies.iter().map(String::as_str).collect();

    let outcomes = fixture.deliver_batch(&bodies, 1, |_| Action::Proceed);

    // The other tenant's message was admitted: it fails for its secret, and only after that.
    let kinds: Vec<Option<FailureKind>> = outcomes.iter().map(kind).collect();
    let expected = [FailureKind::RateLimited, FailureKind::InvalidMessage, FailureKind::InvalidMessage];
    assert_eq!(kinds, expected.map(Some));
}

#[test]
fn a_copy_in_its_slot_is_fetched_without_another_reservation() {
    for late in [-10, 0, 3, 10] {
        let fixture = one_request_a_second();
        block_on(fixture.rate_limiter.charge(TENANT, 1_000)).unwrap();
        let now = fixture.clock.now();
        let outcome = deliver_copy(&fixture, now - seconds(late), now - seconds(60), |call| {
            assert!(!matches!(call, PortCall::Reserve(_)), "{late} seconds late");
            Action::Proceed
        });
        assert_eq!(kind(&outcome), None, "{late} seconds late");
    }
}

#[test]
fn a_copy_that_missed_its_slot_waits_for_another() {
    for late in [-11, 11, 600] {
        let fixture = one_request_a_second();
        block_on(fixture.rate_limiter.charge(TENANT, 100)).unwrap();
        let now = fixture.clock.now();
        let outcome = deliver_copy(&fixture, now - seconds(late), now - seconds(900), |_| Action::Proceed);
        assert_eq!(kind(&outcome), Some(FailureKind::RateLimited), "{late} seconds late");
        assert_eq!(copies(&fixture)[0].2, Some(now + seconds(98)), "{late} seconds late");
    }
}

#[test]
fn a_refusal_takes_back_the_slots_that_were_granted_before() {
    let fixture = one_request_a_second();
    let granted_at = fixture.clock.now();
    let slot = granted_at + seconds(60);
    fixture.clock.advance(seconds(30));
    block_on(fixture.rate_limiter.on_throttled(TENANT, Some(seconds(90)))).unwrap();
    fixture.clock.advance(seconds(30));

    let outcome = deliver_copy(&fixture, slot, granted_at, |_| Action::Proceed);
    assert_eq!(kind(&outcome), Some(FailureKind::RateLimited), "granted before the refusal");
    assert_eq!(copies(&fixture)[0].1, seconds(60), "as long as Microsoft asked");

    let outcome = deliver_copy(&fixture, slot, granted_at + seconds(31), |_| Action::Proceed);
    assert_eq!(kind(&outcome), None, "granted after the refusal");
}

/// A copy would begin with its receives anew, and its message never come to the last one.
#[test]
fn a_message_that_failed_before_is_fetched_at_once() {
    let fixture = one_request_a_second();
    block_on(fixture.rate_limiter.charge(TENANT, 100)).unwrap();
    let outcome = fixture.deliver(&body(&message_for_a()), 2, |_| Action::Proceed);
    assert_eq!(kind(&outcome), None);
    let next = block_on(fixture.rate_limiter.reserve(TENANT, 1)).unwrap().unwrap()[0];
    assert_eq!(next.duration_since(fixture.clock.now()), seconds(99), "but its request counts");
}

/// A clock that is a millisecond further each time that it is read, as real ones are.
#[derive(Clone)]
struct TickingClock(ManualClock);

impl Clock for TickingClock {
    fn now(&self) -> Timestamp {
        self.0.advance(SignedDuration::from_millis(1));
        self.0.now()
    }

    async fn sleep_until(&self, instant: Timestamp) {
        self.0.sleep_until(instant).await;
    }
}

#[test]
fn a_slot_that_is_now_for_the_limiter_is_now_for_the_fetcher() {
    let fixture = one_request_a_second();
    let clock = TickingClock(fixture.clock.clone());
    let fetch = Fetch::<InMemory<TickingClock>> {
        tenants: fixture.tenants.clone(),
        management_api: fixture.api.clone(),
        losses: fixture.state.clone(),
        queue: fixture.queue.clone(),
        archive: fixture.archive.clone(),
        rate_limiter: fixture.rate_limiter.by(clock.clone()),
        clock,
        jitter: FixedJitter(0.5),
    };
    let body = body(&message_for_a());
    let delivery = Delivery { body: &body, receive_count: 1, ..Delivery::default() };
    let outcomes = block_on(fetch.run_batch(&[delivery; 3], fixture.deadline(), |_, _| ()));
    let kinds: Vec<Option<FailureKind>> = outcomes.iter().map(kind).collect();
    assert_eq!(kinds, [None; 3]);
}

#[test]
fn beyond_the_horizon_a_message_waits_without_a_slot() {
    for (sample, minutes) in [(0.0, 10), (0.6, 13)] {
        let fixture = FetchFixture { jitter: FixedJitter(sample), ..one_request_a_second() };
        block_on(fixture.rate_limiter.charge(TENANT, 903)).unwrap();
        assert_eq!(kind(&fixture.fetch()), Some(FailureKind::RateLimited));
        let delay = SignedDuration::from_mins(minutes);
        assert_eq!(copies(&fixture), [(message_for_a(), delay, None)]);
        assert_eq!(fixture.api.calls(), [], "no request");
    }
}

#[test]
fn a_limiter_that_does_not_answer_admits_everything() {
    let down = Failure::new(FailureKind::AwsService, "the table is down");
    let fixture = one_request_a_second();
    let outcome = fixture.fetch_with(|call| match call {
        PortCall::Reserve(_) => Action::Fail(down.clone()),
        _ => Action::Proceed,
    });
    assert_eq!(kind(&outcome), None);

    let fixture = one_request_a_second();
    let outcome = fixture.fetch_with(|call| match call {
        PortCall::Reserve(_) => {
            fixture.clock.advance(seconds(2));
            Action::Hang
        }
        _ => Action::Proceed,
    });
    assert_eq!(kind(&outcome), None);
}

#[test]
fn admission_counts_against_the_deadline() {
    let fixture = one_request_a_second();
    let opened = Cell::new(0);
    let script = |call: PortCall<'_>| match call {
        PortCall::Reserve(_) => {
            fixture.clock.advance(seconds(1));
            Action::Hang
        }
        PortCall::Open(_) => {
            opened.set(opened.get() + 1);
            Action::Hang
        }
        _ => Action::Proceed,
    };
    let body = body(&message_for_a());
    let delivery = Delivery { body: &body, receive_count: 1, ..Delivery::default() };
    let deadline = fixture.clock.now() + seconds(1);
    let outcomes = block_on(fixture.fetcher(&Interceptor::script(&script)).run_batch(&[delivery], deadline, |_, _| ()));
    assert_eq!(kind(&outcomes[0]), Some(FailureKind::Transient));
    assert_eq!(fixture.clock.now(), deadline, "nobody waited for longer");
}

#[test]
fn a_copy_that_cannot_be_sent_fails_its_message() {
    let fixture = one_request_a_second();
    block_on(fixture.rate_limiter.charge(TENANT, 100)).unwrap();
    let down = Failure::new(FailureKind::AwsService, "the queue is down");
    let outcome = fixture.fetch_with(|call| match call {
        PortCall::SendDelayed => Action::Fail(down.clone()),
        _ => Action::Proceed,
    });
    assert_eq!(kind(&outcome), Some(FailureKind::AwsService), "it is received again");
}

#[test]
fn throttling_reduces_the_rate() {
    let fixture = one_request_a_second();
    fixture.api.fail(Call::Open(message_for_a().content_uri), Failure::new(FailureKind::Throttled, "AF429"));
    fixture.fetch();
    let reduced_at = block_on(fixture.rate_limiter.reduced_at(TENANT)).unwrap();
    assert_eq!(reduced_at, Some(fixture.clock.now()));
}
