//! What the handle tells about the calls that came in.

use crate::{
    simulator::Simulator,
    state::call_log::{Calls, SeenCall},
};

impl Simulator {
    /// How often what was called.
    pub fn calls(&self) -> Calls {
        let state = self.shared.state();
        state.call_log.calls(state.meter.allowed, state.meter.refused)
    }

    /// The calls one by one, oldest first; at most the latest 200,000.
    pub fn seen_calls(&self) -> Vec<SeenCall> {
        self.shared.state().call_log.seen.iter().cloned().collect()
    }

    /// Counts from zero again. The quota and the violations stay as they are.
    pub fn reset_calls(&self) {
        let mut state = self.shared.state();
        state.call_log.reset();
        state.meter.allowed = 0;
        state.meter.refused = 0;
    }

    /// What was wrong with the calls so far, taken out: for tests that provoke it.
    pub fn take_violations(&self) -> Vec<String> {
        std::mem::take(&mut self.shared.state().call_log.violations)
    }

    /// Whether every call was one that Microsoft knows, in the form it wants, and every scripted fault met a call.
    ///
    /// # Errors
    ///
    /// One line for each violation and each fault that was never used.
    pub fn verify(&self) -> Result<(), Vec<String>> {
        let state = self.shared.state();
        let unused = state.faults.unused().into_iter().map(|fault| format!("unused fault: {fault}"));
        let problems: Vec<String> = state.call_log.violations.iter().cloned().chain(unused).collect();
        if problems.is_empty() { Ok(()) } else { Err(problems) }
    }

    /// [`Simulator::verify`], for the end of a test.
    ///
    /// # Panics
    ///
    /// With the list, if there is one.
    #[track_caller]
    pub fn assert_clean(&self) {
        if let Err(problems) = self.verify() {
            panic!("the simulator is not clean:\n  {}", problems.join("\n  "));
        }
    }
}
