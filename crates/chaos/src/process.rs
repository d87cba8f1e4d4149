//! Where a function runs: an execution environment that invocations share, and one process per invocation.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use jiff::SignedDuration;
use management_api::Client;
use testkit::{Action, CrashPoint, Interceptor, PortCall};

use crate::ports::SeededJitter;
use crate::time::SkewedClock;

/// Of one function. Its clock is wrong by `skew`.
#[derive(Debug, Default)]
pub(crate) struct ExecutionEnvironment {
    pub(crate) skew: Rc<Cell<SignedDuration>>,
    /// From the first invocation until one is killed.
    pub(crate) client: RefCell<Option<Client<SkewedClock, SeededJitter>>>,
    /// The steps of the last invocation that was not killed.
    pub(crate) steps: Cell<u64>,
}

/// One invocation. All its ports share a crash point: once it is reached, no call of theirs returns.
pub(crate) struct Process {
    pub(crate) crash_point: CrashPoint,
    pub(crate) clock: SkewedClock,
    pub(crate) client: Client<SkewedClock, SeededJitter>,
}

impl Process {
    /// What every call of its ports goes through.
    pub(crate) fn interceptor<'a>(&self, faults: &'a dyn Fn(PortCall<'_>) -> Action) -> Interceptor<'a> {
        Interceptor::script(faults).and_crash_at(&self.crash_point)
    }
}
