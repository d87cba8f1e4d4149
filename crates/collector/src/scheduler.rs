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

impl RunLimits {
    /// Gives `tasks` turns in order, until none is left or `deadline` comes; tasks that are then in flight are dropped.
    ///
    /// `turn` gives one task its turn and returns what follows from it, usually the task itself. That goes to the end of
    /// the queue, so that a long backfill never holds up what other feeds published a minute ago.
    pub(crate) async fn run_round_robin<Task>(
        self,
        clock: &impl Clock,
        deadline: Timestamp,
        tasks: impl IntoIterator<Item = Task>,
        turn: impl AsyncFn(Task) -> Vec<Task>,
    ) {
        let mut waiting: VecDeque<Task> = tasks.into_iter().collect();
        let mut in_flight = FuturesUnordered::new();
        let out_of_time = clock.sleep_until(deadline);
        pin_mut!(out_of_time);
        loop {
            while in_flight.len() < self.concurrency && clock.now() < deadline - self.stop_before {
                let Some(task) = waiting.pop_front() else { break };
                in_flight.push(turn(task));
            }
            match select(in_flight.next(), &mut out_of_time).await {
                Either::Left((Some(following), _)) => waiting.extend(following),
                Either::Left((None, _)) | Either::Right(_) => return,
            }
        }
    }
}
