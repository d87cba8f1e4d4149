//! Doing many small works with few hands until the deadline, fairly.

use std::collections::VecDeque;

use futures::future::{Either, select};
use futures::pin_mut;
use futures::stream::{FuturesUnordered, StreamExt};
use jiff::{SignedDuration, Timestamp};

use crate::ports::Clock;

/// How much at once, and until when.
#[derive(Debug, Clone, Copy)]
pub struct RunLimits {
    /// Works in hand at once.
    pub concurrency: usize,
    /// Nothing new is begun this long before the deadline.
    pub stop_before: SignedDuration,
}

impl RunLimits {
    /// Does what stands in `line`, first come first served, until it is empty or `deadline` comes; what is then in hand
    /// is dropped. `take_in` says what each work leads to: that goes to the end of the line, so that nobody's long list
    /// holds up the others.
    pub(crate) async fn run_round_robin<Work, Done>(
        self,
        clock: &impl Clock,
        deadline: Timestamp,
        line: impl IntoIterator<Item = Work>,
        work: impl AsyncFn(Work) -> Done,
        mut take_in: impl FnMut(Done) -> Vec<Work>,
    ) {
        let mut line: VecDeque<Work> = line.into_iter().collect();
        let mut in_flight = FuturesUnordered::new();
        let out_of_time = clock.sleep_until(deadline);
        pin_mut!(out_of_time);
        loop {
            while in_flight.len() < self.concurrency && clock.now() < deadline - self.stop_before {
                let Some(next) = line.pop_front() else { break };
                in_flight.push(work(next));
            }
            match select(in_flight.next(), &mut out_of_time).await {
                Either::Left((Some(done), _)) => line.extend(take_in(done)),
                Either::Left((None, _)) | Either::Right(_) => return,
            }
        }
    }
}
