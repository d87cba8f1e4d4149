//! The quiet period after the faults, in which the collector must catch up.

use jiff::SignedDuration;
use management_api_simulator::RandomFaults;

use crate::check_result::CheckResult;
use crate::simulation::Simulation;

impl Simulation {
    pub(crate) fn stop_faults(&self) {
        self.log("all faults stopped");
        self.faults_stopped_at.set(self.deployment.time.now());
        self.faults().stop();
        for (kind, count) in self.microsoft.random_faults_injected() {
            *self.faults().injected.borrow_mut().entry(microsoft_fault(kind)).or_default() += count;
        }
        self.microsoft.set_random_faults(RandomFaults::default());
        self.microsoft.clear_faults();
        self.microsoft.configure(|config| config.throttle.requests_per_minute = None);
        self.microsoft.set_auditing(self.tenant_id, true);
        self.store_secret(self.secret.get().number);
    }

    /// Runs every function once an hour until the check finds no problem, for nine days at most. By then every window has
    /// passed its last recheck and the end of the 7-day retention.
    pub(crate) async fn run_until_quiescent(&self) -> CheckResult {
        const MAX_HOURS: u32 = 9 * 24;
        /// Microsoft asks for 15 minutes between two starts of a subscription.
        const UNTIL_NEXT_START_MINUTES: i64 = 16;
        self.run_all_after(UNTIL_NEXT_START_MINUTES).await;
        for hour in 1..=MAX_HOURS {
            self.run_all_after(60).await;
            // The check reads the whole archive, so it runs less often as time goes on.
            let check_now = [1, 2, 4, 8, 12].contains(&hour) || hour % 24 == 0;
            if check_now && self.deployment.queue.is_empty() && self.deployment.dead_letters.is_empty() {
                let result = CheckResult::of(self).await;
                if result.problems.is_empty() {
                    return result;
                }
            }
        }
        CheckResult::of(self).await
    }

    async fn run_all_after(&self, minutes: i64) {
        self.deployment.time.advance(SignedDuration::from_mins(minutes));
        self.poll_and_log().await;
        self.drain_queue().await;
        self.deployment.reconcile().await;
        self.drain_queue().await;
    }

    /// Fetches until the queue is empty, for half an hour at most.
    async fn drain_queue(&self) {
        for _ in 0..60 {
            self.deployment.fetch_batches(usize::MAX).await;
            if self.deployment.queue.is_empty() {
                return;
            }
            self.deployment.time.advance(SignedDuration::from_secs(30));
        }
    }
}

fn microsoft_fault(kind: &str) -> &'static str {
    match kind {
        "throttled" => "Microsoft: HTTP 403 with AF429",
        "unavailable" => "Microsoft: HTTP 503 with an HTML body",
        "bad_gateway" => "Microsoft: HTTP 502 with an empty body",
        "internal_error" => "Microsoft: HTTP 500 with AF50000",
        "error_inside_200" => "Microsoft: HTTP 200 with an error object",
        "unauthorized" => "Microsoft: HTTP 401",
        "dropped" => "Microsoft: connection closed without a response",
        "cut_body" => "Microsoft: connection closed within the body",
        "truncated" => "Microsoft: truncated JSON",
        "slow" => "Microsoft: slow response",
        unknown => panic!("the simulator injects a fault that the campaign does not know: {unknown}"),
    }
}
