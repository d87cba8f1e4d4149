//! The deadline of an invocation.

use jiff::{SignedDuration, Timestamp};
use lambda_runtime::Context;

/// The instant at which work must stop, so that there is time left for the response, the logs and the metrics. Local
/// runtimes send deadlines in the past; these are replaced by a minute from now.
#[must_use]
pub fn deadline(context: &Context, now: Timestamp) -> Timestamp {
    const RESERVE: SignedDuration = SignedDuration::from_secs(5);
    const DEFAULT: SignedDuration = SignedDuration::from_mins(1);
    i64::try_from(context.deadline)
        .ok()
        .and_then(|milliseconds| Timestamp::from_millisecond(milliseconds).ok())
        .filter(|deadline| *deadline > now)
        .map_or(now + DEFAULT, |deadline| deadline - RESERVE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(deadline: u64) -> Timestamp {
        let mut context = Context::default();
        context.deadline = deadline;
        super::deadline(&context, Timestamp::from_second(1_000).expect("an instant"))
    }

    #[test]
    fn leaves_five_seconds_for_the_response() {
        assert_eq!(at(1_060_000).as_second(), 1_055);
    }

    #[test]
    fn replaces_a_deadline_in_the_past() {
        assert_eq!(at(999_000).as_second(), 1_060);
        assert_eq!(at(0).as_second(), 1_060);
        assert_eq!(at(u64::MAX).as_second(), 1_060);
    }
}
