//! What the tenant publishes.

use jiff::{SignedDuration, Timestamp};
use management_api_simulator::Slice;

use crate::simulation::Life;

impl Life {
    /// Publishes what the time since the last call brought, in order.
    pub(crate) fn publish(&self) {
        let chance = &self.faults().chance;
        let now = self.collector.time.now();
        let from = self.published_until.replace(now);
        let span = now.duration_since(from).as_millis() as i64;
        let most = if span > 12 * 3_600_000 { 40 } else { 3 };
        for content_type in &self.collector.shape.content_types {
            let name = content_type.as_str();
            let mut instants: Vec<i64> = Vec::new();
            for _ in 0..chance.between("bursts", 0, most) {
                let first = chance.between("burst", 1, span);
                let burst = (0..chance.between("slices", 1, 3)).map(|_| first + chance.between("gap", 0, 90_000));
                instants.extend(burst.filter(|instant| *instant <= span));
            }
            instants.sort_unstable();
            for instant in instants {
                let created = from + SignedDuration::from_millis(instant);
                let records: Vec<String> = (0..chance.between("records", 1, 4)).map(|_| self.record(created)).collect();
                let mut slice = Slice::new(created, records);
                if self.faults().happens("Microsoft: content visible late", 0.03) {
                    slice = slice.visible_at(created + SignedDuration::from_mins(chance.between("late", 1, 2_880)));
                }
                if self.faults().happens("Microsoft: content expires early", 0.01) {
                    slice = slice.expires_at(created + SignedDuration::from_mins(chance.between("early", 1, 1_440)));
                }
                self.microsoft.publish_slice(self.customer, name, slice);
            }
        }
    }

    fn record(&self, created: Timestamp) -> String {
        let chance = &self.faults().chance;
        let (high, low) = (chance.between("id", 0, 1 << 50), chance.between("id", 0, 1 << 50));
        let text = "Grüße, \\u00fc \\\"議\\\" ".repeat(chance.between("text", 0, 20) as usize);
        format!(r#"{{"CreationTime":"{created:.0}","Id":"{high:013x}{low:013x}","Text":"{text}"}}"#)
    }
}
