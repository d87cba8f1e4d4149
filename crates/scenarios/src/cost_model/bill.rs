//! What a month costs: counts, assumptions and prices, multiplied.

mod stack;
mod tenant;

use super::prices::{Price, Prices};
use super::template;
use super::units::{Counts, Function, Unit};

/// Days of a month on the bill.
const DAYS: u64 = 30;
const SECONDS: u64 = DAYS * 24 * 3_600;
const GB: f64 = 1_073_741_824.0;

/// One line of a bill.
#[derive(Debug, Clone)]
pub struct Item {
    pub name: &'static str,
    /// How the number of units comes about.
    pub calculation: String,
    /// As it is printed.
    pub price: String,
    pub dollars: f64,
}

/// What a month costs.
#[derive(Debug, Clone)]
pub struct Bill {
    pub items: Vec<Item>,
}

impl Bill {
    #[must_use]
    pub fn dollars(&self) -> f64 {
        self.items.iter().map(|item| item.dollars).sum()
    }
}

/// What cannot be counted. Your Lambda metrics show the real durations.
#[derive(Debug, Clone, Copy)]
pub struct Assumptions {
    /// Seconds of a run of the poller or the reconciler beside its listings: start, secrets, tokens.
    pub run_seconds: f64,
    /// Seconds of a listing, with the rows that are read and written for it.
    pub listing_seconds: f64,
    /// Feeds that a run works on at once, at most.
    pub feeds_at_once: u64,
    /// Seconds of a batch in the fetcher, and besides of each of its messages.
    pub batch_seconds: f64,
    pub message_seconds: f64,
    /// Bytes in the log of an invocation: Lambda's lines, ours, and the metrics.
    pub log_bytes: u64,
    /// Lambda's pollers of the queue, and seconds of each of their empty receives.
    pub queue_pollers: u64,
    pub empty_receive_seconds: u64,
    /// Seconds for which DynamoDB keeps the table's key before it asks KMS again, and who uses the table.
    pub kms_seconds: u64,
    pub roles: u64,
    /// Days for which a window's row is kept, and bytes that DynamoDB adds to a row.
    pub row_days: u64,
    pub row_overhead: u64,
}

impl Default for Assumptions {
    fn default() -> Self {
        Self {
            run_seconds: 2.0,
            listing_seconds: 0.6,
            feeds_at_once: 32,
            batch_seconds: 1.0,
            message_seconds: 0.2,
            log_bytes: 1_500,
            queue_pollers: 5,
            empty_receive_seconds: 20,
            kms_seconds: 300,
            roles: 3,
            row_days: 90,
            row_overhead: 100,
        }
    }
}

/// A tenant of some kind, by what was counted of it in a day.
#[derive(Debug, Clone)]
pub struct Tenant {
    pub day: Counts,
    pub content_types: u64,
}

/// Computes bills.
#[derive(Debug, Clone)]
pub struct Billing {
    pub prices: Prices,
    pub assumptions: Assumptions,
}

impl Billing {
    /// How long one run of the poller or the reconciler lasts with so many tenants, in seconds.
    #[must_use]
    pub fn run_seconds(&self, kind: &Tenant, tenants: u64, function: Function) -> f64 {
        let Assumptions { run_seconds, listing_seconds, .. } = self.assumptions;
        let listings = kind.day.of(function, Unit::Listing) * tenants;
        let runs = kind.day.of(function, Unit::Invocation).max(1);
        run_seconds + listings as f64 / runs as f64 * listing_seconds / self.feeds_at_once(kind, tenants) as f64
    }

    fn feeds_at_once(&self, kind: &Tenant, tenants: u64) -> u64 {
        self.assumptions.feeds_at_once.min(kind.content_types * tenants)
    }

    fn logs(&self, invocations: u64) -> Item {
        let bytes = self.assumptions.log_bytes;
        let calculation = format!("{} × {} B", number(invocations), number(bytes));
        item("logs", &self.prices.log_gb, (invocations * bytes) as f64 / GB, calculation)
    }
}

fn item(name: &'static str, price: &Price, units: f64, calculation: String) -> Item {
    Item { name, calculation, price: price.to_string(), dollars: price.of(units) }
}

/// An item of which so many are paid for.
fn counted(name: &'static str, price: &Price, units: u64) -> Item {
    item(name, price, units as f64, number(units))
}

fn gigabytes(parameter: &str) -> f64 {
    template::parameter(parameter) as f64 / 1_024.0
}

/// With a comma before each three digits.
pub(super) fn number(number: u64) -> String {
    let digits = number.to_string();
    let groups = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy);
    groups.collect::<Vec<_>>().join(",")
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is rounded, and not negative")]
fn rounded(value: f64) -> String {
    number(value.round() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_groups() {
        assert_eq!([0, 999, 1_000, 3_600_000].map(number), ["0", "999", "1,000", "3,600,000"]);
    }
}
