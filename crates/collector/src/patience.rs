//! How long a run waits for Microsoft.

use futures::Future;
use jiff::SignedDuration;

use crate::failure::{Failure, FailureKind};
use crate::ports::Clock;
use crate::time_limit::within;

/// The time budget of a turn. A tenant that does not answer costs a run this much, and not the minutes for which the client would
/// go on; its next turn is among those that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Patience {
    /// For the answer to a call: a page of a listing is one.
    answer: SignedDuration,
    /// For all of a feed's calls in a turn of the poller, or for one listing of the reconciler.
    pub(crate) turn: SignedDuration,
    is_failing: bool,
}

impl Patience {
    /// A listing of two minutes is halved: its turn must not end before. Feeds that failed in the run before get the time that
    /// the client takes for three attempts, each with 30 seconds for an answer: they hold up nobody else, and a slow answer is
    /// better than none.
    pub(crate) fn with(is_failing: bool) -> Self {
        let (answer, turn) = if is_failing { (100, 200) } else { (20, 130) };
        Self { answer: SignedDuration::from_secs(answer), turn: SignedDuration::from_secs(turn), is_failing }
    }

    /// What Microsoft answers.
    ///
    /// # Errors
    /// Those of the call, and if there is no answer in time: [`FailureKind::Unanswered`], which is no judgement of what was
    /// asked for, or [`FailureKind::Transient`] for feeds that failed before, whose time is long enough for one.
    pub(crate) async fn wait_for<T>(
        self,
        clock: &impl Clock,
        call: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        // Boxed: a request is large, and is passed on from here.
        let call = Box::pin(call);
        within(clock, self.answer, call).await.unwrap_or_else(|| {
            let what = format_args!("Microsoft did not answer within {} seconds", self.answer.as_secs());
            Err(self.unanswered(what))
        })
    }

    /// The turn has lasted for its whole time.
    pub(crate) fn exceeded(self) -> Failure {
        self.unanswered(format_args!("Microsoft's answers took more than {} seconds", self.turn.as_secs()))
    }

    fn unanswered(self, what: std::fmt::Arguments<'_>) -> Failure {
        let kind = if self.is_failing { FailureKind::Transient } else { FailureKind::Unanswered };
        Failure::new(kind, format!("{what}, so that others had their turn; it is tried again in a later run"))
    }
}

/// A feed that failed in the run before, and for which this run had no time.
pub(crate) fn not_tried_again() -> Failure {
    let problem = "it failed in the run before, and this run had no time to try it again, or not enough";
    Failure::new(FailureKind::Unanswered, problem)
}
