//! What does not change during a simulation.

use std::ops::Range;

use collector::feed::ContentType;
use jiff::SignedDuration;

use management_api_simulator::SeededRandom;

/// The ages at which windows are rechecked, until they are changed.
pub(crate) const RECHECK_AGES_MINUTES: [i64; 4] = [15, 180, 1_440, 8_640];

#[derive(Debug, Clone)]
pub(crate) struct Profile {
    pub(crate) content_types: Vec<ContentType>,
    pub(crate) poll_interval_minutes: i64,
    /// How many polls run before the faults stop.
    pub(crate) polls: i64,
    pub(crate) backfill_hours: u8,
    /// Tasks in flight at once, in each function.
    pub(crate) concurrency: usize,
    /// The probability that a call to AWS fails.
    pub(crate) aws_failure_rate: f64,
    /// The probability that a request to Microsoft meets a fault.
    pub(crate) microsoft_fault_rate: f64,
    /// The probability that an hour holds a minute that cannot be listed.
    pub(crate) bad_minute_rate: f64,
    /// The probability that an invocation is killed.
    pub(crate) kill_rate: f64,
    /// Microsoft's limit; `None`: it does not throttle.
    pub(crate) requests_per_minute: Option<u32>,
    pub(crate) page_size: usize,
    /// The probability of each action of an administrator between two polls.
    pub(crate) admin_action_rate: f64,
    pub(crate) max_skew_minutes: i64,
    /// Before which poll each outage begins, and how long it lasts.
    pub(crate) outages: Vec<(i64, SignedDuration)>,
    /// The polls between which the fetchers stand still.
    pub(crate) fetchers_stopped: Range<i64>,
    /// The polls between which the first content type cannot be listed: a day, where the simulation is long enough.
    pub(crate) listing_fails: Range<i64>,
    /// From this poll on, the reconciler has other ages.
    pub(crate) ages_changed_at: i64,
}

impl Profile {
    pub(crate) fn sample(random: &SeededRandom) -> Self {
        let mut content_types = ContentType::ALL.to_vec();
        let type_count = random.choose("number of content types", &[1, 1, 2, 2, 3, 5]);
        while content_types.len() > type_count {
            content_types.remove(random.between("content type to omit", 0, content_types.len() as i64 - 1) as usize);
        }
        let polls = random.between("polls", 40, 120);
        let mut outages = Vec::new();
        for (name, hours, probability) in
            [("outage of 1 hour", 1, 0.6), ("outage of 1 day", 24, 0.35), ("outage of 8 days", 192, 0.25)]
        {
            if random.with_probability(name, probability) {
                outages.push((random.between(name, 1, polls - 1), SignedDuration::from_hours(hours)));
            }
        }
        let poll_interval_minutes = random.choose("poll interval", &[5, 15, 30, 60, 60]);
        let range = |name, probability, longest: i64| {
            let start = random.between(name, 1, polls - 1);
            let end = if random.with_probability(name, probability) { (start + longest).min(polls) } else { start };
            start..end
        };
        let fault_intensity = random.choose("fault intensity", &[0.3, 1.0, 1.0, 2.0]);
        Self {
            content_types,
            poll_interval_minutes,
            polls,
            backfill_hours: random.choose("backfill", &[0, 1, 24, 168, 168]),
            concurrency: random.between("concurrency", 1, 4) as usize,
            aws_failure_rate: 0.02 * fault_intensity,
            microsoft_fault_rate: 0.08 * fault_intensity,
            bad_minute_rate: random.choose("bad minutes", &[0.0, 0.02, 0.1]),
            kill_rate: 0.15 * fault_intensity,
            requests_per_minute: random.choose("request limit", &[None, None, Some(200), Some(600)]),
            page_size: random.between("page size", 1, 6) as usize,
            admin_action_rate: 0.02 * fault_intensity,
            max_skew_minutes: random.choose("skew", &[0, 0, 1, 10, 10]),
            outages,
            fetchers_stopped: range("fetchers stand still", 0.3, 72 * 60 / poll_interval_minutes),
            listing_fails: range("listing fails for a day", 0.3, 24 * 60 / poll_interval_minutes),
            ages_changed_at: random.between("ages changed", 1, 2 * polls),
        }
    }
}
