//! What the handle tells about the calls that came in.

use crate::{
    simulator::Simulator,
    state::call_log::{Calls, SeenCall},
};

impl Simulator {
    /// How often what was called.
    pub fn calls(&self) -> Calls {
        let world = self.shared.world();
        world.tally.calls(world.meter.allowed, world.meter.refused)
    }

    /// The calls one by one, oldest first; at most the latest 200,000.
    pub fn seen_calls(&self) -> Vec<SeenCall> {
        self.shared.world().tally.seen.iter().cloned().collect()
    }

    /// Counts from zero again. The quota and the violations stay as they are.
    pub fn reset_calls(&self) {
        let mut world = self.shared.world();
        world.tally.reset();
        world.meter.allowed = 0;
        world.meter.refused = 0;
    }

    /// What was wrong with the calls so far, taken out: for tests that provoke it.
    pub fn take_violations(&self) -> Vec<String> {
        std::mem::take(&mut self.shared.world().tally.violations)
    }

    /// Whether every call was one that Microsoft knows, in the form it wants, and every scripted fault met a call.
    ///
    /// # Errors
    ///
    /// One line for each violation and each fault that was never used.
    pub fn verify(&self) -> Result<(), Vec<String>> {
        let world = self.shared.world();
        let unused = world.faults.unused().into_iter().map(|fault| format!("unused fault: {fault}"));
        let problems: Vec<String> = world.tally.violations.iter().cloned().chain(unused).collect();
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
