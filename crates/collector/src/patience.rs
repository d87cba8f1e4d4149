//! How long a run waits for Microsoft's answer to a call.

use futures::Future;
use jiff::SignedDuration;

use crate::failure::{Failure, FailureKind};
use crate::ports::Clock;
use crate::time_limit::until;

/// The time budget of one call. A tenant that does not answer costs a run this much, and not the minutes for which the client
/// would go on; its next turn is among those that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Patience(SignedDuration);

impl Patience {
    /// Feeds that failed in the run before get the time that the client takes for three attempts, each with 30 seconds for an
    /// answer: they hold up nobody else, and a slow answer is better than none.
    pub(crate) fn with(is_failing: bool) -> Self {
        const USUAL: SignedDuration = SignedDuration::from_secs(20);
        const AFTER_A_FAILURE: SignedDuration = SignedDuration::from_secs(100);
        Self(if is_failing { AFTER_A_FAILURE } else { USUAL })
    }

    /// What Microsoft answers.
    ///
    /// # Errors
    /// Those of the call; [`FailureKind::Unanswered`] if there is no answer in time.
    pub(crate) async fn wait_for<T>(
        self,
        clock: &impl Clock,
        call: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        // Boxed: a request is large, and is passed on from here.
        let call = Box::pin(call);
        until(clock, clock.now() + self.0, call).await.unwrap_or_else(|| Err(unanswered(self.0)))
    }
}

fn unanswered(patience: SignedDuration) -> Failure {
    let seconds = patience.as_secs();
    let problem = format!(
        "Microsoft did not answer within {seconds} seconds, so that others had their turn; it is tried again in a later run, and longer"
    );
    Failure::new(FailureKind::Unanswered, problem)
}
