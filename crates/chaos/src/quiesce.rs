//! After the days on which things went wrong.

use jiff::SignedDuration;
use management_api_simulator::RandomFaults;

use crate::checker::Judgement;
use crate::simulation::Life;

impl Life {
    /// Nothing goes wrong any more.
    pub(crate) fn heal(&self) {
        self.note("peace");
        self.peace.set(self.collector.time.now());
        self.faults().switch_off();
        for (kind, count) in self.microsoft.random_faults_injected() {
            *self.faults().injected.borrow_mut().entry(weather(kind)).or_default() += count;
        }
        self.microsoft.set_random_faults(RandomFaults::default());
        self.microsoft.clear_faults();
        self.microsoft.configure(|config| config.throttle.requests_per_minute = None);
        self.microsoft.set_auditing(self.customer, true);
        let (number, _) = *self.secret.borrow();
        self.put_secret(number);
    }

    /// The collector looks back every hour as ever, until all is quiet and nothing is missing, for nine days at most.
    pub(crate) async fn come_to_rest(&self) -> Judgement {
        const HOURS: u32 = 9 * 24;
        self.run_on(16).await;
        for hour in 1..=HOURS {
            self.run_on(60).await;
            let is_time = [1, 2, 4, 8, 12].contains(&hour) || hour % 24 == 0;
            if is_time && self.collector.sqs.lengths() == (0, 0) {
                let judgement = Judgement::of(self).await;
                if judgement.problems.is_empty() {
                    return judgement;
                }
            }
        }
        Judgement::of(self).await
    }

    async fn run_on(&self, minutes: i64) {
        self.collector.time.pass(SignedDuration::from_mins(minutes));
        self.poll().await;
        self.fetch_all().await;
        self.collector.look_back().await;
        self.fetch_all().await;
    }

    /// Fetches until nothing is left, for half an hour at most.
    async fn fetch_all(&self) {
        for _ in 0..60 {
            self.collector.fetch(usize::MAX).await;
            if self.collector.sqs.lengths().0 == 0 {
                return;
            }
            self.collector.time.pass(SignedDuration::from_secs(30));
        }
    }
}

fn weather(kind: &str) -> &'static str {
    match kind {
        "throttled" => "Microsoft: 403 AF429",
        "unavailable" => "Microsoft: 503 with HTML",
        "bad_gateway" => "Microsoft: 502, empty",
        "internal_error" => "Microsoft: 500 AF50000",
        "error_inside_200" => "Microsoft: error inside a 200",
        "unauthorized" => "Microsoft: 401",
        "dropped" => "Microsoft: connection closed, no answer",
        "cut_body" => "Microsoft: body cut",
        "truncated" => "Microsoft: body truncated",
        _ => "Microsoft: slow answer",
    }
}
