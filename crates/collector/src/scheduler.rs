//! Round-robin scheduling of many small tasks, with bounded concurrency and until a deadline.

use std::collections::VecDeque;

use futures::future::{Either, select};
use futures::pin_mut;
use futures::stream::{FuturesUnordered, StreamExt};
use jiff::{SignedDuration, Timestamp};

use crate::ports::Clock;

/// How much one run does at once, and when it stops.
#[derive(Debug, Clone, Copy)]
pub struct RunLimits {
    /// Tasks in flight at once.
    pub concurrency: usize,
    /// No task takes another turn this long before the deadline.
    pub stop_before: SignedDuration,
}

/// Where a task waits for its turn.
#[derive(Debug)]
pub(crate) enum Waiting<Task> {
    /// Before those at the back: its turn has been prepared.
    Front(Task),
    /// Behind the others, so that a long backfill never holds up what other feeds published a minute ago.
    Back(Task),
    /// Among the tasks that failed in the run before. As long as there are others, at most a quarter of those in flight are such,
    /// so that they do not hold up the others, however long they take to fail again.
    Failing(Task),
}

/// The tasks that wait, each queue first in, first out.
struct Queues<Task> {
    front: VecDeque<Task>,
    back: VecDeque<Task>,
    failing: VecDeque<Task>,
}

/// A task that has its turn.
enum Turn<Task> {
    Usual(Task),
    Failing(Task),
}

impl<Task> Queues<Task> {
    fn add(&mut self, waiting: impl IntoIterator<Item = Waiting<Task>>) {
        for waiting in waiting {
            match waiting {
                Waiting::Front(task) => self.front.push_back(task),
                Waiting::Back(task) => self.back.push_back(task),
                Waiting::Failing(task) => self.failing.push_back(task),
            }
        }
    }

    /// The next task, while `failing` and `usual` ones are in flight. `is_time_for_failing`: there is time for a turn of a task
    /// that failed.
    fn next(
        &mut self,
        failing: usize,
        usual: usize,
        concurrency: usize,
        is_time_for_failing: bool,
    ) -> Option<Turn<Task>> {
        let are_there_others = usual > 0 || !self.front.is_empty() || !self.back.is_empty();
        let failing_limit = match is_time_for_failing {
            true if are_there_others => (concurrency / 4).max(1),
            true => concurrency,
            false => 0,
        };
        let next_failing = if failing < failing_limit { self.failing.pop_front() } else { None };
        let mut next_usual = || self.front.pop_front().or_else(|| self.back.pop_front());
        next_failing.map(Turn::Failing).or_else(|| next_usual().map(Turn::Usual))
    }
}

impl RunLimits {
    /// How long a task that failed may wait for Microsoft, in a turn of the usual kind: for the list of subscriptions and for a
    /// listing.
    const FAILING_TURN: SignedDuration = SignedDuration::from_secs(120);

    /// Gives `tasks` turns in order, until none is left or `deadline` comes; tasks that are then in flight are dropped.
    ///
    /// `turn` gives one task its turn and returns what follows from it, usually the task itself.
    pub(crate) async fn run_round_robin<Task>(
        self,
        clock: &impl Clock,
        deadline: Timestamp,
        tasks: impl IntoIterator<Item = Waiting<Task>>,
        turn: impl AsyncFn(Task) -> Vec<Waiting<Task>>,
    ) {
        let mut waiting = Queues { front: VecDeque::new(), back: VecDeque::new(), failing: VecDeque::new() };
        waiting.add(tasks);
        // A turn that the deadline cuts off shows nothing. In a run that is shorter than such a turn, only the first ones begin.
        let last_failing_turn = clock.now().max(deadline - Self::FAILING_TURN);
        let mut failing_in_flight = 0;
        let mut in_flight = FuturesUnordered::new();
        let out_of_time = clock.sleep_until(deadline);
        pin_mut!(out_of_time);
        let run_turn = async |next: Turn<Task>| match next {
            Turn::Usual(task) => (false, turn(task).await),
            Turn::Failing(task) => (true, turn(task).await),
        };
        loop {
            while in_flight.len() < self.concurrency && clock.now() < deadline - self.stop_before {
                let usual_in_flight = in_flight.len() - failing_in_flight;
                let is_time_for_failing = clock.now() <= last_failing_turn;
                let next = waiting.next(failing_in_flight, usual_in_flight, self.concurrency, is_time_for_failing);
                let Some(next) = next else { break };
                failing_in_flight += usize::from(matches!(next, Turn::Failing(_)));
                in_flight.push(run_turn(next));
            }
            match select(in_flight.next(), &mut out_of_time).await {
                Either::Left((Some((was_failing, following)), _)) => {
                    failing_in_flight -= usize::from(was_failing);
                    waiting.add(following);
                }
                Either::Left((None, _)) | Either::Right(_) => return,
            }
        }
    }
}
