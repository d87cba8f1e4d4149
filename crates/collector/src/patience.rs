//! How long a run waits for Microsoft.

use futures::Future;
use jiff::SignedDuration;

use crate::failure::{Failure, FailureKind};
use crate::ports::Clock;
use crate::time_limit::until;

/// The time budget of a turn. A tenant that does not answer costs a run this much, and not the minutes for which the client would
/// go on; its next turn is among those that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Patience {
    /// For the answer to a call: a page of a listing is one.
    answer: SignedDuration,
    /// For all of a feed's calls in a turn of the poller, or for one listing of the reconciler.
    pub(crate) turn: SignedDuration,
}

impl Patience {
    /// A listing of two minutes is halved: its turn must not end before. Feeds that failed in the run before get the time that
    /// the client takes for three attempts, each with 30 seconds for an answer: they hold up nobody else, and a slow answer is
    /// better than none.
    pub(crate) fn with(is_failing: bool) -> Self {
        let seconds =
            |answer, turn| Self { answer: SignedDuration::from_secs(answer), turn: SignedDuration::from_secs(turn) };
        if is_failing { seconds(100, 200) } else { seconds(20, 130) }
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
        let unanswered =
            || unanswered(format_args!("Microsoft did not answer within {} seconds", self.answer.as_secs()));
        until(clock, clock.now() + self.answer, call).await.unwrap_or_else(|| Err(unanswered()))
    }

    /// The turn has lasted for its whole time.
    pub(crate) fn exceeded(self) -> Failure {
        unanswered(format_args!("Microsoft's answers took more than {} seconds", self.turn.as_secs()))
    }
}

fn unanswered(what: std::fmt::Arguments<'_>) -> Failure {
    let problem = format!("{what}, so that others had their turn; it is tried again in a later run");
    Failure::new(FailureKind::Unanswered, problem)
}
