//! The order in which the tenants of a run have their turns.

use std::cell::RefCell;
use std::collections::BTreeMap;

use crate::lease::Handover;

/// The orders of a run: each begins after the last tenant that had a turn in the run before.
#[derive(Debug)]
pub(crate) struct Orders {
    usual: Rotation,
    /// Of the feeds that failed in the run before.
    failing: Rotation,
}

impl Orders {
    /// Of tenants that are sorted by the names of their secrets.
    pub(crate) fn of<'a>(handover: &Handover, secret_ids: impl ExactSizeIterator<Item = &'a str> + Clone) -> Self {
        Self {
            usual: Rotation::after(handover.last_served.as_deref(), secret_ids.clone()),
            failing: Rotation::after(handover.last_failing_served.as_deref(), secret_ids),
        }
    }

    /// The position of the tasks of the tenant at `index`.
    pub(crate) fn position(&self, index: usize, is_failing: bool) -> usize {
        let Rotation { first, count, .. } = self.order(is_failing);
        (index + count - first) % count
    }

    /// A task waits for its first turn.
    pub(crate) fn expect(&self, position: usize, is_failing: bool) {
        *self.order(is_failing).waiting.borrow_mut().entry(position).or_default() += 1;
    }

    /// The task's first turn begins.
    pub(crate) fn begin(&self, position: usize, is_failing: bool) {
        self.order(is_failing).begin(position);
    }

    /// Where the next run begins.
    pub(crate) fn hand_over<'a>(&self, handover: &mut Handover, secret_id: impl Fn(usize) -> &'a str) {
        if let Some(index) = self.usual.last_served() {
            handover.last_served = Some(secret_id(index).to_owned());
        }
        if let Some(index) = self.failing.last_served() {
            handover.last_failing_served = Some(secret_id(index).to_owned());
        }
    }

    fn order(&self, is_failing: bool) -> &Rotation {
        if is_failing { &self.failing } else { &self.usual }
    }
}

#[derive(Debug)]
struct Rotation {
    /// The index of the tenant with which the run begins.
    first: usize,
    /// How many tenants there are.
    count: usize,
    /// How many tasks at each position have had no turn.
    waiting: RefCell<BTreeMap<usize, usize>>,
}

impl Rotation {
    fn after<'a>(last: Option<&str>, secret_ids: impl ExactSizeIterator<Item = &'a str>) -> Self {
        let count = secret_ids.len();
        let first = last.map_or(0, |last| secret_ids.take_while(|name| *name <= last).count());
        Self { first: if first < count { first } else { 0 }, count, waiting: RefCell::default() }
    }

    fn begin(&self, position: usize) {
        let mut waiting = self.waiting.borrow_mut();
        let left = waiting.remove(&position).unwrap_or_default().saturating_sub(1);
        if left > 0 {
            waiting.insert(position, left);
        }
    }

    /// The index of the tenant up to which each had its turn; `None` if the first one had not.
    fn last_served(&self) -> Option<usize> {
        let first_waiting = self.waiting.borrow().keys().next().copied().unwrap_or(self.count);
        let last_served = first_waiting.checked_sub(1)?;
        Some((self.first + last_served) % self.count)
    }
}
