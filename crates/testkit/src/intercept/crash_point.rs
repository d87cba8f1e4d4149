//! Crashes a process at a given step.

use std::future::{Future, pending, poll_fn};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;

use futures::future::{Either, select};
use futures::pin_mut;
use futures::task::AtomicWaker;

/// Where a process crashes. Each intercepted call of a port is two steps: before it takes effect, and after. Clones
/// count the steps of the same process.
#[derive(Debug, Clone, Default)]
pub struct CrashPoint(Arc<Process>);

#[derive(Debug, Default)]
struct Process {
    /// Steps taken so far.
    taken: AtomicU64,
    /// The step at which it crashes; 0 for never.
    crashes_at: AtomicU64,
    crashed: AtomicWaker,
}

impl CrashPoint {
    /// A crash at the `step`th step, counted from 1.
    #[must_use]
    pub fn at(step: u64) -> Self {
        let crash_point = Self::default();
        crash_point.0.crashes_at.store(step, Ordering::SeqCst);
        crash_point
    }

    #[must_use]
    pub fn steps(&self) -> u64 {
        self.0.taken.load(Ordering::SeqCst)
    }

    /// The result of `process`, or `None` if it crashed; it is then dropped at that step.
    pub async fn run<T>(&self, process: impl Future<Output = T>) -> Option<T> {
        let crash = poll_fn(|context| {
            self.0.crashed.register(context.waker());
            if self.has_crashed() { Poll::Ready(()) } else { Poll::Pending }
        });
        pin_mut!(process, crash);
        match select(process, crash).await {
            Either::Left((done, _)) => Some(done),
            Either::Right(_) => None,
        }
    }

    /// `call` between two steps.
    pub(super) async fn around<T>(&self, call: impl Future<Output = T>) -> T {
        self.step().await;
        let done = call.await;
        self.step().await;
        done
    }

    fn has_crashed(&self) -> bool {
        let crashes_at = self.0.crashes_at.load(Ordering::SeqCst);
        crashes_at != 0 && self.steps() >= crashes_at
    }

    async fn step(&self) {
        self.0.taken.fetch_add(1, Ordering::SeqCst);
        if self.has_crashed() {
            self.0.crashed.wake();
            pending::<()>().await;
        }
    }
}
