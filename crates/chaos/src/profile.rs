//! What kind of world a seed is.

use collector::feed::ContentType;
use jiff::SignedDuration;

use crate::seeded_random::Chance;

/// Everything about a seed that does not change while it lasts.
#[derive(Debug, Clone)]
pub(crate) struct Shape {
    pub(crate) content_types: Vec<ContentType>,
    /// Minutes between two polls.
    pub(crate) poll_every: i64,
    /// How many of them.
    pub(crate) polls: i64,
    pub(crate) backfill_hours: u8,
    /// Works in hand at once.
    pub(crate) concurrency: usize,
    /// How likely a call of AWS fails.
    pub(crate) aws: f64,
    /// How likely a call of Microsoft meets some mishap.
    pub(crate) weather: f64,
    /// How likely an invocation is killed.
    pub(crate) kills: f64,
    /// Microsoft's quota.
    pub(crate) requests_per_minute: Option<u32>,
    pub(crate) page_size: usize,
    /// How likely an admin meddles between two polls.
    pub(crate) admin: f64,
    /// How many minutes the clocks go wrong at most.
    pub(crate) skew: i64,
    /// Before which poll nothing runs, for how long.
    pub(crate) outages: Vec<(i64, SignedDuration)>,
}

impl Shape {
    pub(crate) fn of(chance: &Chance) -> Self {
        let mut content_types = ContentType::ALL.to_vec();
        let wanted = chance.one_of("how many types", &[1, 1, 2, 2, 3, 5]);
        while content_types.len() > wanted {
            content_types.remove(chance.between("type", 0, content_types.len() as i64 - 1) as usize);
        }
        let polls = chance.between("polls", 40, 120);
        let mut outages = Vec::new();
        for (name, hours, likely) in [("an hour", 1, 0.6), ("a day", 24, 0.35), ("eight days", 192, 0.25)] {
            if chance.hits(name, likely) {
                outages.push((chance.between(name, 1, polls - 1), SignedDuration::from_hours(hours)));
            }
        }
        let strength = chance.one_of("strength", &[0.3, 1.0, 1.0, 2.0]);
        Self {
            content_types,
            poll_every: chance.one_of("poll every", &[5, 15, 30, 60, 60]),
            polls,
            backfill_hours: chance.one_of("backfill", &[0, 1, 24, 168, 168]),
            concurrency: chance.between("concurrency", 1, 4) as usize,
            aws: 0.02 * strength,
            weather: 0.08 * strength,
            kills: 0.15 * strength,
            requests_per_minute: chance.one_of("quota", &[None, None, Some(200), Some(600)]),
            page_size: chance.between("page size", 1, 6) as usize,
            admin: 0.02 * strength,
            skew: chance.one_of("skew", &[0, 0, 1, 10, 10]),
            outages,
        }
    }
}
