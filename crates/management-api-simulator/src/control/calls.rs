//! What the simulator recorded about the requests it received.

use crate::{
    simulator::Simulator,
    state::call_log::{Calls, SeenCall},
};

impl Simulator {
    /// Request counts by operation and tenant.
    pub fn calls(&self) -> Calls {
        let state = self.shared.state();
        state.call_log.calls(state.meter.allowed, state.meter.refused)
    }

    /// The recorded requests, oldest first; at most the latest 200,000.
    pub fn seen_calls(&self) -> Vec<SeenCall> {
        self.shared.state().call_log.seen.iter().cloned().collect()
    }

    /// Sets all counts to zero. The quota and the violations stay as they are.
    pub fn reset_calls(&self) {
        let mut state = self.shared.state();
        state.call_log.reset();
        state.meter.allowed = 0;
        state.meter.refused = 0;
    }

    /// Returns and removes the protocol violations so far, for tests that provoke them.
    pub fn take_violations(&self) -> Vec<String> {
        std::mem::take(&mut self.shared.state().call_log.violations)
    }

    /// Checks that every request conformed to Microsoft's protocol and that every scripted fault was injected at least
    /// once.
    ///
    /// # Errors
    ///
    /// One line for each violation and for each unused fault.
    pub fn verify(&self) -> Result<(), Vec<String>> {
        let state = self.shared.state();
        let unused = state.faults.unused().into_iter().map(|fault| format!("unused fault: {fault}"));
        let problems: Vec<String> = state.call_log.violations.iter().cloned().chain(unused).collect();
        if problems.is_empty() { Ok(()) } else { Err(problems) }
    }

    /// [`Simulator::verify`] for the end of a test.
    ///
    /// # Panics
    ///
    /// With the list of problems, if there are any.
    #[track_caller]
    pub fn assert_clean(&self) {
        if let Err(problems) = self.verify() {
            panic!("the simulator is not clean:\n  {}", problems.join("\n  "));
        }
    }
}
