//! Where a function runs: an execution environment that invocations share, and one process per invocation.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use jiff::SignedDuration;
use testkit::CrashPoint;

use crate::faults::Faults;
use crate::faulty_management_api::SharedClient;
use crate::faulty_ports::Faulty;
use crate::time::SkewedClock;

/// Of one function. Its clock is wrong by `skew`.
#[derive(Debug, Default)]
pub(crate) struct ExecutionEnvironment {
    pub(crate) skew: Rc<Cell<SignedDuration>>,
    /// From the first invocation until one is killed.
    pub(crate) client: RefCell<Option<SharedClient>>,
    /// The steps of the last invocation that was not killed.
    pub(crate) steps: Cell<u64>,
}

/// One invocation. All its ports share a crash point: once it is reached, no call of theirs returns.
pub(crate) struct Process {
    pub(crate) crash_point: CrashPoint,
    pub(crate) clock: SkewedClock,
    pub(crate) client: SharedClient,
    pub(crate) faults: Rc<Faults>,
}

impl Process {
    pub(crate) fn port<P: Clone>(&self, port: &P) -> Faulty<P> {
        Faulty { port: port.clone(), faults: Rc::clone(&self.faults), crash_point: self.crash_point.clone() }
    }
}
