//! How long a run waits for Microsoft's answer to a call.

use futures::Future;
use jiff::SignedDuration;

use crate::failure::{Failure, FailureKind};
use crate::ports::Clock;
use crate::time_limit::until;

/// The time budget of one call. A tenant that does not answer costs a run this much, and not the minutes for which the client
/// would go on; its next turn is among those that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Patience(Option<SignedDuration>);

impl Patience {
    /// Feeds that failed in the run before get all the time that the client takes: they hold up nobody, and a slow answer is
    /// better than none.
    pub(crate) fn with(is_failing: bool) -> Self {
        const USUAL: SignedDuration = SignedDuration::from_secs(20);
        Self((!is_failing).then_some(USUAL))
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
        let Some(patience) = self.0 else { return call.await };
        until(clock, clock.now() + patience, call).await.unwrap_or_else(|| Err(unanswered(patience)))
    }
}

fn unanswered(patience: SignedDuration) -> Failure {
    let seconds = patience.as_secs();
    let problem = format!(
        "Microsoft did not answer within {seconds} seconds, so that others had their turn; the next run waits longer"
    );
    Failure::new(FailureKind::Unanswered, problem)
}
