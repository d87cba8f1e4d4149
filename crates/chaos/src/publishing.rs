//! The records that the tenant publishes.

use jiff::{SignedDuration, Timestamp};
use management_api_simulator::Slice;

use crate::simulation::Simulation;

/// The days before the start, or an outage.
const LONG_SPAN_MILLIS: i64 = 12 * 3_600_000;
const BURSTS_OF_A_LONG_SPAN: i64 = 40;
const BURSTS_BETWEEN_POLLS: i64 = 3;
/// Some slices of a burst share an aggregate, others do not.
const LONGEST_GAP_MILLIS: i64 = 90_000;

impl Simulation {
    /// Publishes the content of the time since the last call, in order of creation.
    pub(crate) fn publish(&self) {
        let random = &self.faults().random;
        let now = self.deployment.time.now();
        let from = self.published_until.replace(now);
        let span = now.duration_since(from).as_millis() as i64;
        let max_bursts = if span > LONG_SPAN_MILLIS { BURSTS_OF_A_LONG_SPAN } else { BURSTS_BETWEEN_POLLS };
        for content_type in &self.deployment.profile.content_types {
            let name = content_type.as_str();
            let mut instants: Vec<i64> = Vec::new();
            for _ in 0..random.between("bursts", 0, max_bursts) {
                let first = random.between("start of a burst", 1, span);
                let burst = (0..random.between("slices in a burst", 1, 3))
                    .map(|_| first + random.between("gap in a burst", 0, LONGEST_GAP_MILLIS));
                instants.extend(burst.filter(|instant| *instant <= span));
            }
            instants.sort_unstable();
            for instant in instants {
                let created = from + SignedDuration::from_millis(instant);
                let records: Vec<String> =
                    (0..random.between("records in a slice", 1, 4)).map(|_| self.record(created)).collect();
                let mut slice = Slice::new(created, records);
                if self.faults().happens("Microsoft: content listed late", 0.03) {
                    slice = slice
                        .visible_at(created + SignedDuration::from_mins(random.between("listing delay", 1, 2_880)));
                }
                if self.faults().happens("Microsoft: content expires early", 0.01) {
                    slice = slice.expires_at(
                        created + SignedDuration::from_mins(random.between("time to expiration", 1, 1_440)),
                    );
                }
                self.microsoft.publish_slice(self.tenant_id, name, slice);
            }
        }
    }

    fn record(&self, created: Timestamp) -> String {
        let random = &self.faults().random;
        let (high, low) = (random.between("id", 0, 1 << 50), random.between("id", 0, 1 << 50));
        let text = "Grüße, \\u00fc \\\"議\\\" ".repeat(random.between("text", 0, 20) as usize);
        format!(r#"{{"CreationTime":"{created:.0}","Id":"{high:013x}{low:013x}","Text":"{text}"}}"#)
    }
}
