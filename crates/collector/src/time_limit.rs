//! Work that must not take longer than there is time.

use futures::future::{Either, select};
use futures::{Future, pin_mut};
use jiff::{SignedDuration, Timestamp};

use crate::ports::Clock;

/// What `work` returns; `None` if `instant` comes first. It is dropped then, like in a crash.
pub(crate) async fn until<T>(clock: &impl Clock, instant: Timestamp, work: impl Future<Output = T>) -> Option<T> {
    let out_of_time = clock.sleep_until(instant);
    pin_mut!(work, out_of_time);
    match select(work, out_of_time).await {
        Either::Left((done, _)) => Some(done),
        Either::Right(_) => None,
    }
}

/// What `work` returns; `None` if it takes longer than `limit`.
pub(crate) async fn within<T>(clock: &impl Clock, limit: SignedDuration, work: impl Future<Output = T>) -> Option<T> {
    until(clock, clock.now() + limit, work).await
}
